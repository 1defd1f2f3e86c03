"""What a visitor may ask of a mixture that is operated on, and what streams back."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from ..base.errors import UserError
from ..base.language.tokens import Token
from ..base.moe.checkpoints import POCKET_MIXTRAL
from ..base.moe.meters import Meter
from ..base.moe.surgery import SEEDS, Surgery
from ..base.numbers import check_number, check_whole

MOST_TOKENS = 256             # of a text
MOST_WORDS = 120              # tokens that each of both continuations may have
HOTTEST = 2.0                 # of drawing words; 0 takes the likeliest
ALL = "a"                     # in the address: of every layer
# "k1_t2_n0.5_s_d0.3.4_fa.2_x1.0.5": one expert a token, temperature 2, noise 0.5, shuffled; experts 3 and 4 of layer 0 off,
# expert 2 of every layer forced, experts 0 and 5 of layer 1 swapped.
_NUMBER, _LAYER = r"[0-9]{1,4}(?:\.[0-9]{1,4})?", rf"(?:[0-9]{{1,3}}|{ALL})"
_PART = rf"(?:k[0-9]{{1,4}}|[tn]{_NUMBER}|s|[df]{_LAYER}(?:\.[0-9]{{1,3}}){{1,256}}|x{_LAYER}\.[0-9]{{1,3}}\.[0-9]{{1,3}})"
OPERATIONS = rf"{_PART}(?:_{_PART}){{0,999}}"
_LONGEST = 4000


def read_operations(raw: object, seed: int = 0) -> Surgery:
    """A surgery as the page writes it. Raises: UserError: `operations_unreadable`; as `Surgery`."""
    if not isinstance(raw, str) or len(raw) > _LONGEST or (raw and not re.fullmatch(OPERATIONS, raw)):
        raise UserError("operations_unreadable")
    values: dict[str, object] = {}
    places: dict[str, set] = {"d": set(), "f": set(), "x": set()}
    for part in filter(None, raw.split("_")):
        kind, rest = part[0], part[1:]
        if kind == "k":
            values["top_k"] = int(rest)
        elif kind in "tn":
            values["temperature" if kind == "t" else "noise"] = float(rest)
        elif kind == "s":
            values["shuffle"] = True
        else:
            layer, *experts = (None if each == ALL else int(each) for each in rest.split("."))
            places[kind] |= {(layer, *experts)} if kind == "x" else {(layer, expert) for expert in experts}
    return Surgery(**values, disabled=frozenset(places["d"]), forced=frozenset(places["f"]), swapped=frozenset(places["x"]), seed=seed)


@dataclass(frozen=True)
class Request:
    """A text, and what is done to the mixture that reads it.

    Attributes:
        text: as typed.
        surgery: its seed is also that of drawing words.
        checkpoint: id of the mixture.
        words: tokens that each continuation may have, in [0, MOST_WORDS]; 0 for none.
        temperature: of drawing them, in [0, HOTTEST]; 0 takes the likeliest.
        beyond: characters of the text that nobody looked at.
    """

    text: str
    surgery: Surgery = Surgery()
    checkpoint: str = POCKET_MIXTRAL.id
    words: int = 40
    temperature: float = 0.0
    beyond: int = 0

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise UserError("text_empty")
        check_whole(self.words, 0, MOST_WORDS, "words_range")
        check_number(self.temperature, 0, HOTTEST, "words_temperature")


def request_of(text: str, operations: object, checkpoint: str, words: object, temperature: object, seed: object, beyond: int = 0) -> Request:
    """From what the page's controls hold. Raises: UserError: as `read_operations` and `Request`; `seed_range`."""
    check_whole(seed, 0, SEEDS, "seed_range")
    surgery = read_operations(operations)
    return Request(text, replace(surgery, seed=seed), checkpoint, words, temperature, beyond)


@dataclass(frozen=True)
class Side:
    """A text as the mixture reads it, left alone or operated on.

    Attributes:
        nats: (n,) float32, the loss of each of the text's own tokens; NaN where nothing stands before it.
        counts: by layer (E,), tokens that each expert computed for.
        following: (L,) float64 probabilities of the next token.
        meter: what a token passes through.
    """

    nats: np.ndarray
    counts: dict[int, np.ndarray]
    following: np.ndarray
    meter: Meter


@dataclass(frozen=True)
class Opening:
    """Both readings.

    Attributes:
        tokens: the text's own, n of them. cut: how many did not fit; limit: how many would.
        plain, operated: sides.
        next: (token, p before, p after) of the likeliest ones on either side, the larger probability first.
        divergence: KL(plain || operated) of the next token, in nats.
        shuffled: mean loss in nats with a shuffled gate and nothing else done; None where it was not asked for.
        top_k, experts: of the mixture as it is; an expert's `layer` counts from 0.
        text: as it was read.
    """

    tokens: tuple[Token, ...]
    cut: int
    limit: int
    plain: Side
    operated: Side
    next: tuple[tuple[Token, float, float], ...]
    divergence: float
    shuffled: float | None
    top_k: int
    experts: int
    device: str
    dtype: str
    parameters: int
    milliseconds: float


@dataclass(frozen=True)
class Step:
    """The next token of each continuation, None where that one has ended; nothing follows the `last`.

    `seconds`: spent on either so far, reading the text included in neither. `words`: tokens each has, an end mark counted.
    """

    plain: tuple[Token, float] | None
    operated: tuple[Token, float] | None
    seconds: tuple[float, float]
    words: tuple[int, int]
    last: bool


@dataclass(frozen=True)
class Loss:
    """One expert lost: `more`: nats a token, on average, that the text costs without it; `users` tokens it computed for."""

    layer: int
    expert: int
    more: float
    users: int
    tried: bool


@dataclass(frozen=True)
class Ranked:
    """Some experts' losses. `base`: mean nats with all of them; `known` of `experts` so far; `milliseconds` since the start."""

    losses: tuple[Loss, ...]
    base: float
    known: int
    experts: int
    milliseconds: float

    @property
    def last(self) -> bool:
        return self.known == self.experts
