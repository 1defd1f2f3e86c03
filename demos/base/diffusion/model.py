"""A text-to-image (or unconditional) diffusion model, as the demos ask it: encode a prompt, predict, decode."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..devices import Device
from .schedule import NoiseSchedule

if TYPE_CHECKING:
    import numpy as np
    import torch

# Least-squares fits of Stable Diffusion 1's latents to the colours of the decoded pixels, RGB in [-1, 1].
SD1_COLOURS = ((0.298, 0.207, 0.208), (0.187, 0.286, 0.173), (-0.158, 0.189, 0.264), (-0.184, -0.271, -0.473),
               (0.0, 0.0, 0.0))


# Rows of one call of the network: at most so many, and no more latent pixels in all. More gains nothing on a
# processor, where a full-size model should be asked in calls short enough to stop between them.
LARGEST_BATCH = 32
LARGEST_AREA = {"cpu": 32 * 16 * 16}
LARGEST_AREA_ON_A_CARD = 16 * 64 * 64

# Pictures up to this many pixels a side are decoded at every step by their own decoder.
PEEK_SIDE = 128


# A fast tokenizer keeps padding and truncation between calls: two visitors at once would get each other's.
_one_reader = threading.Lock()


@dataclass(frozen=True)
class Reading:
    """A prompt as the text encoder reads it.

    Attributes:
        states: (1, L, D) hidden states, None for an unconditional model.
        tokens: the L tokens as text, start and end marks among them, padding last.
        words: how many of them are not padding.
        cut: the end of the prompt that did not fit, "" where all did.
        ids: of the L tokens.
    """

    states: torch.Tensor | None
    tokens: tuple[str, ...] = ()
    words: int = 0
    cut: str = ""
    ids: tuple[int, ...] = ()


@dataclass
class Diffuser:
    """The parts of a diffusers pipeline, on one device.

    Attributes:
        unet: UNet2DConditionModel or UNet2DModel, (B, C, h, w) in and out.
        vae: an autoencoder, or None where the model works on pixels.
        text_encoder, tokenizer: None where the model takes no prompt.
        distilled: samples in a few steps without guidance (consistency or adversarial distillation).
        tiny: a distilled decoder of the same latents, for previews, or None.
        colours: (C + 1, 3) linear map from a scaled latent and 1 to RGB in [-1, 1], for previews.
    """

    unet: Any
    vae: Any
    text_encoder: Any
    tokenizer: Any
    schedule: NoiseSchedule
    device: Device
    distilled: bool = False
    colours: tuple[tuple[float, float, float], ...] = ()
    tiny: Any = None
    components: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.components = {"unet": self.unet, "vae": self.vae, "text_encoder": self.text_encoder, "tiny": self.tiny}

    @property
    def conditional(self) -> bool:
        """Whether it takes a prompt."""
        return self.text_encoder is not None

    @property
    def latent_shape(self) -> tuple[int, int, int]:
        """(C, h, w) of one sample."""
        side = self.unet.config.sample_size
        height, width = side if isinstance(side, (tuple, list)) else (side, side)
        return self.unet.config.in_channels, height, width

    @cached_property
    def downscale(self) -> int:
        """Pixels per latent, along one side; 1 where it works on pixels."""
        if self.vae is None:
            return 1
        channels = getattr(self.vae.config, "block_out_channels", None) or self.vae.config.decoder_block_out_channels
        return 2 ** (len(channels) - 1)

    @property
    def parameters(self) -> int:
        """Weights of the denoiser."""
        return sum(p.numel() for p in self.unet.parameters())

    @property
    def dtype(self) -> torch.dtype:
        return next(self.unet.parameters()).dtype

    @property
    def dtype_name(self) -> str:
        """What it computes in, such as "float32"."""
        return str(self.dtype).removeprefix("torch.")

    @property
    def guidance_width(self) -> int | None:
        """Length of the embedding of a guidance scale that the network was distilled with, None where it takes none."""
        return self.unet.config.get("time_cond_proj_dim")

    @property
    def largest_batch(self) -> int:
        """Rows that one call of the network gets at most: 2 or more, so that a guided step stays together."""
        _, height, width = self.latent_shape
        area = LARGEST_AREA.get(self.device.name, LARGEST_AREA_ON_A_CARD)
        return max(2, min(LARGEST_BATCH, area // (height * width)))

    def read(self, prompt: str) -> Reading:
        """A prompt's hidden states, padded to the encoder's length as diffusers' pipelines do."""
        import torch

        if self.text_encoder is None:
            return Reading(None)
        limit = min(self.tokenizer.model_max_length, self.text_encoder.config.max_position_embeddings)
        with _one_reader:
            ids = self.tokenizer(prompt, padding="max_length", max_length=limit, truncation=True).input_ids
            whole = self.tokenizer(prompt, truncation=False).input_ids
        with torch.inference_mode():
            states = self.text_encoder(torch.tensor([ids], device=self.device.name))[0]
        tokens = tuple(self._spell(id) for id in ids)
        return Reading(states.to(self.dtype), tokens, min(len(whole), limit), self._cut(whole, limit), tuple(ids))

    def predict(self, samples: torch.Tensor, timesteps: Sequence[int], states: torch.Tensor | None,
                scales: Sequence[float] | None = None) -> torch.Tensor:
        """The network's raw output for (B, C, h, w) samples, each at its own timestep; float32 in and out.

        Args:
            scales: B guidance scales, for a network that was distilled with them (`guidance_width`); by default 1.
        """
        import torch

        times = torch.tensor(list(timesteps), device=samples.device)
        dtype = self.dtype
        samples = samples.to(dtype).contiguous(memory_format=torch.channels_last)
        parts = (samples, times) if states is None else (samples, times, states)
        more = {}
        if width := self.guidance_width:
            more = {"timestep_cond": embed_scales(scales or [1.0] * len(samples), width).to(samples.device, dtype)}
        return self.unet(*parts, return_dict=False, **more)[0].float()

    def start(self, seed: int, size: int = 1) -> torch.Tensor:
        """(size, C, h, w) standard noise; the same on every machine for one seed."""
        import torch

        generator = torch.Generator("cpu").manual_seed(seed)
        return torch.randn((size, *self.latent_shape), generator=generator).to(self.device.name)

    def decode(self, latents: torch.Tensor) -> np.ndarray:
        """(B, C, h, w) latents -> (B, H, W, 3) uint8 pictures."""
        return self._decode_by(self.vae, latents)

    def peek(self, latents: torch.Tensor) -> np.ndarray | None:
        """As `decode`, quick enough for every step of a run; None where nothing here is."""
        side = max(self.latent_shape[1:]) * self.downscale
        if self.tiny is None and side > PEEK_SIDE:
            return None
        return self._decode_by(self.vae if self.tiny is None else self.tiny, latents)

    def _decode_by(self, vae: Any, latents: torch.Tensor) -> np.ndarray:
        import torch

        with torch.inference_mode():
            if vae is None:
                pixels = latents
            else:
                config = vae.config
                inner = latents / config.scaling_factor + (config.get("shift_factor") or 0.0)
                inner = inner.to(next(vae.parameters()).dtype).contiguous(memory_format=torch.channels_last)
                pixels = vae.decode(inner, return_dict=False)[0]
            pixels = pixels if pixels.shape[1] == 3 else pixels[:, :1].expand(-1, 3, -1, -1)
            shown = (pixels.float() / 2 + 0.5).clamp(0, 1) * 255
            return shown.round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()

    def encode(self, pictures: np.ndarray) -> torch.Tensor:
        """(B, H, W, 3) uint8 pictures of the model's size -> (B, C, h, w) float32 latents."""
        import torch

        pixels = torch.from_numpy(pictures).to(self.device.name).permute(0, 3, 1, 2).float() / 127.5 - 1
        if self.vae is None:
            return pixels
        with torch.inference_mode():
            found = self.vae.encode(pixels.to(next(self.vae.parameters()).dtype))
            latents = found.latents if hasattr(found, "latents") else found.latent_dist.mode()
            config = self.vae.config
            return (latents.float() - (config.get("shift_factor") or 0.0)) * config.scaling_factor

    def _spell(self, id: int) -> str:
        return self.tokenizer.decode([id]) or self.tokenizer.convert_ids_to_tokens(id)

    def _cut(self, whole: Sequence[int], limit: int) -> str:
        # The last id is the end mark, which a cut prompt keeps.
        return self.tokenizer.decode(whole[limit - 1:-1]) if len(whole) > limit else ""


def embed_scales(scales: Sequence[float], width: int) -> torch.Tensor:
    """(B, width) float32: sines and cosines of guidance scales, as a distilled network reads them.

    Meng et al. (arXiv:2210.03142), section 4; its w is the scale here less 1, and counts in thousandths.
    """
    import torch

    half = width // 2
    rates = torch.exp(torch.arange(half) * -(math.log(10_000.0) / (half - 1)))
    angles = 1000.0 * (torch.tensor(list(scales), dtype=torch.float32)[:, None] - 1) * rates
    found = torch.cat([angles.sin(), angles.cos()], dim=1)
    return torch.nn.functional.pad(found, (0, width % 2))
