"""What a visitor may ask of a linear probe, and what comes back."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np

from ..base.clip.question import check_templates
from ..base.clip.zero_shot import softmax
from ..base.errors import UserError
from ..base.numbers import check_number, check_whole
from ..base.provenance import Run
from ..base.tray import MAX_GROUP_CHARS

FEWEST_CLASSES, MOST_CLASSES = 2, 6
MOST_EXAMPLES = 48
# Exponents of ten of the inverse strength of the regularisation (scikit-learn's C, 1 / lambda in the paper).
LOWEST_LOG_C, HIGHEST_LOG_C, LOG_C = -3.0, 3.0, 1.0
MAX_SEED = 9999
IMPOSSIBLE = -1                # a held-out prediction that there is not


@dataclass(frozen=True)
class Request:
    """Examples of the visitor's own classes.

    Attributes:
        pictures: N of (H, W, 3) uint8 RGB.
        classes: N indices into `names`; each class has one example or more.
        names: FEWEST_CLASSES to MOST_CLASSES, what zero-shot is told.
        templates: prompt templates, each with a slot for the name.
        log_c: exponent of ten of C, in [LOWEST_LOG_C, HIGHEST_LOG_C].
        seed: of the random splits, in [0, MAX_SEED].
        emoji: N, what each picture was drawn from, or "".
    """

    pictures: tuple[np.ndarray, ...]
    classes: tuple[int, ...]
    names: tuple[str, ...]
    templates: tuple[str, ...]
    checkpoint: str
    log_c: float = LOG_C
    seed: int = 0
    emoji: tuple[str, ...] = ()
    language: str = "en"

    def __post_init__(self) -> None:
        if len(self.pictures) > MOST_EXAMPLES:
            raise UserError("tray_many", n=len(self.pictures), limit=MOST_EXAMPLES)
        if len(self.names) > MOST_CLASSES:
            raise UserError("classes_many", n=len(self.names), limit=MOST_CLASSES)
        if len(self.names) < FEWEST_CLASSES:
            raise UserError("classes_few", n=len(self.names))
        if len(self.classes) != len(self.pictures) or set(self.classes) != set(range(len(self.names))):
            raise ValueError(f"{len(self.classes)} classes of {len(self.pictures)} pictures, {len(self.names)} names")
        check_templates(self.templates)
        check_number(self.log_c, LOWEST_LOG_C, HIGHEST_LOG_C, "not_in_range_strength")
        check_whole(self.seed, 0, MAX_SEED, "not_in_range_seed")


@dataclass(frozen=True)
class LinearProbe:
    """logits = features @ weights.T + intercepts; L classes.

    Attributes:
        weights: (L, E) float64.
        intercepts: (L,) float64.
    """

    weights: np.ndarray
    intercepts: np.ndarray

    def __post_init__(self) -> None:
        if self.weights.ndim != 2 or self.intercepts.shape != self.weights.shape[:1]:
            raise ValueError(f"weights {self.weights.shape}, intercepts {self.intercepts.shape}")

    def logits(self, features: np.ndarray) -> np.ndarray:
        """(B, E) -> (B, L)."""
        return features @ self.weights.T + self.intercepts

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """(B, E) -> (B, L), rows summing to 1."""
        return softmax(self.logits(features))


@dataclass(frozen=True)
class FewShot:
    """Accuracy on held-out examples against their number in training (the paper's figure 6), K sizes.

    Attributes:
        shots: (K,) examples per class trained on; none where a class has a single example.
        mean: (K,) over the splits, in [0, 1].
        low, high: (K,) between which eight splits in ten lie.
        splits: random splits of each size.
    """

    shots: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    splits: int


@dataclass(frozen=True)
class Emoji:
    """One emoji of the gallery that the probe takes for a class; `probability` in [0, 1]."""

    emoji: str
    name: str
    probability: float


@dataclass(frozen=True)
class Result:
    """A trained probe and how it compares; N examples, L classes.

    Attributes:
        held_out: (N,) class of each example by a probe that did not see it, or IMPOSSIBLE where it is
            the only one of its class.
        zero_shot: (N,) class of each example by the names alone.
        zero_shot_accuracy: mean over the classes, in [0, 1]; what the curve is compared with.
        few_shot: accuracy against examples per class.
        learned: for each class, the emoji the probe is surest of; none for a checkpoint without gallery.
        strangers: (N,) whether the pocket model has seen nothing like the example.
        cut: names longer than the text tower's context.
        fit_milliseconds: of the logistic regression alone; `run` is the network's work.
    """

    probe: LinearProbe
    held_out: np.ndarray
    zero_shot: np.ndarray
    zero_shot_accuracy: float
    few_shot: FewShot
    learned: tuple[tuple[Emoji, ...], ...]
    strangers: np.ndarray
    cut: tuple[str, ...]
    fit_milliseconds: float
    run: Run


@dataclass(frozen=True)
class Trained:
    """What a test picture is judged by: a probe, and the names and templates of the same classes."""

    probe: LinearProbe
    names: tuple[str, ...]
    templates: tuple[str, ...]
    checkpoint: str

    def __post_init__(self) -> None:
        if not FEWEST_CLASSES <= len(self.names) <= MOST_CLASSES or len(self.probe.intercepts) != len(self.names):
            raise ValueError(f"{len(self.names)} names, {len(self.probe.intercepts)} classes")
        if any(len(name) > MAX_GROUP_CHARS for name in self.names):
            raise ValueError("a name no page of ours keeps")
        check_templates(self.templates)


@dataclass(frozen=True)
class Verdict:
    """One test picture, judged twice; L classes.

    Attributes:
        probe: (L,) probabilities of the linear probe, summing to 1.
        zero_shot: (L,) probabilities by the names alone; they sum to 1 unless `sigmoid`.
        sigmoid: each name was judged alone (SigLIP).
        stranger: the pocket model has seen nothing like the picture.
    """

    probe: np.ndarray
    zero_shot: np.ndarray
    sigmoid: bool
    stranger: bool
    run: Run


def read_trained(value: object) -> Trained:
    """The probe that a page kept since its training, as `view.trained_value` sent it.

    Raises:
        UserError: `probe_missing` where it is none.
    """
    try:
        names = tuple(map(str, value["names"]))
        # (L, E + 1) float32: each class's weights, then its intercept.
        table = np.frombuffer(base64.b64decode(value["weights"], validate=True), "<f4").reshape(len(names), -1).astype(np.float64)
        if not np.isfinite(table).all():
            raise ValueError("not finite")
        return Trained(LinearProbe(table[:, :-1], table[:, -1]), names, tuple(map(str, value["templates"])),
                       str(value["checkpoint"]))
    except (TypeError, ValueError, LookupError) as error:
        raise UserError("probe_missing") from error
