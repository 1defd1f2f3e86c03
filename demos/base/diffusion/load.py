"""Opening a diffusion pipeline: from its checkpoint's folder into memory, lent out by the loader."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..checkpoints import forget_damaged, open_folder, status
from ..devices import Device, limit_threads, pick_device
from ..errors import UserError
from ..hub import Progress
from ..loader import LOADER, building, is_out_of_memory, place
from ..spec import Checkpoint
from .checkpoints import POCKET_STUDENT, SD_TURBO, TINY_DECODER
from .model import SD1_COLOURS, Diffuser
from .schedule import UnknownSchedule, schedule_of

# Pipelines whose networks the demos know how to ask. A consistency model samples without a second pass.
TEXT_PIPELINES = ("StableDiffusionPipeline", "LatentConsistencyModelPipeline")
UNCONDITIONAL = ("DDPMPipeline", "DDIMPipeline")
DISTILLED = (SD_TURBO.id, POCKET_STUDENT.id)
# Words in the names of models distilled to few steps. Not "distilled": a network made smaller is called that too.
_FEW_STEPS = re.compile(r"turbo(?![a-z])|(?<![a-z])(lcm|hyper|lightning)(?![a-z])")
PREVIEW = "preview.json"

log = logging.getLogger(__name__)


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
        with building():
            pipeline = _read_pipeline(folder, kind, variant, device)
            vae = getattr(pipeline, "vae", None)
            stable_diffusion = kind in TEXT_PIPELINES and _is_kl(vae)
            if stable_diffusion:
                vae.enable_slicing()               # one picture at a time: a batch's memory is one picture's
            distilled = is_distilled(checkpoint, folder, kind, pipeline)
            colours = _colours(folder) or (SD1_COLOURS if stable_diffusion else ())
            return Diffuser(place(_channels_last(pipeline.unet), device), vae and place(_channels_last(vae), device),
                            _placed(pipeline, "text_encoder", device), getattr(pipeline, "tokenizer", None),
                            schedule_of(pipeline.scheduler), device, distilled, colours,
                            _tiny_decoder(device) if stable_diffusion else None)
    except UnknownSchedule as error:               # whole, and nothing to fetch anew
        raise UserError("checkpoint_unsupported", name=checkpoint.name) from error
    except (SafetensorError, RuntimeError, ValueError, KeyError, TypeError, AttributeError, AssertionError,
            IndexError, OSError) as error:
        if is_out_of_memory(error):
            raise
        forget_damaged(checkpoint)
        raise UserError("checkpoint_broken", name=checkpoint.name) from error


def is_distilled(checkpoint: Checkpoint, folder: Path, kind: str, pipeline: Any) -> bool:
    """Whether the model samples in a few steps without a second pass for guidance.

    A consistency model says so: by its pipeline, its scheduler, or a network that is told the guidance scale.
    SD-Turbo says so nowhere in its files; it is known by its id on the Hub, or, as somebody's folder, by what
    speaks for it: Euler's scheduler with "trailing" timesteps and an epsilon prediction, as it is published and
    no Stable Diffusion that wants guidance is, or a name such as "sd-turbo".
    """
    scheduler = pipeline.scheduler
    if (kind == "LatentConsistencyModelPipeline" or type(scheduler).__name__ == "LCMScheduler"
            or pipeline.unet.config.get("time_cond_proj_dim")):
        return True
    if checkpoint.folder is not None or kind not in TEXT_PIPELINES:
        return False
    if checkpoint.repo is not None:
        return checkpoint.repo in DISTILLED
    config = scheduler.config
    as_published = (type(scheduler).__name__ == "EulerDiscreteScheduler" and config.get("timestep_spacing") == "trailing"
                    and config.get("prediction_type") == "epsilon")
    # The Hub's own cache names a folder after the commit, inside "models--owner--name/snapshots".
    name = folder.parents[1].name if folder.parent.name == "snapshots" else folder.resolve().name
    return as_published or _FEW_STEPS.search(name.lower()) is not None


def _read_pipeline(folder: Path, kind: str, variant: str | None, device: Device) -> Any:
    import diffusers
    import torch

    # The numbers on the screen come from the processor in float32; half precision is for graphics cards.
    dtype = getattr(torch, device.dtype)
    common = {"use_safetensors": True, "local_files_only": True, "dtype": dtype}
    if kind in UNCONDITIONAL:
        return diffusers.DDPMPipeline.from_pretrained(folder, **common)
    without = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    # Each by its own class: Stable Diffusion's corrects schedulers that are right for another.
    return getattr(diffusers, kind).from_pretrained(folder, variant=variant, **without, **common)


def _kind(folder: Path, name: str) -> tuple[str, str | None]:
    """The pipeline's class, and the variant of its weight files. Raises UserError for one the demos cannot ask."""
    try:
        index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
        kind = index["_class_name"]
        # Every part must be a library's own class: a pipeline may name code of its own.
        parts = [value for key, value in index.items() if not key.startswith("_") and isinstance(value, list)]
        foreign = [part for part in parts if part[0] not in ("diffusers", "transformers", "stable_diffusion", None)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
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

    try:
        decoder = diffusers.AutoencoderTiny.from_pretrained(
            open_folder(TINY_DECODER), use_safetensors=True, local_files_only=True, dtype=getattr(torch, device.dtype))
        return place(_channels_last(decoder), device)
    except Exception as error:  # noqa: BLE001 - a preview is no reason to refuse the model
        if is_out_of_memory(error):
            raise
        log.warning("previews without %s: %s", TINY_DECODER.id, error)
        forget_damaged(TINY_DECODER)
        return None


def _placed(pipeline: Any, name: str, device: Device) -> Any:
    part = getattr(pipeline, name, None)
    return part and place(part, device)


def _channels_last(network: Any) -> Any:
    import torch

    return network.to(memory_format=torch.channels_last)
