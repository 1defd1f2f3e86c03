"""Few-shot against zero-shot: a linear probe on a frozen CLIP's features, and the same CLIP told the
classes' names.

Radford et al. 2021 (arXiv:2103.00020): linear probes in section 3.2, figure 6 in section 3.1.5.
"""

from __future__ import annotations

import time
from collections.abc import Collection

import numpy as np

from ..base.clip.checkpoints import POCKET, clip_of
from ..base.clip.domain import is_stranger
from ..base.clip.gallery import gallery, name_of
from ..base.clip.load import open_clip_model
from ..base.clip.zero_shot import classifier_weights, cut_labels, probabilities, softmax
from ..base.compute import gpu
from ..base.errors import UserError
from ..base.provenance import Run
from .held_out import balanced_accuracy, few_shot_curve, leave_one_out
from .model import fit_probe
from .schema import Emoji, LinearProbe, Request, Result, Trained, Verdict

GLYPHS = 8                     # emoji shown for each class


@gpu(duration=30)
def train(request: Request) -> Result:
    """Fits a probe to the examples and measures it on examples it has not seen, beside zero-shot.

    Raises:
        UserError: from opening the checkpoint.
    """
    from PIL import Image
    from threadpoolctl import threadpool_limits

    checkpoint = clip_of(request.checkpoint)
    classes = np.array(request.classes)
    c = 10.0 ** request.log_c
    warm()                                         # not part of what this probe costs
    with open_clip_model(checkpoint) as model:
        start = time.perf_counter()
        features = model.image_features([Image.fromarray(picture) for picture in request.pictures])
        names = classifier_weights(model, request.names, request.templates)
        milliseconds = 1000 * (time.perf_counter() - start)
        run = Run(model.device.label, "float32", milliseconds, len(features), model.parameters)
        cut = cut_labels(model, request.names, request.templates)

    # Matrices this small gain nothing from a second thread; on a busy machine they lose a lot.
    with threadpool_limits(1, user_api="blas"):
        start = time.perf_counter()
        probe = fit_probe(features, classes, c)
        fit_milliseconds = 1000 * (time.perf_counter() - start)
        held_out = leave_one_out(features, classes, c)
        few_shot = few_shot_curve(features, classes, c, request.seed)

    zero_shot = (features @ names.T).argmax(axis=1)
    pocket = checkpoint is POCKET
    return Result(
        probe=probe, held_out=held_out, zero_shot=zero_shot,
        zero_shot_accuracy=balanced_accuracy(zero_shot, classes),
        few_shot=few_shot,
        learned=find_learned(probe, request.emoji, request.language) if pocket else (),
        strangers=np.array([pocket and is_stranger(*pair) for pair in zip(request.pictures, features, strict=True)]),
        cut=cut, fit_milliseconds=fit_milliseconds, run=run)


@gpu(duration=10)
def judge(picture: np.ndarray, trained: Trained) -> Verdict:
    """One test picture, (H, W, 3) uint8, by the probe and by the names.

    Raises:
        UserError: `probe_stale` when the probe was trained on another network's features; from opening
            the checkpoint.
    """
    from PIL import Image

    checkpoint = clip_of(trained.checkpoint)
    with open_clip_model(checkpoint) as model:
        if trained.probe.weights.shape[1] != model.embed_dim:
            raise UserError("probe_stale")
        start = time.perf_counter()
        features = model.image_features([Image.fromarray(picture)])
        names = classifier_weights(model, trained.names, trained.templates)
        milliseconds = 1000 * (time.perf_counter() - start)
        return Verdict(
            probe=trained.probe.probabilities(features)[0],
            zero_shot=probabilities(features @ names.T, model.logit_scale, model.logit_bias)[0],
            sigmoid=model.logit_bias is not None,
            stranger=checkpoint is POCKET and is_stranger(picture, features[0]),
            run=Run(model.device.label, "float32", milliseconds, 1, model.parameters))


def find_learned(probe: LinearProbe, shown: Collection[str], language: str) -> tuple[tuple[Emoji, ...], ...]:
    """For each class, the GLYPHS emoji of the gallery that the probe is surest of, those in `shown`
    (what it was trained on) left out."""
    entries = gallery().entries
    logits = probe.logits(gallery().image_features)
    shares = softmax(logits)
    seen = {_plain(emoji) for emoji in shown if emoji}
    fresh = [i for i, entry in enumerate(entries) if _plain(entry["emoji"]) not in seen]

    def best(one: int) -> tuple[Emoji, ...]:
        # By the lead over the next class: probabilities near 1 are all alike.
        lead = logits[:, one] - np.delete(logits, one, axis=1).max(axis=1)
        order = sorted(fresh, key=lambda i: -lead[i])[:GLYPHS]
        return tuple(Emoji(entries[i]["emoji"], name_of(entries[i], language), float(shares[i, one])) for i in order)

    return tuple(best(one) for one in range(len(probe.intercepts)))


def _plain(emoji: str) -> str:
    """Without the mark that only asks for a coloured glyph."""
    return emoji.replace("\ufe0f", "")


def warm() -> None:
    """Imports the logistic regression, so that the first click is as fast as the second."""
    import sklearn.linear_model  # noqa: F401
