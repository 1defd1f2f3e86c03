"""What the autoencoder learns from: all drawings, and augmented ones."""

import numpy as np
import torch

from demos.base.diffusion.recipe.latents import SHARES
from demos.base.emoji.bank import PictureBank
from demos.base.emoji.batches import PictureSource
from demos.base.emoji.pictures import Drawn


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
