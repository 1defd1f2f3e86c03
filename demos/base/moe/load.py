"""Opening a mixture: from its checkpoint's folder into memory, lent out by the loader."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from ..checkpoints import open_folder
from ..devices import Device, pick_device
from ..errors import UserError
from ..hub import Progress
from ..language.kinds import CAUSAL, TRANSLATION, class_name, read_configuration, text_kind
from ..language.load import build_language_model
from ..loader import LOADER
from ..spec import Checkpoint
from .filling import FillingMixture
from .model import MixtureModel
from .routers import ARCHITECTURES, DENSE

FILLS = "SwitchTransformersForConditionalGeneration"
# How the configurations of mixtures call the number of experts of a layer.
_COUNTS = ("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts")


def mixture_entry(checkpoint: Checkpoint, device: Device | None = None,
                  progress: Progress | None = None) -> tuple[Hashable, Callable[[], MixtureModel]]:
    """The loader's key for this model and the function that builds it, as `LOADER.preload` takes them."""
    def build() -> MixtureModel:
        return load_mixture(checkpoint, device or pick_device(), progress)

    return ("mixture", checkpoint.id, checkpoint.revision, device.name if device else None), build


@contextmanager
def open_mixture(checkpoint: Checkpoint, device: Device | None = None, progress: Progress | None = None,
                 dense: bool = False) -> Iterator[MixtureModel]:
    """Lend the network of `checkpoint`, loading (and first downloading) it when need be.

    Args:
        dense: whether a network without routers will do.

    Raises:
        UserError: from `open_folder`; `moe_dense`, `moe_unknown`, `checkpoint_unsupported`, `checkpoint_broken`,
            `out_of_memory`.
    """
    key, build = mixture_entry(checkpoint, device, progress)
    with LOADER.use(key, build, expected=int(checkpoint.gigabytes * 1e9)) as model:
        if not model.routers and not dense:
            raise UserError("moe_dense", kind=model.architecture)
        yield model


def load_mixture(checkpoint: Checkpoint, device: Device, progress: Progress | None = None) -> MixtureModel:
    """Build the network of `checkpoint` on `device`, outside the loader; a dense one too. Raises as `open_mixture`."""
    # By the small file, before gigabytes are fetched or read.
    folder = open_folder(checkpoint, progress, lambda folder: refuse_unreadable(read_configuration(folder)))
    config = read_configuration(folder)
    refuse_unreadable(config)
    if class_name(config) == FILLS:
        # Half precision of the other kind overflows in it.
        device = replace(device, dtype="bfloat16") if device.dtype == "float16" else device
        return build_language_model(checkpoint, folder, TRANSLATION, device, FillingMixture)
    if text_kind(config) != CAUSAL:
        raise UserError("checkpoint_unsupported", name=checkpoint.name)
    return build_language_model(checkpoint, folder, CAUSAL, device, MixtureModel)


def refuse_unreadable(config: Mapping) -> None:
    """Raises: UserError: `moe_unknown`, a mixture of an architecture whose routers cannot be read; `moe_dense`, another network
    than the dense ones that stand beside mixtures."""
    kind = str(config.get("model_type"))[:40]
    if kind in ARCHITECTURES or kind in DENSE:
        return
    if any(config.get(name) for name in _COUNTS):
        raise UserError("moe_unknown", kind=kind, known=", ".join(sorted(ARCHITECTURES)))
    raise UserError("moe_dense", kind=kind)
