"""What the denoiser learns from: latents of all drawings, with prompts read by the pocket CLIP's text tower."""

import hashlib
from pathlib import Path

import numpy as np
import torch

from demos.base.emoji.bank import PictureBank
from demos.base.emoji.batches import PictureSource
from demos.ddpm_vs_ddim import pictures
from demos.ddpm_vs_ddim.autoencoder import encode
from demos.ddpm_vs_ddim.pictures import STYLE_SHARES, Drawn, Prompts

# Shares of a batch: drawings as they are, in another colour, scenes of two.
SHARES = (0.66, 0.2, 0.14)


def draw_all(bank: PictureBank, scenes: int) -> list[Drawn]:
    """Plain drawings, recoloured ones, scenes: everything the recipe shows."""
    return [pictures.plain(bank), pictures.coloured(bank), pictures.scenes(bank, scenes, pictures.SCENE_SEED)]


class AutoencoderSource:
    """Pictures for the autoencoder: mostly as the denoiser will need them, a quarter augmented with any ground."""

    def __init__(self, bank: PictureBank, drawn: list[Drawn]):
        self.augmented = PictureSource(bank)
        self.pictures = torch.from_numpy(np.concatenate([part.pictures for part in drawn]))
        self.weights = torch.cat([torch.full((len(part.rows),), share / len(part.rows))
                                  for part, share in zip(drawn, SHARES)]).cpu()

    def draw(self, size: int) -> torch.Tensor:
        """(size, 3, 64, 64) float32 in [-1, 1] on the default device."""
        plain = size - size // 4
        chosen = self.pictures[torch.multinomial(self.weights, plain, replacement=True)]
        chosen = chosen.to(torch.get_default_device()).float() / 127.5 - 1
        if torch.rand((), device="cpu") < 0.5:         # so that latents do not depend on the pixel grid
            shift = torch.randint(-3, 4, (2,), device="cpu").tolist()
            chosen = chosen.roll(shift, (2, 3))
        mirrored = torch.rand(plain) < 0.3
        chosen[mirrored] = chosen[mirrored].flip(3)
        return torch.cat([chosen, self.augmented.singles(size - plain)[2]])


class LatentSource:
    """Latents of unit variance with the text states of a prompt for each.

    scale: what the autoencoder's latents are multiplied by.
    """

    def __init__(self, drawn: list[Drawn], autoencoder, kept: Path, prompts: Prompts, text_encoder, tokenizer,
                 empty: float):
        self.drawn, self.prompts, self.empty = drawn, prompts, empty
        made_of = digest(autoencoder, drawn)
        stored = torch.load(kept, weights_only=True) if kept.exists() else {}
        if stored.get("made_of") != made_of:
            stored = {"made_of": made_of, "latents": [encode(autoencoder, torch.from_numpy(part.pictures)).half().cpu() for part in drawn]}
            torch.save(stored, kept)
        self.latents = stored["latents"]
        self.scale = float(1 / self.latents[0].float().std())
        self.text_encoder, self.tokenizer = text_encoder, tokenizer
        self.weights = [style_weights(part) for part in drawn]

    def draw(self, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Latents (size, 4, 16, 16) and text states (size, L, D), float32 on the default device."""
        counts = [round(size * share) for share in SHARES[:-1]]
        counts.append(size - sum(counts))
        latents, texts = [], []
        for part, stored, weights, count in zip(self.drawn, self.latents, self.weights, counts):
            chosen = torch.multinomial(weights, count, replacement=True)
            latents.append(stored[chosen])
            texts += [self._prompt(part, index) for index in chosen.tolist()]
        scaled = torch.cat(latents).to(torch.get_default_device()).float() * self.scale
        return scaled, read_prompts(self.text_encoder, self.tokenizer, texts)

    def _prompt(self, part: Drawn, index: int) -> str:
        if self.prompts.rng.random() < self.empty:
            return ""
        return self.prompts.write(part.rows[index], part.styles[index], part.colours[index])


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


@torch.no_grad()
def read_prompts(text_encoder, tokenizer, texts: list[str]) -> torch.Tensor:
    """(B, L, D) hidden states, padded to the tokenizer's full length as the pipeline pads them."""
    device = next(text_encoder.parameters()).device
    ids = tokenizer(texts, padding="max_length", truncation=True, return_tensors="pt").input_ids.to(device)
    with torch.autocast(device.type, torch.bfloat16):
        return text_encoder(ids).last_hidden_state.float()
