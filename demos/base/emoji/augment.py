"""Style-breaking augmentation, vectorised over a batch.

Two drawings of one emoji share shape and layout and differ in line, shading and palette. So the
shape is bent a little and everything else a lot: the same emoji in two styles is blended, palettes
move, outlines, shadows and gradients come and go, colours flatten, some pictures become line
drawings, and the ground changes. Tensors are premultiplied RGBA in [0, 1] until they are laid on a
ground. `strength` in [0, 1] scales how far and how often, so that training can begin gently.
"""

import torch
import torch.nn.functional as F

LUMA = (0.299, 0.587, 0.114)


def chance(size: int, probability: float) -> torch.Tensor:
    """Indices of the rows an operation applies to: each with the given probability."""
    return torch.nonzero(torch.rand(size) < probability)[:, 0]


def uniform(size: int, low: float, high: float) -> torch.Tensor:
    """(size, 1, 1, 1) float32, uniform between the bounds, ready to multiply pictures."""
    return torch.empty(size, 1, 1, 1).uniform_(low, high)


def blur(pictures: torch.Tensor, kernel: int = 3) -> torch.Tensor:
    """Box blur that keeps the size: (B, C, H, W) in and out."""
    return F.avg_pool2d(pictures, kernel, 1, kernel // 2, count_include_pad=False)


def soften(pictures: torch.Tensor) -> torch.Tensor:
    """What is left of (B, C, H, W) pictures at an eighth of the resolution, at full size."""
    return F.interpolate(F.avg_pool2d(pictures, 8), pictures.shape[-2:], mode="bilinear")


def mix_styles(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Blend two drawings of the same emoji, (B, 4, H, W): evenly, by frequency, or by palette."""
    size = len(first)
    weight = uniform(size, 0.15, 0.85)
    blended = weight * first + (1 - weight) * second
    crossed = soften(second) + first - soften(first)
    alpha, other_alpha = first[:, 3:], second[:, 3:]
    area, other_area = alpha.sum((2, 3), True) + 1, other_alpha.sum((2, 3), True) + 1
    mean = first[:, :3].sum((2, 3), True) / area
    other_mean = second[:, :3].sum((2, 3), True) / other_area
    palette = torch.cat([first[:, :3] + (other_mean - mean) * alpha, alpha], 1)
    kind = torch.randint(0, 3, (size, 1, 1, 1))
    mixed = torch.where(kind == 0, blended, torch.where(kind == 1, crossed, palette)).clamp(0, 1)
    return torch.cat([torch.minimum(mixed[:, :3], mixed[:, 3:]), mixed[:, 3:]], 1)


def colour_matrices(tinted: torch.Tensor, amount: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Random colour maps x -> M x + b, milder where the colour is part of the name.

    Args: tinted: (B,) bool. Returns: M (B, 3, 3), b (B, 3, 1).
    """
    size = len(tinted)
    strength = torch.where(tinted, 0.15, 1.0) * amount
    wild = (torch.rand(size) < 0.12).float()
    angle = torch.randn(size) * (0.12 + 0.8 * wild) * strength
    cos, sin = angle.cos()[:, None, None], angle.sin()[:, None, None]
    axis = 3 ** -0.5
    cross = axis * torch.tensor([[0., -1., 1.], [1., 0., -1.], [-1., 1., 0.]])
    eye = torch.eye(3)
    hue = cos * eye + sin * cross + (1 - cos) / 3
    saturation = (1 + strength * torch.empty(size).uniform_(-0.5, 0.4))[:, None, None]
    coloured = (torch.rand(size) > 0.04 * amount) | tinted
    saturation = saturation * coloured[:, None, None]
    grey = torch.tensor(LUMA).expand(3, 3)
    matrix = (saturation * eye + (1 - saturation) * grey) @ hue
    shuffled = chance(size, 0.03 * amount)
    shuffled = shuffled[~tinted[shuffled]]
    if len(shuffled):
        matrix[shuffled] = matrix[shuffled][:, torch.randperm(3)]
    contrast = 1 + amount * torch.empty(size, 1, 1).uniform_(-0.3, 0.3)
    offset = amount * torch.empty(size, 1, 1).uniform_(-0.18, 0.18) + 0.5 * (1 - contrast)
    tint = torch.randn(size, 3, 1) * 0.05 * amount
    return matrix * contrast, offset + tint


def recolour(objects: torch.Tensor, tinted: torch.Tensor, strength: float = 1.0) -> torch.Tensor:
    """Apply one random colour map per picture to (B, 4, H, W), leaving alpha alone."""
    matrix, offset = colour_matrices(tinted, strength)
    alpha = objects[:, 3:]
    colour = torch.einsum("bij,bjhw->bihw", matrix, objects[:, :3]) + offset[..., None] * alpha
    return torch.cat([torch.minimum(colour.clamp(min=0), alpha), alpha], 1)


def warp(objects: torch.Tensor, rigid: torch.Tensor, scale: torch.Tensor, shift: torch.Tensor,
         strength: float = 1.0) -> torch.Tensor:
    """Turn, shear, stretch, mirror, bend and place each object; outside is transparent.

    Args: objects (B, 4, H, W); rigid (B,) bool; scale (B,) of the picture's side; shift (B, 2) in
    units of half a side.
    """
    size = len(objects)
    limit = torch.where(rigid, 0.1, 0.3) * strength
    angle = torch.randn(size).clamp(-2, 2) * limit * 0.6
    shear = strength * torch.empty(size).uniform_(-0.15, 0.15)
    aspect = (strength * torch.empty(size).uniform_(-0.15, 0.15)).exp()
    mirror = torch.where((torch.rand(size) < 0.5) & ~rigid, -1.0, 1.0)
    cos, sin = angle.cos(), angle.sin()
    turn = torch.stack([torch.stack([cos, -sin], -1), torch.stack([sin, cos], -1)], 1)
    zero = torch.zeros(size)
    stretch = torch.stack([torch.stack([mirror / (scale * aspect), shear], -1),
                           torch.stack([zero, aspect / scale], -1)], 1)
    linear = stretch @ turn
    origin = -(linear @ shift[..., None])
    grid = F.affine_grid(torch.cat([linear, origin], 2), list(objects.shape), align_corners=False)
    bend = torch.randn(size, 2, 5, 5) * uniform(size, 0, 0.07 * strength)
    bend = F.interpolate(bend, objects.shape[-2:], mode="bilinear", align_corners=True)
    return F.grid_sample(objects, grid + bend.permute(0, 2, 3, 1), align_corners=False)


def outline(objects: torch.Tensor) -> torch.Tensor:
    """Draw a dark or light rim around each object, (B, 4, H, W)."""
    kernel = 3 if torch.rand(()) < 0.6 else 5
    rim = F.max_pool2d(objects[:, 3:], kernel, 1, kernel // 2)
    ink = torch.where(torch.rand(len(objects), 1, 1, 1) < 0.6, 0.1, 1.0).expand(-1, 3, -1, -1) * rim
    return over(objects, torch.cat([ink, rim], 1))


def shade(objects: torch.Tensor) -> torch.Tensor:
    """Lay a smooth light-to-dark gradient over each object, as a rendered style has."""
    field = smooth_field(len(objects), objects.shape[-1], 1)
    lit = objects[:, :3] * (1 + 0.5 * field)
    return torch.cat([torch.minimum(lit.clamp(min=0), objects[:, 3:]), objects[:, 3:]], 1)


def smooth_field(size: int, side: int, channels: int, cells: int = 2) -> torch.Tensor:
    """(size, channels, side, side) random values, mostly in [-1, 1], smooth between `cells` knots a side."""
    coarse = torch.randn(size, channels, cells, cells) * 0.7
    return F.interpolate(coarse, (side, side), mode="bilinear", align_corners=True)


def over(top: torch.Tensor, bottom: torch.Tensor) -> torch.Tensor:
    """Porter-Duff `over` for premultiplied pictures; the bottom may be RGB or RGBA."""
    return top[:, :bottom.shape[1]] + bottom * (1 - top[:, 3:])


def paint_ground(size: int, side: int, strength: float = 1.0) -> torch.Tensor:
    """(size, 3, side, side) grounds: white for most, else one colour, a gradient, stripes or noise."""
    ground = torch.ones(size, 3, side, side)
    flat = chance(size, 0.4 * strength)
    colour = torch.rand(len(flat), 3, 1, 1) ** 0.7
    ground[flat] = torch.where(torch.rand(len(flat), 1, 1, 1) < 0.15, colour * 0.12, colour)
    gradient = flat[chance(len(flat), 0.4)]
    ground[gradient] += 0.3 * smooth_field(len(gradient), side, 3)
    noisy = flat[chance(len(flat), 0.15)]
    coarse = torch.rand(len(noisy), 3, side // 8, side // 8) - 0.5
    ground[noisy] += 0.5 * F.interpolate(coarse, (side, side), mode="bilinear")
    striped = flat[chance(len(flat), 0.1)]
    ramp = torch.linspace(0, 1, side)
    wave = torch.sin(uniform(len(striped), 10, 60) * (ramp[:, None] * torch.rand(len(striped), 1, 1, 1) + ramp))
    ground[striped] += 0.2 * wave
    return ground.clamp(0, 1)


def draw_lines(pictures: torch.Tensor) -> torch.Tensor:
    """Turn (B, 3, H, W) pictures into ink strokes on paper, or chalk on a board."""
    kernel = torch.tensor([[-1., 0., 1.], [-2., 0., 2.], [-1., 0., 1.]]) / 4
    kernel = torch.stack([kernel, kernel.T])[:, None]
    edges = F.conv2d(F.pad(pictures.flatten(0, 1)[:, None], (1,) * 4, mode="replicate"), kernel)
    strength = edges.square().sum(1).sqrt().unflatten(0, pictures.shape[:2]).amax(1, keepdim=True)
    ink = ((strength - uniform(len(pictures), 0.06, 0.2)) * 4).clamp(0, 1)
    if torch.rand(()) < 0.5:
        ink = F.max_pool2d(ink, 3, 1, 1)
    chalk = torch.rand(len(pictures), 1, 1, 1) < 0.35
    return torch.where(chalk, ink, 1 - ink).expand(-1, 3, -1, -1)


def finish(pictures: torch.Tensor, lines: float = 0.05, strength: float = 1.0) -> torch.Tensor:
    """Whole-picture effects on (B, 3, H, W) in [0, 1]: lines, flat colours, blur, grain, gaps."""
    size = len(pictures)
    chosen = chance(size, lines * strength)
    if len(chosen):
        pictures[chosen] = draw_lines(pictures[chosen])
    chosen = chance(size, 0.12 * strength)
    levels = torch.randint(2, 6, (len(chosen), 1, 1, 1)).float()
    pictures[chosen] = (pictures[chosen] * levels).round() / levels
    chosen = chance(size, 0.12 * strength)
    if len(chosen):
        small = F.interpolate(pictures[chosen], scale_factor=float(torch.empty(()).uniform_(0.35, 0.8)), mode="bilinear")
        pictures[chosen] = F.interpolate(small, pictures.shape[-2:], mode="bilinear")
    chosen = chance(size, 0.5 * strength)
    pictures[chosen] += uniform(len(chosen), -0.9, 1.2) * (pictures[chosen] - blur(pictures[chosen]))
    chosen = chance(size, 0.1 * strength)
    pictures[chosen] += torch.randn_like(pictures[chosen]) * uniform(len(chosen), 0, 0.12)
    chosen = chance(size, 0.12 * strength)
    hidden = torch.zeros(len(chosen), 1, 8, 8)
    corner = torch.randint(0, 6, (len(chosen), 2))
    for row, (top, left) in enumerate(corner.tolist()):
        hidden[row, :, top:top + 2 + row % 2, left:left + 2] = 1
    hidden = F.interpolate(hidden, pictures.shape[-2:])
    pictures[chosen] = pictures[chosen] * (1 - hidden) + torch.rand(len(chosen), 3, 1, 1) * hidden
    return pictures.clamp(0, 1)
