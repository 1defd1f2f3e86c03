"""A teacher and a student for handwritten digits: convolutional networks of two sizes.

Both take (B, 1, 28, 28) float32 in [0, 1], 1 for ink, and give (B, 10) logits. In both, `stem` reads the pixels,
`inner` holds all layers between, `readout` gives the logits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from .data import CLASSES, SIDE

INSIDE = ("inner",)           # what the names of the matrices hold that Muon trains


@dataclass(frozen=True)
class TeacherConfig:
    """`channels`: of the convolutions of each stage; a stage ends by halving the picture. `hidden`: width of the
    dense layer before the logits; `dropout`: share of its inputs and outputs that training leaves out."""

    channels: tuple[tuple[int, ...], ...] = ((32,), (64, 64), (96, 96))
    hidden: int = 128
    dropout: float = 0.3


@dataclass(frozen=True)
class StudentConfig:
    """`channels`: of convolutions that each halve the picture; `hidden`: width of a dense layer after them.
    One of the two has something between pixels and logits: (8, 16) and 0 by default, () and 32 for a network
    of dense layers alone."""

    channels: tuple[int, ...] = (8, 16)
    hidden: int = 0

    def __post_init__(self) -> None:
        if len(self.channels) < 2 and not self.hidden:
            raise ValueError(f"{self}: nothing lies between the pixels and the logits")


class Teacher(nn.Module):
    """Stages of 3x3 convolutions (the first is 5x5) with batch norm, then two dense layers with dropout.

    Trained without label smoothing: it would wipe out what the small probabilities say (arXiv:1906.02629).
    """

    def __init__(self, config: TeacherConfig = TeacherConfig()) -> None:
        super().__init__()
        self.config = config
        widths = [1, *(width for stage in config.channels for width in stage)]
        self.halving = [place == len(stage) - 1 for stage in config.channels for place in range(len(stage))]
        # A bias before a norm is taken away again by its mean.
        self.stem = nn.Conv2d(1, widths[1], 5, padding=2, bias=False)
        self.inner = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1, bias=False) for a, b in zip(widths[1:-1], widths[2:]))
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in widths[1:])
        side = SIDE >> len(config.channels)
        self.inner.append(nn.Linear(widths[-1] * side * side, config.hidden))
        self.dropout = nn.Dropout(config.dropout)
        self.readout = nn.Linear(config.hidden, CLASSES)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        states = images
        for layer, norm, halving in zip((self.stem, *self.inner[:-1]), self.norms, self.halving):
            states = layer(states)
            if halving:                            # before norm and activation: there is less for them to do
                states = F.max_pool2d(states, 2)
            states = F.relu(norm(states))
        states = F.relu(self.inner[-1](self.dropout(states.flatten(1))))      # (B, C * H * W) -> (B, hidden)
        return self.readout(self.dropout(states))


class Student(nn.Module):
    """Convolutions with stride 2, or dense layers alone; neither norm nor dropout, so that an example is seen by itself."""

    def __init__(self, config: StudentConfig = StudentConfig()) -> None:
        super().__init__()
        self.config = config
        side, inputs, layers = SIDE, 1, []
        for place, width in enumerate(config.channels):
            kernel = 3 if place else 5
            layers.append(nn.Conv2d(inputs, width, kernel, stride=2, padding=kernel // 2))
            inputs, side = width, (side + 1) // 2
        inputs *= side * side
        self.stem = layers[0] if layers else nn.Identity()
        self.inner = nn.ModuleList(layers[1:])
        if config.hidden:
            self.inner.append(nn.Linear(inputs, config.hidden))
            inputs = config.hidden
        self.readout = nn.Linear(inputs, CLASSES)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        states = F.relu(self.stem(images))         # of pixels that no layer has read yet, this changes none
        for layer in self.inner:
            states = F.relu(layer(states.flatten(1) if isinstance(layer, nn.Linear) else states))
        return self.readout(states.flatten(1))


NETWORKS = {"teacher": (TeacherConfig, Teacher), "student": (StudentConfig, Student)}


def pixels(images: np.ndarray) -> torch.Tensor:
    """(B, 28, 28), or one (28, 28), uint8 or float in [0, 1] -> (B, 1, 28, 28) float32 in [0, 1]."""
    values = torch.from_numpy(np.ascontiguousarray(images))
    values = values.float() / 255 if values.dtype == torch.uint8 else values.float()
    return values.reshape(-1, 1, SIDE, SIDE)


@torch.inference_mode()
def logits_of(model: nn.Module, images: np.ndarray, batch: int = 500) -> np.ndarray:
    """(N, 10) float32 logits of (N, 28, 28) uint8 images, computed where the model lies."""
    device = next(model.parameters()).device
    parts = [model(pixels(images[start:start + batch]).to(device)).float().cpu() for start in range(0, len(images), batch)]
    return torch.cat(parts).numpy()
