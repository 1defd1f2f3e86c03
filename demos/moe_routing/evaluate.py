"""The models over the same windows of held-out text: what each token costs them, and which experts read it.

| symbol | here |
|---|---|
| block | one window of held-out text: what the paired differences are taken over |
| saved | the dense model's bits per byte less a mixture's: above 0 the mixture is better |
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch

from ..base.language.held_out import Window, batches, sliding, token_bytes
from ..base.language.paired import saved_bits
from ..base.language.streams import IGNORED
from ..base.moe.routers import reading
from ..base.tokenizer import BOS_ID, load_tokenizer

DENSE = "dense"
TOKENS = 2048                 # of one batch


@dataclass(frozen=True)
class Reading:
    """A domain as the models read it, one entry a token that counts.

    Attributes:
        token: (N,) ids of the tokens that were read, the ones before those to be foretold.
        block: (N,) numbers of the windows; nbytes: (N,) UTF-8 bytes of the tokens foretold.
        nats, right: by model, (N,) cross-entropy, and whether the likeliest token came.
        answer: (N,) whether the token foretold is a digit of the answer to a sum.
        experts: by mixture, (layers, N, k) indices.
    """

    token: np.ndarray
    block: np.ndarray
    nbytes: np.ndarray
    nats: dict[str, np.ndarray]
    right: dict[str, np.ndarray]
    answer: np.ndarray
    experts: dict[str, np.ndarray]


def windows(documents: list[str], context: int) -> list[Window]:
    """Windows over each document, none of which holds two."""
    return [row for ids in load_tokenizer()(list(documents)).input_ids for row in sliding(ids[1:], context)]


def read(models: Mapping[str, torch.nn.Module], documents: list[str], context: int) -> Reading:
    """Every token of the documents once, and each document's end; models: mixtures, and a dense one called DENSE."""
    sizes, parts = token_bytes(), []
    for places, inputs, labels in batches(windows(documents, context), TOKENS):
        counted = labels != IGNORED
        wanted = labels[counted]
        nats, right, experts = {}, {}, {}
        for name, model in models.items():
            logits, chosen = _answer(name, model, inputs, counted)
            nats[name] = torch.nn.functional.cross_entropy(logits, wanted, reduction="none").double().numpy()
            right[name] = (logits.argmax(1) == wanted).numpy()
            if chosen is not None:
                experts[name] = chosen
        block = torch.tensor(places)[:, None].expand(labels.shape)[counted].numpy()
        parts.append(Reading(inputs[counted].numpy(), block, sizes[wanted.numpy()], nats, right,
                             answers(inputs.numpy(), labels.numpy())[counted.numpy()], experts))
    return joined(parts)


def _answer(name: str, model: torch.nn.Module, inputs: torch.Tensor, counted: torch.Tensor) -> tuple[torch.Tensor, np.ndarray | None]:
    """(n, V) logits and (layers, n, k) experts at the places that count."""
    if name == DENSE:
        return model(inputs, use_cache=False).logits[counted].float(), None
    with reading(model) as choices:
        logits = model(inputs, use_cache=False).logits[counted].float()
    return logits, experts_at(choices, counted)


def experts_at(choices: list, counted: torch.Tensor) -> np.ndarray:
    """(layers, n, k) int16 of one pass, at the n places of a (B, T) mask."""
    return torch.stack([choice.indices.view(*counted.shape, -1)[counted] for choice in choices]).short().numpy()


@cache
def _signs() -> tuple[set[int], set[int], set[int]]:
    """Ids of tokens that hold an equals sign, a line's end, a digit."""
    words = load_tokenizer().convert_ids_to_tokens(list(range(len(load_tokenizer()))))
    line_end = chr(0x10a)                          # how a byte-level vocabulary writes it
    return ({place for place, word in enumerate(words) if word.endswith("=")}, {place for place, word in enumerate(words) if line_end in word},
            {place for place, word in enumerate(words) if word.isdigit() and len(word) == 1})


def answers(inputs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(B, T) bool: the token to be foretold is a digit, and an equals sign was read since the line began."""
    equals, ends, digits = _signs()
    found = np.zeros(labels.shape, bool)
    for row, line in enumerate(inputs.tolist()):
        after = False
        for place, token in enumerate(line):
            after = token in equals or after and token not in ends and token != BOS_ID
            found[row, place] = after and int(labels[row, place]) in digits
    return found


def joined(readings: list[Reading]) -> Reading:
    """One after another. Blocks keep their numbers: shift those of another domain first."""
    def join(values: list):
        if isinstance(values[0], dict):
            return {name: np.concatenate([value[name] for value in values], -2 if values[0][name].ndim == 3 else 0) for name in values[0]}
        return np.concatenate(values)
    return Reading(**{name: join([getattr(reading, name) for reading in readings]) for name in Reading.__dataclass_fields__})


def together(readings: list[Reading]) -> Reading:
    """All domains as one, no two of them sharing a block."""
    shifted, blocks = [], 0
    for one in readings:
        fields = {name: getattr(one, name) for name in Reading.__dataclass_fields__}
        shifted.append(Reading(**fields | {"block": one.block + blocks}))
        blocks += one.block.max() + 1
    return joined(shifted)


def figures(found: Reading, sums: bool = False) -> dict[str, object]:
    """What metrics.json says of a domain: `bits` of every model, `saved` of every mixture against the dense model with its
    95 % interval; of sums also the share of `answer_digits` that are named before they are read."""
    total = found.nbytes.sum()
    result = {"bits": {name: round(float(nats.sum() / math.log(2) / total), 5) for name, nats in found.nats.items()},
              "saved": {name: saved_bits((found.nats[DENSE] - nats) / math.log(2), found.nbytes, found.block)
                        for name, nats in found.nats.items() if name != DENSE and DENSE in found.nats},
              "bytes": int(total), "tokens": len(found.nbytes)}
    if sums:
        result["answer_digits"] = {name: round(float(right[found.answer].mean()), 4) for name, right in found.right.items()}
    return result
