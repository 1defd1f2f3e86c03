"""Opening a diffusion pipeline: from its checkpoint's folder into memory, lent out by the loader."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..checkpoints import forget_damaged, open_folder, status
from ..devices import Device, limit_threads, pick_device
from ..errors import UserError
from ..hub import Progress
from ..loader import LOADER, is_out_of_memory, place
from ..spec import Checkpoint
from .checkpoints import TINY_DECODER
from .model import SD1_COLOURS, Diffuser
from .schedule import schedule_of

# Pipelines whose networks the demos know how to ask. A consistency model samples without a second pass.
TEXT_PIPELINES = ("StableDiffusionPipeline", "LatentConsistencyModelPipeline")
UNCONDITIONAL = ("DDPMPipeline", "DDIMPipeline")
# Distilled models say so nowhere in their folder but by where it comes from.
DISTILLED = ("stabilityai/sd-turbo",)
PREVIEW = "preview.json"


def diffuser_entry(checkpoint: Checkpoint, device: Device | None = None,
                   progress: Progress | None = None) -> tuple[Hashable, Callable[[], Diffuser]]:
    """The loader's key for this model and the function that builds it, as `LOADER.preload` takes them."""
    def build() -> Diffuser:
        return load_diffuser(checkpoint, device or pick_device(), progress)

    return ("diffuser", checkpoint.id, checkpoint.revision, device.name if device else None), build


@contextmanager
def open_diffuser(checkpoint: Checkpoint, device: Device | None = None,
                  progress: Progress | None = None) -> Iterator[Diffuser]:
    """Lend the diffusion model of `checkpoint`, loading (and first downloading) it when need be.

    Raises:
        UserError: from `open_folder`; `checkpoint_broken`, `checkpoint_unsupported`, `out_of_memory`.
    """
    key, build = diffuser_entry(checkpoint, device, progress)
    with LOADER.use(key, build, expected=int(checkpoint.gigabytes * 1e9)) as model:
        yield model


def load_diffuser(checkpoint: Checkpoint, device: Device, progress: Progress | None = None) -> Diffuser:
    """Build the model of `checkpoint` on `device`, outside the loader. Raises as `open_diffuser`."""
    folder = open_folder(checkpoint, progress)
    kind, variant = _kind(folder, checkpoint.name)
    from safetensors import SafetensorError

    limit_threads()
    try:
        pipeline = _read_pipeline(folder, kind, variant, device)
        vae = getattr(pipeline, "vae", None)
        stable_diffusion = kind in TEXT_PIPELINES and _is_kl(vae)
        if stable_diffusion:
            vae.enable_slicing()                   # one picture at a time: a batch's memory is one picture's
        distilled = kind == "LatentConsistencyModelPipeline" or checkpoint.repo in DISTILLED
        colours = _colours(folder) or (SD1_COLOURS if stable_diffusion else ())
        return Diffuser(place(_channels_last(pipeline.unet), device), vae and place(_channels_last(vae), device),
                        _placed(pipeline, "text_encoder", device), getattr(pipeline, "tokenizer", None),
                        schedule_of(pipeline.scheduler), device, distilled, colours,
                        _tiny_decoder(device) if stable_diffusion else None)
    except (SafetensorError, RuntimeError, ValueError, KeyError, TypeError, AttributeError, AssertionError,
            IndexError, OSError) as error:
        if is_out_of_memory(error):
            raise
        forget_damaged(checkpoint)
        raise UserError("checkpoint_broken", name=checkpoint.name) from error


def _read_pipeline(folder: Path, kind: str, variant: str | None, device: Device) -> Any:
    import diffusers
    import torch

    # The numbers on the screen come from the processor in float32; half precision is for graphics cards.
    dtype = getattr(torch, device.dtype)
    common = {"use_safetensors": True, "local_files_only": True, "dtype": dtype}
    if kind in UNCONDITIONAL:
        return diffusers.DDPMPipeline.from_pretrained(folder, **common)
    without = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    return diffusers.StableDiffusionPipeline.from_pretrained(folder, variant=variant, **without, **common)


def _kind(folder: Path, name: str) -> tuple[str, str | None]:
    """The pipeline's class, and the variant of its weight files. Raises UserError for one the demos cannot ask."""
    try:
        index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
        kind = index["_class_name"]
        # Every part must be a library's own class: a pipeline may name code of its own.
        parts = [value for key, value in index.items() if not key.startswith("_") and isinstance(value, list)]
        foreign = [part for part in parts if part[0] not in ("diffusers", "transformers", "stable_diffusion", None)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError("checkpoint_unsupported", name=name) from error
    if kind not in TEXT_PIPELINES + UNCONDITIONAL or foreign:
        raise UserError("checkpoint_unsupported", name=name)
    half = any(folder.glob("unet/*.fp16.safetensors"))
    whole = [path for path in folder.glob("unet/*.safetensors") if ".fp16." not in path.name]
    return kind, "fp16" if half and not whole else None


def _colours(folder: Path) -> tuple:
    """The linear preview a recipe measured and wrote beside its pipeline, or ()."""
    try:
        rows = json.loads((folder / PREVIEW).read_text(encoding="utf-8"))["latent_to_rgb"]
        return tuple(tuple(float(value) for value in row) for row in rows)
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def _is_kl(vae: Any) -> bool:
    """Whether it is the autoencoder whose latents all Stable Diffusions before XL share."""
    return type(vae).__name__ == "AutoencoderKL" and vae.config.latent_channels == 4


def _tiny_decoder(device: Device) -> Any:
    """TAESD where it is on this machine already; nothing is fetched for a preview."""
    if status(TINY_DECODER).kind != "cached":
        return None
    import diffusers
    import torch

    decoder = diffusers.AutoencoderTiny.from_pretrained(
        open_folder(TINY_DECODER), use_safetensors=True, local_files_only=True, dtype=getattr(torch, device.dtype))
    return place(_channels_last(decoder), device)


def _placed(pipeline: Any, name: str, device: Device) -> Any:
    part = getattr(pipeline, name, None)
    return part and place(part, device)


def _channels_last(network: Any) -> Any:
    import torch

    return network.to(memory_format=torch.channels_last)
