"""Training batches: single emoji and small scenes, drawn fresh every step."""

import numpy as np
import torch

from demos.base.emoji import augment
from demos.base.emoji.bank import PictureBank

SCENE_SHAPES = ((1, 1), (1, 1), (2,), (2, 1), (1, 2), (3,), (1, 1, 1))  # how many of each emoji
STYLE_WEIGHTS = {"noto": 1.0, "twemoji": 1.0, "fluent3d": 0.6, "fluentflat": 0.6}


class PictureSource:
    """Draws augmented pictures of the emoji in one PictureBank.

    Pictures come out as (B, 3, 64, 64) float32 in [-1, 1], the normalisation the model is shipped
    with. Randomness is torch's global generator, so one seed repeats a run.
    """

    def __init__(self, bank: PictureBank, lines: float = 0.05):
        self.pictures = torch.as_tensor(bank.pictures)    # on torch's default device, as all that follows
        self.styles = bank.styles
        self.rigid = torch.as_tensor(bank.rigid)
        self.tinted = torch.as_tensor(bank.tinted)
        self.lines = lines
        self.strength = 1.0
        shares = torch.tensor([STYLE_WEIGHTS[style] for style in bank.styles])
        self.weights = shares[:, None] * torch.as_tensor(bank.has)
        self.classes = np.nonzero(bank.has.any(0))[0]
        self._queue = np.empty(0, np.int64)

    def draw_classes(self, size: int) -> torch.Tensor:
        """(size,) emoji indices, passing through all of them before repeating one."""
        while len(self._queue) < size:
            permutation = torch.randperm(len(self.classes), device="cpu").numpy()
            self._queue = np.concatenate([self._queue, self.classes[permutation]])
        drawn, self._queue = self._queue[:size], self._queue[size:]
        return torch.as_tensor(drawn.astype(np.int64))

    def draw_objects(self, classes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Drawings in a random style, some blended with a second one.

        Returns: objects (B, 4, 64, 64) premultiplied; styles (B,) int64, the style drawn in.
        """
        weights = self.weights[:, classes].T
        styles = torch.multinomial(weights, 1)[:, 0]
        objects = self.pictures[styles, classes].float() / 255
        chosen = augment.chance(len(classes), 0.35)
        if len(chosen) and len(self.pictures) > 1:
            second = torch.multinomial(weights[chosen], 1)[:, 0]
            other = self.pictures[second, classes[chosen]].float() / 255
            objects[chosen] = augment.mix_styles(objects[chosen], other)
        objects = augment.recolour(objects, self.tinted[classes], self.strength)
        chosen = augment.chance(len(classes), 0.25 * self.strength)
        objects[chosen] = augment.shade(objects[chosen])
        return objects, styles

    def singles(self, size: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """One emoji per picture. Returns: classes (B,), styles (B,), pictures (B, 3, 64, 64)."""
        classes = self.draw_classes(size)
        objects, styles = self.draw_objects(classes)
        scale = 1 + self.strength * torch.empty(size).uniform_(-0.38, 0.1)
        shift = self.strength * torch.empty(size, 2).uniform_(-0.16, 0.16)
        objects = augment.warp(objects, self.rigid[classes], scale, shift, self.strength)
        chosen = augment.chance(size, 0.12 * self.strength)
        objects[chosen] = augment.outline(objects[chosen])
        pictures = augment.over(objects, augment.paint_ground(size, objects.shape[-1], self.strength))
        return classes, styles, augment.finish(pictures, self.lines, self.strength) * 2 - 1

    def scenes(self, size: int) -> tuple[torch.Tensor, list[tuple[int, ...]], list[tuple[int, ...]]]:
        """Two or three objects per picture.

        Returns: pictures (B, 3, 64, 64), and per picture the emoji and how many of each.
        """
        shapes = [SCENE_SHAPES[i] for i in torch.randint(0, len(SCENE_SHAPES), (size,)).tolist()]
        kinds = [tuple(self.classes[torch.randperm(len(self.classes), device="cpu")[:len(shape)].numpy()].tolist())
                 for shape in shapes]
        flat, owner = [], []
        for row, (shape, emoji) in enumerate(zip(shapes, kinds)):
            for count, kind in zip(shape, emoji):
                flat += [kind] * count
                owner += [row] * count
        classes, owners = torch.tensor(flat), torch.tensor(owner)
        scale, shift = place_objects(owners, size)
        # Copies in one scene share a style only by chance: seeing two drawings as one kind is the lesson.
        objects = augment.warp(self.draw_objects(classes)[0], self.rigid[classes], scale, shift, self.strength)
        pictures = augment.paint_ground(size, objects.shape[-1], self.strength)
        rank = torch.zeros(len(owners), dtype=torch.int64)
        for index in range(1, len(owners)):
            rank[index] = rank[index - 1] + 1 if owners[index] == owners[index - 1] else 0
        for layer in range(int(rank.max()) + 1):
            chosen = rank == layer
            pictures[owners[chosen]] = augment.over(objects[chosen], pictures[owners[chosen]])
        return augment.finish(pictures, self.lines / 2, self.strength) * 2 - 1, kinds, shapes


    def clutter(self, size: int) -> torch.Tensor:
        """(B, 3, 64, 64) full frames that show no emoji: fragments and texture in many colours.

        They stand for what the model will be shown and cannot know, photographs above all, of which
        none is used.
        """
        side = self.pictures.shape[-1]
        frames = sum(augment.smooth_field(size, side, 3, cells) * reach
                     for cells, reach in ((2, 0.3), (5, 0.2), (12, 0.12), (32, 0.08)))
        frames = (0.5 + 0.35 * (torch.rand(size, 3, 1, 1) - 0.5) + frames).clamp(0, 1)
        for _ in range(4):
            classes = self.draw_classes(size)
            objects, _ = self.draw_objects(classes)
            scale = torch.empty(size).uniform_(1.6, 5.0)
            objects = augment.warp(objects, self.rigid[classes], scale, torch.empty(size, 2).uniform_(-1.6, 1.6))
            shown = (torch.rand(size, 1, 1, 1) < 0.7) * augment.uniform(size, 0.4, 1.0)
            frames = augment.over(augment.recolour(objects, torch.zeros(size, dtype=torch.bool)) * shown, frames)
        grain = augment.smooth_field(size, side, 1, 64) * augment.uniform(size, 0.0, 0.12)
        grey = frames.mean(1, keepdim=True)
        frames = (grey + (frames - grey) * augment.uniform(size, 0.2, 1.0) + grain).clamp(0, 1)
        # Preprocessing pads an oblong picture with white bars; they must not tell a drawing.
        bar = augment.uniform(size, -0.12, 0.25) * side
        place = torch.arange(side).expand(side, side)
        inside = (place >= bar) & (place < side - bar)
        lying = torch.rand(size, 1, 1, 1) < 0.7
        return torch.where(torch.where(lying, inside.transpose(2, 3), inside), frames, torch.ones(1)) * 2 - 1


def place_objects(owners: torch.Tensor, size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Side by side, one above the other, or round a circle, in random order.

    Args: owners (K,) the picture each object belongs to, ascending. Returns: scale (K,), shift (K, 2)
    in units of half a side.
    """
    scale, shift = torch.empty(len(owners)), torch.empty(len(owners), 2)
    for row in range(size):
        where = torch.nonzero(owners == row)[:, 0]
        count = len(where)
        start = float(torch.rand(())) * 6.2832
        angle = start + 6.2832 * torch.arange(count) / count
        radius = 0.46 if count == 2 else 0.52
        shift[where] = radius * torch.stack([angle.cos(), angle.sin()], 1) + torch.randn(count, 2) * 0.03
        scale[where] = (0.5 if count == 2 else 0.44) * torch.empty(count).uniform_(0.85, 1.12)
    return scale, shift
