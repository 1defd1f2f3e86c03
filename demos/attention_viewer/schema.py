"""What a visitor may ask of a network's attention, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from ..base.attention.model import Stack
from ..base.errors import UserError
from ..base.language.tokens import Token

MOST_OFF = 1024               # heads switched off at once
MOST_HIDDEN = 512             # tokens hidden at once
LOWEST, HIGHEST = 0.1, 3.0    # temperature of a continuation
MOST_CONTINUED = 60           # tokens of one continuation

# A head is named by the first of these tests that it passes: a statistic, and what it must exceed.
PREVIOUS, INDUCTION, NEXT, SELF, SINK, BROAD = "previous", "induction", "next", "self", "sink", "broad"
TESTS = ((PREVIOUS, PREVIOUS, 0.5), (INDUCTION, INDUCTION, 0.4), (NEXT, NEXT, 0.5), (SELF, SELF, 0.5), (SINK, SINK, 0.6),
         (BROAD, "spread", 0.8))

Head = tuple[str, int, int]   # (stack, layer, head)


@dataclass(frozen=True)
class Request:
    """A text or a picture, and the network that reads it.

    Attributes:
        text: any text; what does not fit the network is cut off.
        picture: (H, W, 3) uint8 RGB, or None.
        checkpoint: id, as the picker knows it.
        off: heads that are switched off.
        hidden: places of source tokens that no one may look at.
        after: ids that a continuation added to the text of a causal model.
        beyond: characters that followed `text` and were not kept.
    """

    text: str = ""
    picture: np.ndarray | None = None
    checkpoint: str = ""
    off: tuple[Head, ...] = ()
    hidden: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    beyond: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.text, str) or not isinstance(self.checkpoint, str):
            raise UserError("question_broken")
        if len(self.off) > MOST_OFF or max(len(self.hidden), len(self.after)) > MOST_HIDDEN:
            raise UserError("question_broken")

    @property
    def fingerprint(self) -> str:
        """Of the picture, "" where there is none: a question about one is not answered about another."""
        if self.picture is None:
            return ""
        digest = blake2b(repr(self.picture.shape).encode(), digest_size=6)
        digest.update(np.ascontiguousarray(self.picture))
        return digest.hexdigest()


@dataclass(frozen=True)
class Maps:
    """All maps of one stack.

    Attributes:
        stack: its name and size.
        p: (layers, heads, q, k) float32 probabilities.
        queries, keys: which token list they belong to: "source", "target" (what a translator wrote) or "read"
            (what its decoder was given).
        statistics: name -> (layers, heads) float32, NaN where it does not apply; see `statistics`. Distances of a
            picture's maps are in patches, of a text's in tokens.
    """

    stack: Stack
    p: np.ndarray
    queries: str
    keys: str
    statistics: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Guess:
    """A distribution at one place: the (text, id, value) of the best, best first."""

    place: int
    top: tuple[tuple[str, int, float], ...]


@dataclass(frozen=True)
class NextToken:
    """Scores of the token that follows: the best by name, the others in bins.

    Attributes:
        guess: the best; values are logits.
        tail: (n, 2) float32: mean logit of a bin, and how many tokens are in it.
        vocabulary: how many tokens there are.
    """

    guess: Guess
    tail: np.ndarray
    vocabulary: int


@dataclass(frozen=True)
class Result:
    """What a network looked at.

    Attributes:
        kind: one of `checkpoints.KINDS`.
        tokens: "source", and of a translator "target" and "read", -> tokens. Of a picture: none.
        maps: one for each stack.
        cut: tokens that did not fit; `limit`: how many do.
        next: of a causal model; gaps: of a masked one; written: of a translator.
        grid: (rows, columns) of a picture's patches; rollout: (k,) from its class token, the sum is 1.
        pixels: (H, W, 3) uint8, the picture as the network sees it.
        label: (name, probability) a classifier gives the picture.
        parameters, device, dtype: of the network; milliseconds: of the pass that computed the maps, and of writing before it.
    """

    kind: str
    tokens: Mapping[str, tuple[Token, ...]]
    maps: tuple[Maps, ...]
    limit: int
    parameters: int
    device: str
    dtype: str
    milliseconds: float
    cut: int = 0
    next: NextToken | None = None
    gaps: tuple[Guess, ...] = ()
    written: str = ""
    grid: tuple[int, int] | None = None
    rollout: np.ndarray | None = None
    pixels: np.ndarray | None = None
    label: tuple[str, float] | None = None


@dataclass(frozen=True)
class HeadDetail:
    """One head in full: `p` (q, k), `scores` (q, k) before the mask, `norms` (k,) of the value vectors; float32."""

    p: np.ndarray
    scores: np.ndarray
    norms: np.ndarray
    causal: bool


@dataclass(frozen=True)
class Rows:
    """One query in all heads of a stack: `p` (layers, heads, k); of a picture also the rollout (k,) from it."""

    p: np.ndarray
    rollout: np.ndarray | None = None


@dataclass(frozen=True)
class Change:
    """A distribution without and with what was taken away: KL(before || after) in nats, rows (text, before, after)."""

    place: int
    kl: float
    rows: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True)
class KnockOut:
    """What taking heads or tokens away changes.

    Attributes:
        changes: at each place that answers; of a translator at the place that changed most.
        written: (before, after) of a translator.
        cosine: of a picture's final class token before and after.
    """

    changes: tuple[Change, ...]
    milliseconds: float
    written: tuple[str, str] | None = None
    cosine: float | None = None


@dataclass(frozen=True)
class Ranking:
    """What the answer loses when one head is switched off.

    Attributes:
        effect: (layers, heads), >= 0; NaN for the `left` heads that were too many to try, those of the first layers.
        measure: "kl" (nats, mean over the places that answer) or "cosine" (1 - cosine of the class token).
    """

    effect: np.ndarray
    measure: str
    runs: int
    milliseconds: float
    left: int = 0


@dataclass(frozen=True)
class Attribution:
    """How much each source token, or each patch of a picture, counts for one answer, by several methods.

    Attributes:
        answer: text and probability of the token, or of a picture's label; None where a network has no labels.
        methods: "occlusion" (drop of the answer's log-probability), "gradient", "attention", "rollout" -> (T,) of a text, (N,)
            of a picture's patches, row after row. All are NaN for tokens that were hidden already, occlusion also for a masked
            model's gaps. Occlusion is NaN for the `left` ones that were too many to hide: tokens
            furthest from the answer, patches furthest from the middle.
        agreement: (a, b, Kendall's tau-b) of each pair, over what both have a number for.
        grid: (rows, columns) of a picture's patches, None for a text.
        length: of the class token where there are no labels; occlusion is then the drop of its component along itself.
    """

    place: int
    answer: tuple[str, float] | None
    methods: Mapping[str, np.ndarray]
    agreement: tuple[tuple[str, str, float], ...]
    milliseconds: float
    left: int = 0
    grid: tuple[int, int] | None = None
    length: float | None = None


@dataclass(frozen=True)
class Lens:
    """What the head would say after each layer: `layers`[0] is the embedding's (text, probability) list, best first."""

    place: int
    side: str
    layers: tuple[tuple[tuple[str, float], ...], ...]


@dataclass(frozen=True)
class Grown:
    """One token of a continuation.

    Attributes:
        p: (layers, heads, k), where its own query looked; None of the end mark.
        done: with the last.
        ended: the model drew its end mark, which is no part of the text.
        passes, milliseconds: through the network since the continuation began.
    """

    token: Token
    probability: float
    p: np.ndarray | None
    done: bool = False
    ended: bool = False
    passes: int = 0
    milliseconds: float = 0.0
