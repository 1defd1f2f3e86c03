"""Opening a text network: from its checkpoint's folder into memory, lent out by the loader; and whether two of them
can be compared token by token."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..checkpoints import find_local_folder, forget_damaged, open_folder
from ..devices import Device, free_memory, limit_threads, pick_device
from ..errors import UserError
from ..hub import Progress
from ..loader import LOADER, building, is_out_of_memory, place
from ..spec import Checkpoint
from .cutting import Cutting
from .kinds import CAUSAL, MASKED, read_configuration, text_kind
from .model import LanguageModel
from .opening import library_errors, open_text_network, open_tokenizer

# Bytes of weights from which a processor keeps them in half precision: slower there, but two such models fit.
HALF_FROM = 2_000_000_000


def language_entry(checkpoint: Checkpoint, device: Device | None = None,
                   progress: Progress | None = None) -> tuple[Hashable, Callable[[], LanguageModel]]:
    """The loader's key for this model and the function that builds it, as `LOADER.preload` takes them."""
    def build() -> LanguageModel:
        return load_language_model(checkpoint, device or pick_device(), progress)

    return ("language", checkpoint.id, checkpoint.revision, device.name if device else None), build


@contextmanager
def open_language_model(checkpoint: Checkpoint, device: Device | None = None, progress: Progress | None = None) -> Iterator[LanguageModel]:
    """Lend the network of `checkpoint`, loading (and first downloading) it when need be.

    Raises: UserError: from `open_folder`; `checkpoint_broken`, `checkpoint_unsupported`, `out_of_memory`.
    """
    key, build = language_entry(checkpoint, device, progress)
    with LOADER.use(key, build, expected=int(checkpoint.gigabytes * 1e9)) as model:
        yield model


def load_language_model(checkpoint: Checkpoint, device: Device, progress: Progress | None = None) -> LanguageModel:
    """Build the network of `checkpoint` on `device`, outside the loader. Raises as `open_language_model`."""
    folder = open_folder(checkpoint, progress)
    kind = text_kind(read_configuration(folder))
    if kind not in (CAUSAL, MASKED):
        raise UserError("checkpoint_unsupported", name=checkpoint.name)
    return build_language_model(checkpoint, folder, kind, device)


def build_language_model(checkpoint: Checkpoint, folder: Path, kind: str, device: Device,
                         wrap: type[LanguageModel] = LanguageModel) -> LanguageModel:
    """The network in `folder` on `device`; of a kind that a `wrap` asks.

    Raises: UserError: `checkpoint_broken`; what `wrap` raises of its own.
    """
    import torch

    limit_threads()
    stored = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    dtype = "bfloat16" if device.name == "cpu" and stored >= HALF_FROM else device.dtype
    try:
        settings = {"local_files_only": True, "use_safetensors": True, "dtype": getattr(torch, dtype)}
        with building():
            network, tokenizer = open_text_network(folder, kind, settings)
            return wrap(place(network, device), kind, device, tokenizer, stored)
    except library_errors() as error:
        if is_out_of_memory(error):
            raise
        forget_damaged(checkpoint)
        raise UserError("checkpoint_broken", name=checkpoint.name) from error


def is_loaded(checkpoint: Checkpoint) -> bool:
    """Whether it is in memory, so that using it takes no more of that."""
    return any(key[:2] == ("language", checkpoint.id) for key in LOADER.loaded())


def check_memory(checkpoints: Sequence[Checkpoint]) -> None:
    """Whether all fit at once. What others have loaded leaves when there is need.

    Raises: UserError `pair_large`.
    """
    wanted = {checkpoint.id: checkpoint.gigabytes * 1e9 for checkpoint in checkpoints}
    mine, room = set(), free_memory("cpu")
    for key, size in LOADER.loaded().items():
        if key[0] == "language" and key[1] in wanted:
            mine.add(key[1])
        else:
            room += size
    if len(wanted) > 1 and sum(size for id, size in wanted.items() if id not in mine) > room:
        raise UserError("pair_large", gigabytes=f"{sum(wanted.values()) / 1e9:.1f}")


def check_alike(a: LanguageModel, b: LanguageModel, names: tuple[str, str]) -> None:
    """Raises: UserError: `kinds_differ`, `vocabularies_differ`: nothing can be compared token by token."""
    _compare((a.kind, a.cutting), (b.kind, b.cutting), names)


def check_files_alike(folder: Path, name: str, other: Checkpoint) -> None:
    """The same from the small files of `folder`, before its tensors are fetched; nothing where the other model's files are
    not on this machine, or either cannot be read: opening it says so.

    Raises: UserError as `check_alike`.
    """
    theirs = find_local_folder(other)
    if theirs is None:
        return
    try:
        found = []
        for path in (folder, theirs):
            kind = text_kind(read_configuration(path)) or ""
            with building():                       # the library imports its parts as it goes
                found.append((kind, Cutting(open_tokenizer(path, kind), kind)))
    except library_errors():
        return
    _compare(*found, (name, other.name))


def _compare(a: tuple[str, Cutting], b: tuple[str, Cutting], names: tuple[str, str]) -> None:
    first, second = names
    if a[0] != b[0]:
        raise UserError("kinds_differ", first=first, second=second)
    if a[1].alphabet != b[1].alphabet:
        raise UserError("vocabularies_differ", first=first, second=second, n=f"{a[1].size:,}", m=f"{b[1].size:,}")
