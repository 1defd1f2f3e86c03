"""The same text under several mixtures, and two texts under one."""

from __future__ import annotations

import math
import time

from ..base.compute import gpu, zero_gpu
from ..base.loader import LOADER
from ..base.moe.checkpoints import (
    MIXTURES,
    POCKET_DEEPSEEK,
    POCKET_DENSE,
    POCKET_EARLY,
    POCKET_MIDWAY,
    POCKET_MIXTRAL,
    POCKET_SWITCH,
    POCKET_UNBALANCED,
    mixture_of,
)
from ..base.moe.load import mixture_entry, open_mixture
from ..base.spec import Checkpoint
from .differences import difference, drift
from .schema import MOST_TOKENS, STAGES, Reading, Request, Result

LINEUP = (POCKET_DENSE, POCKET_SWITCH, POCKET_MIXTRAL, POCKET_DEEPSEEK)
AGES = (POCKET_EARLY, POCKET_MIDWAY, POCKET_MIXTRAL)             # as STAGES; the last is the balanced one
UNBALANCED = POCKET_UNBALANCED
# Seconds of a borrowed graphics card: to begin with, for each gigabyte that is placed on it, for a model nobody listed.
_AROUND, _PER_GIGABYTE, _UNKNOWN = 20, 5, 60


def seconds(request: Request) -> int:
    """Of a borrowed graphics card."""
    known = next((checkpoint.gigabytes for checkpoint in MIXTURES if checkpoint.id == request.checkpoint), None)
    return _UNKNOWN if known is None else _AROUND + math.ceil(_PER_GIGABYTE * known)


@gpu(duration=seconds)
def compare(request: Request) -> Result:
    """Everything the four views show: one pass of the picked mixture a text, one of each pocket model over the first.

    Raises:
        UserError: `text_empty`, `moe_dense` where the picked one has no router; from opening a checkpoint.
    """
    picked = mixture_of(request.checkpoint)
    first = read(picked, request.text)
    second = read(picked, request.other) if request.other.strip() else None
    known = {first.checkpoint: first}
    for checkpoint in pockets():
        if checkpoint.id not in known:
            known[checkpoint.id] = read(checkpoint, request.text, dense=checkpoint is LINEUP[0])
    ages = tuple(known[checkpoint.id] for checkpoint in AGES)
    pairs = [(a, b) for b in range(len(AGES)) for a in range(b)]
    lineup = [known[checkpoint.id] for checkpoint in LINEUP]
    return Result(
        first, second, difference(first, second) if second else None, ages,
        tuple(drift((STAGES[a], STAGES[b]), ages[a], ages[b]) for a, b in sorted(pairs)),
        ages[-1], known[UNBALANCED.id], tuple([*lineup, *([] if picked in pockets() else [first])]))


def pockets() -> tuple[Checkpoint, ...]:
    """Every pocket model that reads the first text, each once."""
    return tuple(dict.fromkeys((*LINEUP, *AGES, UNBALANCED)))


def read(checkpoint: Checkpoint, text: str, dense: bool = False) -> Reading:
    """One pass of a model over a text's beginning, as much of it as fits. Raises: as `compare`."""
    with open_mixture(checkpoint, dense=dense) as model:
        encoded = model.encode(text, MOST_TOKENS)
        start = time.perf_counter()
        routed = model.read(encoded.ids)
        milliseconds = 1000 * (time.perf_counter() - start)
        # Without a mark before the text, nothing foretells its first token.
        nbytes = encoded.nbytes(0 if routed.marks else 1)
        return Reading(checkpoint.id, checkpoint.name, tuple(model.show(routed.ids)), routed, len(model.cutting.trail), model.scores,
                       model.experts, model.top_k, model.shared, model.parameters, model.active, nbytes, encoded.cut, milliseconds,
                       model.device.label, model.dtype_name)


def warm() -> None:
    """Loads the pocket models and, where no GPU has to be borrowed for it, asks them once."""
    LOADER.preload([mixture_entry(checkpoint) for checkpoint in pockets()])
    if not zero_gpu() and all(checkpoint.folder.is_dir() for checkpoint in pockets()):
        compare(Request("snow", "rain", POCKET_MIXTRAL.id))
