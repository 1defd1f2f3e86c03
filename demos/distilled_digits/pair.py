"""The teacher and its students as they lie on the disk, opened together. Importing this loads no torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..base.checkpoints import verify_checksums
from ..base.digits.data import CLASSES, SIDE
from ..base.digits.load import TENSORS, load_model
from ..base.distill.costs import count_operations
from ..base.errors import UserError
from ..base.loader import LOADER
from ..base.loader import measure as measure_memory
from ..base.spec import WEIGHTS
from .schema import NETWORKS, TEACHER, Bill
from .spec import SPEC

if TYPE_CHECKING:
    from torch import nn

FOLDER = WEIGHTS / SPEC.id
NAMES = {checkpoint.folder.name: checkpoint.name for checkpoint in SPEC.checkpoints}


@dataclass
class Pair:
    """Open networks by name, with their bills.

    Attributes:
        nbytes: what they take in memory, for the loader.
        warmed: sizes of batches that each network has read once: a library prepares itself at the first.
    """

    modules: Mapping[str, nn.Module]
    bills: Mapping[str, Bill]
    nbytes: int
    warmed: set[int] = field(default_factory=set)

    def warm(self, images: np.ndarray) -> None:
        """Let every network read (B, 28, 28) once, unless a batch of that size was read before."""
        if len(images) not in self.warmed:
            for module in self.modules.values():
                answer_of(module, images)
            self.warmed.add(len(images))


@contextmanager
def open_pair(folder: Path | None = None) -> Iterator[Pair]:
    """Lend all networks of `folder` (by default those of this project), loaded once for all visitors.

    Raises:
        UserError: `pair_without_teacher`, `pair_classes`; as `base.digits.load.load_model`.
    """
    folder = folder or FOLDER
    with LOADER.use((SPEC.id, folder), partial(load_pair, folder)) as pair:
        yield pair


def load_pair(folder: Path) -> Pair:
    """The networks below `folder`, each having read one blank picture. Raises as `open_pair`."""
    if not (folder / TEACHER).is_dir() and any((folder / name).is_dir() for name in NETWORKS):
        raise UserError("pair_without_teacher", folder=folder.name)
    modules, bills = {}, {}
    blank = np.zeros((1, SIDE, SIDE), np.uint8)
    for name in NETWORKS:
        check_classes(folder / name, NAMES[name])
        module = modules[name] = load_model(folder / name, NAMES[name])
        bills[name] = Bill(sum(p.numel() for p in module.parameters()), (folder / name / TENSORS).stat().st_size,
                           count_operations(lambda: answer_of(module, blank)))  # noqa: B023 - called at once
    pair = Pair(modules, bills, sum(map(measure_memory, modules.values())))
    pair.warm(blank)
    return pair


def check_classes(folder: Path, name: str) -> None:
    """Raises UserError `pair_classes` where a network tells another number of classes apart than the ten digits,
    `weights_missing` and `weights_altered` as its loader does."""
    from safetensors import SafetensorError, safe_open

    verify_checksums(folder, name)
    try:
        with safe_open(folder / TENSORS, "numpy") as tensors:
            found = tensors.get_slice("readout.weight").get_shape()[0]
    except (OSError, SafetensorError, IndexError) as error:
        raise UserError("checkpoint_broken", name=name) from error
    if found != CLASSES:
        raise UserError("pair_classes", name=name, found=found, wanted=CLASSES)


def answer_of(module: nn.Module, images: np.ndarray) -> np.ndarray:
    """(B, L) float32 logits of (B, 28, 28) uint8 images, in one pass."""
    import torch

    from ..base.digits.networks import pixels

    with torch.inference_mode():
        return module(pixels(images)).numpy()

