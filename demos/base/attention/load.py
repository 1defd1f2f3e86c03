"""Opening a network whose attention can be watched: from its checkpoint's folder into memory, lent out by the loader."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..checkpoints import forget_damaged, open_folder
from ..devices import Device, limit_threads, pick_device
from ..errors import UserError
from ..hub import Progress
from ..language.kinds import class_name, read_configuration, text_kind
from ..language.opening import library_errors, open_network, open_text_network
from ..loader import LOADER, building, is_out_of_memory, place
from ..spec import Checkpoint
from . import capture
from .checkpoints import CAUSAL, TRANSLATION, VISION
from .model import AttentionModel


class _NoGridError(ValueError):
    """Pictures of other shapes come out of a processor in other sizes: no one grid of patches."""


@dataclass(frozen=True)
class PictureReader:
    """A picture as (1, 3, H, W) pixels less their `mean`, divided by their `deviation`; and back.

    `side`: their (H, W), of every picture.
    """

    prepare: Callable[[Any], Any]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    side: tuple[int, int]

    def __call__(self, picture: Any) -> Any:
        return self.prepare(picture)

    def undo(self, pixels: Any) -> Any:
        """(3, H, W) prepared pixels -> (H, W, 3) uint8."""
        import numpy as np

        values = pixels.permute(1, 2, 0).numpy() * np.array(self.deviation, np.float32) + np.array(self.mean, np.float32)
        return np.rint(values.clip(0, 1) * 255).astype(np.uint8)


def attention_entry(checkpoint: Checkpoint, device: Device | None = None,
                    progress: Progress | None = None) -> tuple[Hashable, Callable[[], AttentionModel]]:
    """The loader's key for this model and the function that builds it, as `LOADER.preload` takes them."""
    def build() -> AttentionModel:
        return load_attention_model(checkpoint, device or pick_device(), progress)

    return ("attention", checkpoint.id, checkpoint.revision, device.name if device else None), build


@contextmanager
def open_attention_model(checkpoint: Checkpoint, device: Device | None = None,
                         progress: Progress | None = None) -> Iterator[AttentionModel]:
    """Lend the network of `checkpoint`, loading (and first downloading) it when need be.

    Raises:
        UserError: from `open_folder`; `checkpoint_broken`, `checkpoint_unsupported`, `attention_unavailable`
            for a network that computes no attention a page could show, `out_of_memory`.
    """
    key, build = attention_entry(checkpoint, device, progress)
    with LOADER.use(key, build, expected=int(checkpoint.gigabytes * 1e9)) as model:
        yield model


def load_attention_model(checkpoint: Checkpoint, device: Device, progress: Progress | None = None) -> AttentionModel:
    """Build the network of `checkpoint` on `device`, outside the loader. Raises as `open_attention_model`."""
    folder = open_folder(checkpoint, progress)
    config = read_configuration(folder)
    kind = kind_of(folder, config)
    if kind is None:
        raise UserError("checkpoint_unsupported", name=checkpoint.name)
    limit_threads()
    try:
        with building():
            capture.register()
            network, tokenizer, processor = _read(folder, kind, config, device)
            model = AttentionModel(place(network, device), kind, device, tokenizer=tokenizer, processor=processor)
        understood = bool(model.stacks) and _is_understood(model)
    except library_errors() as error:
        if is_out_of_memory(error):
            raise
        unknown = isinstance(error, KeyError) and error.args == (capture.NAME,)      # a network with a list of its own
        if unknown or ("does not support" in str(error) and "attention" in str(error)):
            raise UserError("attention_unavailable", name=checkpoint.name) from error
        if isinstance(error, _NoGridError) or "doesn't match model" in str(error):  # a picture of another size than it can read
            raise UserError("checkpoint_unsupported", name=checkpoint.name) from error
        forget_damaged(checkpoint)
        raise UserError("checkpoint_broken", name=checkpoint.name) from error
    if not model.stacks:
        raise UserError("attention_unavailable", name=checkpoint.name)
    if not understood:
        raise UserError("checkpoint_unsupported", name=checkpoint.name)
    return model


def _is_understood(model: AttentionModel) -> bool:
    """Whether a small pass shows what is expected of its kind: the maps, and the network's own answer from its last states."""
    import torch

    watch, network = capture.Watch(model.sites, row=0 if model.kind == VISION else None), model.network
    with torch.inference_mode():
        if model.kind == VISION:                   # a class token, the patches, and nothing else
            model.states(model.sample(), watch)
            return all(p.shape[3] == model.limit for p in watch.maps.values())
        reading = model.sample()
        model.states(reading, watch)
        if model.kind == CAUSAL and any(bool(p.triu(1).any()) for p in watch.maps.values()):
            return False
        more = {"decoder_input_ids": model.read_by_decoder(reading)} if model.kind == TRANSLATION else {}
        said, alone = model.logits(model.states(reading).last_hidden_state), network(input_ids=reading.ids, **more).logits
        return said.shape == alone.shape and float((said - alone).abs().max()) <= 0.05 * float(alone.abs().max())


def kind_of(folder: Path, config: dict) -> str | None:
    """What the network of a folder reads, told by its configuration; None for one the demos cannot ask."""
    if (folder / "open_clip_config.json").exists():
        return VISION
    if kind := text_kind(config):
        return kind
    name = class_name(config)
    if name.endswith("ForImageClassification") or name in ("ViTModel", "Dinov2Model", "CLIPVisionModel"):
        return VISION if "patch_size" in config else None
    return None


def _read(folder: Path, kind: str, config: dict, device: Device) -> tuple[Any, Any, Any]:
    import torch
    import transformers

    if (folder / "open_clip_config.json").exists():
        return _read_open_clip_tower(folder)
    common = {"local_files_only": True, "use_safetensors": True, "dtype": getattr(torch, device.dtype),
              "attn_implementation": capture.NAME}
    if kind == VISION:
        classifier = str(config["architectures"][0]).endswith("ForImageClassification")
        network = open_network(transformers.AutoModelForImageClassification if classifier else transformers.AutoModel, folder, common)
        return network, None, _picture_reader(_open_processor(folder))
    return *open_text_network(folder, kind, common), None


def _open_processor(folder: Path) -> Any:
    import transformers

    given = json.loads((folder / "preprocessor_config.json").read_text(encoding="utf-8"))
    name = str(given.get("image_processor_type"))
    if name.endswith("FeatureExtractor"):          # a class of transformers 4, which the library no longer looks up
        kind = getattr(transformers, name.replace("FeatureExtractor", "ImageProcessor"))
        return kind.from_pretrained(folder, local_files_only=True)
    return transformers.AutoImageProcessor.from_pretrained(folder, local_files_only=True)


def _picture_reader(processor: Any) -> PictureReader:
    """The network may have been trained on another size than its processor gives, which is the one that counts.

    Raises: _NoGridError.
    """
    from PIL import Image

    def prepare(picture: Any) -> Any:
        return processor(picture, return_tensors="pt").pixel_values

    wide, tall = (tuple(prepare(Image.new("RGB", size)).shape[-2:]) for size in ((96, 64), (64, 96)))
    if wide != tall:
        raise _NoGridError(f"pictures of {wide} and {tall} pixels")
    return PictureReader(prepare, tuple(processor.image_mean), tuple(processor.image_std), wide)


def _read_open_clip_tower(folder: Path) -> tuple[Any, None, Any]:
    """The vision tower of an open_clip folder as transformers' own class, with open_clip's preprocessing."""
    from open_clip.transform import PreprocessCfg, image_transform_v2

    from ..clip.towers import convert_vision_model, read_open_clip

    settings, state = read_open_clip(folder)
    network = convert_vision_model(settings, state)
    network.set_attn_implementation(capture.NAME)
    given = json.loads((folder / "open_clip_config.json").read_text(encoding="utf-8"))["preprocess_cfg"]
    transform, side = image_transform_v2(PreprocessCfg(**given), is_train=False), network.config.image_size

    def prepare(picture: Any) -> Any:
        least = -(-max(picture.size) // side)      # a shorter side would shrink to nothing
        thick = picture.resize([max(least, length) for length in picture.size]) if min(picture.size) < least else picture
        return transform(thick)[None]

    return network, None, PictureReader(prepare, tuple(given["mean"]), tuple(given["std"]), (side, side))
