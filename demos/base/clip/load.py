"""Opening a CLIP: from its checkpoint's folder into memory, lent out by the loader."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..checkpoints import forget_damaged, open_folder
from ..devices import Device, limit_threads, pick_device
from ..errors import UserError
from ..hub import Progress
from ..loader import LOADER, building, is_out_of_memory, place
from ..spec import Checkpoint
from .model import ClipModel

_TENSOR_NAMES = {"open_clip_model.safetensors", "open_clip_pytorch_model.safetensors"}


def clip_entry(checkpoint: Checkpoint, device: Device | None = None,
               progress: Progress | None = None) -> tuple[Hashable, Callable[[], ClipModel]]:
    """The loader's key for this CLIP and the function that builds it, as `LOADER.preload` takes them."""
    def build() -> ClipModel:
        return load_clip(checkpoint, device or pick_device(), progress)

    return ("clip", checkpoint.id, checkpoint.revision, device.name if device else None), build


@contextmanager
def open_clip_model(checkpoint: Checkpoint, device: Device | None = None,
                    progress: Progress | None = None) -> Iterator[ClipModel]:
    """Lend the CLIP of `checkpoint`, loading (and first downloading) it when need be.

    It runs in float32 on every device: the cosines on the screen are then the same everywhere, and
    these networks are small.

    Raises:
        UserError: from `open_folder`; `checkpoint_broken`, `checkpoint_unsupported`,
            `checkpoint_pickle_first`, `out_of_memory`.
    """
    key, build = clip_entry(checkpoint, device, progress)
    with LOADER.use(key, build, expected=int(checkpoint.parameters * 4e6)) as model:
        yield model


def load_clip(checkpoint: Checkpoint, device: Device, progress: Progress | None = None) -> ClipModel:
    """Build the CLIP of `checkpoint` on `device`, outside the loader. Raises as `open_clip_model`."""
    folder = open_folder(checkpoint, progress)
    chinese = _refuse_foreign_parts(folder, checkpoint.name)
    from safetensors import SafetensorError

    limit_threads()
    try:
        with building():
            network, preprocess, tokenizer = _read_chinese_clip(folder) if chinese else _read_open_clip(folder)
            return ClipModel(place(network, device), preprocess, tokenizer, device)
    except (SafetensorError, RuntimeError, ValueError, KeyError, TypeError, AttributeError, AssertionError,
            IndexError, OSError) as error:
        if is_out_of_memory(error):
            raise
        forget_damaged(checkpoint)
        raise UserError("checkpoint_broken", name=checkpoint.name) from error


def _read_open_clip(folder: Path) -> tuple[Any, Callable, Any]:
    import open_clip

    # The folder, never a tag: a tag falls back to a pickle where no safetensors has its exact name.
    with _without_initialisation():
        network, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{folder}", require_pretrained=True)
    tokenizer = open_clip.get_tokenizer(f"local-dir:{folder}")
    if getattr(network, "logit_bias", None) is not None and not _holds(folder, "logit_bias"):
        raise ValueError("no logit_bias")          # open_clip would take 0 for it
    inner = getattr(tokenizer, "tokenizer", None)
    if inner is not None:
        # Without this file some of transformers' classes make up a vocabulary of five tokens.
        if not (folder / "tokenizer.json").is_file():
            raise OSError("no tokenizer.json")
        # All of these towers were trained with the padding at the end; Gemma's tokenizer (SigLIP 2)
        # pads at the front where its configuration does not say.
        inner.padding_side = "right"
    return network, preprocess, tokenizer


def _holds(folder: Path, tensor: str) -> bool:
    from safetensors import safe_open

    for path in folder.glob("*.safetensors"):
        with safe_open(path, framework="numpy") as file:
            if tensor in file.keys():  # noqa: SIM118 - no mapping
                return True
    return False


def _read_chinese_clip(folder: Path) -> tuple[Any, Callable, Any]:
    from .chinese import read_chinese_clip

    return read_chinese_clip(folder)


def _refuse_foreign_parts(folder: Path, name: str) -> bool:
    """Refuse a folder of another kind, or whose network names parts elsewhere (a text tower on the Hub,
    a timm model by address): open_clip would go and fetch them. Returns whether it is a Chinese-CLIP."""
    tensors = {path.name for path in folder.glob("*.safetensors")}
    try:
        kind = json.loads((folder / "config.json").read_text(encoding="utf-8"))["model_type"]
    except (OSError, ValueError, KeyError, TypeError):
        kind = None
    if kind == "chinese_clip" and not (folder / "open_clip_config.json").exists():
        if "model.safetensors" not in tensors:
            raise UserError("checkpoint_unsupported", name=name)
        return True
    try:
        config = json.loads((folder / "open_clip_config.json").read_text(encoding="utf-8"))["model_cfg"]
        towers = (config["vision_cfg"], config["text_cfg"])
        foreign = (towers[1].get("hf_model_name") or ":" in str(towers[0].get("timm_model_name", "")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError("checkpoint_unsupported", name=name) from error
    if foreign or not tensors:
        raise UserError("checkpoint_unsupported", name=name)
    # open_clip prefers pickles of some names to safetensors of others.
    if not tensors & _TENSOR_NAMES and any((*folder.glob("*.bin"), *folder.glob("*.pth"))):
        raise UserError("checkpoint_pickle_first", name=name)
    return False


def _without_initialisation() -> Any:
    """A context in which networks are built without their random start, which loading overwrites
    (strictly: a checkpoint that leaves a weight out is refused). Most of the time of a large build."""
    from torch.overrides import TorchFunctionMode

    class WithoutInitialisation(TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            kwargs = kwargs or {}
            if getattr(function, "__module__", None) == "torch.nn.init":
                return kwargs["tensor"] if "tensor" in kwargs else args[0]
            return function(*args, **kwargs)

    return WithoutInitialisation()
