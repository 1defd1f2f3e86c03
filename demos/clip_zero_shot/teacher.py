"""A small convolutional classifier that teaches the vision transformer where to look.

Convolutions learn from a thousand drawings in minutes; a plain transformer does not. The teacher is
trained with labels, then shows the student its 8x8 and 4x4 feature maps and its class
probabilities. It is not shipped.
"""

import torch
import torch.nn.functional as F
from torch import nn

WIDTHS = (32, 64, 128, 256)
BLOCKS = (1, 1, 1)  # residual blocks at 16x16, 8x8 and 4x4


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with batch norm around a shortcut."""

    def __init__(self, width: int):
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(width)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = F.relu(self.first_norm(self.first(x)))
        return F.relu(x + self.second_norm(self.second(hidden)))


class ConvTeacher(nn.Module):
    """64x64 pictures to class logits, with the maps the student imitates."""

    def __init__(self, classes: int, widths: tuple[int, ...] = WIDTHS):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, widths[0], 5, 2, 2, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU())
        self.stages = nn.ModuleList(
            nn.Sequential(nn.Conv2d(before, after, 3, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU(),
                          *(ResidualBlock(after) for _ in range(blocks)))
            for before, after, blocks in zip(widths, widths[1:], BLOCKS))
        self.head = nn.Linear(2 * widths[-1], classes)

    def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """pictures (B, 3, 64, 64) in [-1, 1].

        Returns: logits (B, classes), map (B, 128, 8, 8), map (B, 256, 4, 4).
        """
        x = self.stem(pictures.contiguous(memory_format=torch.channels_last))
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        pooled = torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)
        return self.head(F.dropout(pooled, 0.1, self.training)), maps[-2], maps[-1]
