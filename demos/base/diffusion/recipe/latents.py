"""What a pocket Stable Diffusion learns from: latents of all drawings, with prompts read by its text encoder."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch

from demos.base.emoji import pictures
from demos.base.emoji.bank import PictureBank
from demos.base.emoji.pictures import STYLE_SHARES, Drawn, Prompts

# Shares of a batch: drawings as they are, in another colour, scenes of two.
SHARES = (0.66, 0.2, 0.14)


def draw_all(bank: PictureBank, scenes: int) -> list[Drawn]:
    """Plain drawings, recoloured ones, scenes: everything the recipes show."""
    return [pictures.plain(bank), pictures.coloured(bank), pictures.scenes(bank, scenes, pictures.SCENE_SEED)]


class LatentSource:
    """Latents of unit variance with the text states of a prompt for each.

    scale: what the autoencoder's latents are multiplied by.
    """

    def __init__(self, drawn: list[Drawn], autoencoder, kept: Path, prompts: Prompts, text_encoder, tokenizer,
                 empty: float, scale: float | None = None):
        """
        Args:
            kept: file that the latents are kept in.
            empty: share of prompts left out.
            scale: by default the one that gives the plain drawings' latents unit variance.
        """
        self.drawn, self.prompts, self.empty = drawn, prompts, empty
        made_of = digest(autoencoder, drawn)
        stored = torch.load(kept, weights_only=True) if kept.exists() else {}
        if stored.get("made_of") != made_of:
            stored = {"made_of": made_of, "latents": [encode(autoencoder, torch.from_numpy(part.pictures)).half().cpu() for part in drawn]}
            torch.save(stored, kept)
        self.latents = stored["latents"]
        self.scale = float(1 / self.latents[0].float().std()) if scale is None else scale
        self.text_encoder, self.tokenizer = text_encoder, tokenizer
        self.weights = [style_weights(part) for part in drawn]

    def draw(self, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Latents (size, 4, 16, 16) and text states (size, L, D), float32 on the default device."""
        chosen = self.choose(size)
        return self.latents_of(chosen), self.read([self._prompt(*place) for place in chosen])

    def choose(self, size: int) -> list[tuple[int, int]]:
        """(kind, place) of `size` drawings: which of `drawn`, and where in it."""
        counts = [round(size * share) for share in SHARES[:-1]]
        counts.append(size - sum(counts))
        return [(kind, place) for kind, (weights, count) in enumerate(zip(self.weights, counts)) if count
                for place in torch.multinomial(weights, count, replacement=True).tolist()]

    def latents_of(self, chosen: list[tuple[int, int]]) -> torch.Tensor:
        """(B, 4, 16, 16) float32 on the default device."""
        latents = torch.stack([self.latents[kind][place] for kind, place in chosen])
        return latents.to(torch.get_default_device()).float() * self.scale

    def read(self, texts: list[str]) -> torch.Tensor:
        """(B, L, D) text states."""
        return read_prompts(self.text_encoder, self.tokenizer, texts)

    def _prompt(self, kind: int, place: int) -> str:
        if self.prompts.rng.random() < self.empty:
            return ""
        part = self.drawn[kind]
        return self.prompts.write(part.rows[place], part.styles[place], part.colours[place])


def digest(autoencoder, drawn: list[Drawn]) -> str:
    """SHA-256 of the weights and the pictures: latents of others must not be taken for theirs."""
    found = hashlib.sha256()
    for tensor in autoencoder.state_dict().values():
        found.update(tensor.detach().cpu().float().numpy().tobytes())
    for part in drawn:
        found.update(part.pictures.tobytes())
    return found.hexdigest()


def style_weights(part: Drawn) -> torch.Tensor:
    """(B,) how likely each picture is to be drawn, so that the styles come in STYLE_SHARES."""
    counts = {style: part.styles.count(style) for style in set(part.styles)}
    return torch.tensor([STYLE_SHARES[style] / counts[style] for style in part.styles], device="cpu")


@torch.inference_mode()
def encode(model, pictures: torch.Tensor, batch: int = 256) -> torch.Tensor:
    """(N, 3, 64, 64) uint8 -> (N, 4, 16, 16) float32 latents, on the model's device, before any scaling."""
    device = next(model.parameters()).device
    return torch.cat([model.encoder(part.to(device).float() / 127.5 - 1) for part in pictures.split(batch)])


@torch.no_grad()
def read_prompts(text_encoder, tokenizer, texts: list[str]) -> torch.Tensor:
    """(B, L, D) hidden states, padded to the tokenizer's full length as the pipeline pads them."""
    device = next(text_encoder.parameters()).device
    ids = tokenizer(texts, padding="max_length", truncation=True, return_tensors="pt").input_ids.to(device)
    with torch.autocast(device.type, torch.bfloat16):
        return text_encoder(ids).last_hidden_state.float()
