"""Three models over the same windows of held-out text: what each token costs them, and how far the students lie from
the teacher.

| symbol | here |
|---|---|
| block | one window of held-out text: what the paired differences are taken over |
| gain | the control's bits per byte less the distilled student's: above 0 the teacher helped |
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from ..base.distill.divergence import calibration_error, kl, log_softmax
from ..base.language.held_out import Window, batches, sliding, token_bytes
from ..base.language.paired import saved_bits
from ..base.language.streams import IGNORED
from ..base.tokenizer import load_tokenizer

TEACHER, DISTILLED, CONTROL = MODELS = ("teacher", "distilled", "control")
STUDENTS = (DISTILLED, CONTROL)
TOKENS, ROWS = 2048, 256      # of one batch; of it, as many in float64 at once as 16 MB hold
BINS = 15                     # of the calibration error
SAMPLE = 60                   # tokens that each model adds to a prompt, at most


@dataclass(frozen=True)
class Reading:
    """A domain as the models read it, one entry a token that counts.

    Attributes:
        document, block: (N,) numbers of the document and of the window that each token stands in.
        nbytes: (N,) UTF-8 bytes that it stands for.
        nats, confidence, right: by model, (N,) cross-entropy, probability of the token named first, whether that came.
        kl, agrees: by student, (N,) nats of KL(teacher || student), whether both name the same token first.
    """

    document: np.ndarray
    block: np.ndarray
    nbytes: np.ndarray
    nats: dict[str, np.ndarray]
    confidence: dict[str, np.ndarray]
    right: dict[str, np.ndarray]
    kl: dict[str, np.ndarray]
    agrees: dict[str, np.ndarray]


def read(models: Mapping[str, torch.nn.Module], documents: list[str], context: int) -> Reading:
    """Every token of the documents once, and each document's end; models: by the names of MODELS."""
    rows: list[Window] = []
    owners: list[int] = []
    for number, ids in enumerate(load_tokenizer()(list(documents)).input_ids):
        windows = sliding(ids[1:], context)
        rows += windows
        owners += [number] * len(windows)
    sizes, parts = token_bytes(), []
    for places, inputs, labels in batches(rows, TOKENS):
        counted = labels != IGNORED
        wanted = labels[counted].numpy()
        block = torch.tensor(places)[:, None].expand(labels.shape)[counted].numpy()
        logits = {name: models[name](inputs).logits[counted].float().numpy() for name in MODELS}
        for start in range(0, len(wanted), ROWS):
            now = slice(start, start + ROWS)
            found = compare({name: values[now] for name, values in logits.items()}, wanted[now])
            parts.append(Reading(np.array(owners)[block[now]], block[now], sizes[wanted[now]], **found))
    return joined(parts)


def compare(logits: dict[str, np.ndarray], wanted: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
    """The figures of a `Reading` by model; logits: (N, L) each; wanted: (N,) the tokens that came."""
    chances = {name: log_softmax(values) for name, values in logits.items()}
    named = {name: values.argmax(1) for name, values in chances.items()}
    return {"nats": {name: -values[np.arange(len(wanted)), wanted] for name, values in chances.items()},
            "confidence": {name: np.exp(values.max(1)) for name, values in chances.items()},
            "right": {name: values == wanted for name, values in named.items()},
            "kl": {name: kl(logits[TEACHER], logits[name]) for name in STUDENTS},
            "agrees": {name: named[name] == named[TEACHER] for name in STUDENTS}}


def joined(readings: list[Reading]) -> Reading:
    """One after another. Documents and blocks keep their numbers: shift those of another domain first."""
    def join(values: list):
        if isinstance(values[0], dict):
            return {name: np.concatenate([value[name] for value in values]) for name in values[0]}
        return np.concatenate(values)
    return Reading(**{name: join([getattr(reading, name) for reading in readings]) for name in Reading.__dataclass_fields__})


def together(readings: list[Reading]) -> Reading:
    """All domains as one, no two of them sharing a document or a block."""
    shifted, documents, blocks = [], 0, 0
    for reading in readings:
        fields = {name: getattr(reading, name) for name in Reading.__dataclass_fields__}
        shifted.append(Reading(**fields | {"document": reading.document + documents, "block": reading.block + blocks}))
        documents, blocks = documents + reading.document.max() + 1, blocks + reading.block.max() + 1
    return joined(shifted)


def figures(reading: Reading) -> dict[str, object]:
    """What metrics.json says of a domain."""
    total = reading.nbytes.sum()
    return {"bits": {name: _round(nats.sum() / math.log(2) / total) for name, nats in reading.nats.items()},
            "gain": gain(reading, reading.block), "gain_by_document": gain(reading, reading.document),
            "kl": {name: _round(values.mean()) for name, values in reading.kl.items()},
            "agreement": {name: _round(values.mean()) for name, values in reading.agrees.items()},
            "accuracy": {name: _round(values.mean()) for name, values in reading.right.items()},
            "calibration_error": {name: _round(calibration(reading.confidence[name], reading.right[name])) for name in MODELS},
            "bytes": int(total), "tokens": len(reading.nbytes), "documents": len(np.unique(reading.document))}


def gain(reading: Reading, groups: np.ndarray) -> dict[str, float]:
    """The gain over all of the text, and its 95 % interval over groups of tokens, in bits per byte.

    Args: groups: (N,) a number for each token.
    """
    return saved_bits((reading.nats[CONTROL] - reading.nats[DISTILLED]) / math.log(2), reading.nbytes, groups)


def calibration(confidence: np.ndarray, right: np.ndarray) -> float:
    """Expected calibration error of the token named first, in [0, 1]."""
    # Of each answer one column is enough: the class named first is class 0, and a wrong answer's label is any other.
    return calibration_error(confidence[:, None], np.where(right, 0, 1), BINS)


def _round(value: float) -> float:
    return round(float(value), 5)
