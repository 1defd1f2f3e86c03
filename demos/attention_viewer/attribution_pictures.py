"""Which patches of a picture the network's answer hangs on, by four methods, and how far they agree.

Occlusion: Zeiler and Fergus (arXiv:1311.2901). Gradient times input: Shrikumar et al. (arXiv:1605.01713). Attention
rollout: Abnar and Zuidema (arXiv:2005.00928).

The answer of a network with labels is the log-probability of its first one. One without labels has the class token z for
its answer, as the last layer leaves it, and what counts is its component along the direction that it has for the whole
picture, s = <z, z0 / |z0|>. The cosine with z0 would have no gradient at z0, where it is highest; behind a final norm,
which fixes the length of z, neither would s.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..base.attention.capture import Watch
from ..base.attention.model import AttentionModel, Reading
from .attribution_methods import agreement_of, gradient_times_input
from .budget import go_on, how_many_fit, rows_at_once
from .reading import stacked
from .schema import Attribution

if TYPE_CHECKING:
    import torch

Strength = Callable[[Any], "torch.Tensor"]     # a network's output -> (B,) how strong the answer is


def attribute_picture(model: AttentionModel, reading: Reading, keep: dict) -> Attribution:
    """How much each patch counts for what the network makes of the picture. The class token is none of the patches.

    Args:
        keep: site -> (1, heads) factors of the heads, 0 where one is switched off.

    Raises: Ended, where the visitor stops it.
    """
    import torch

    from .statistics import rollout

    began = time.perf_counter()
    # Not in inference mode: the gradient passes through what is made here.
    with torch.no_grad():
        watch = Watch(model.sites, keep=keep)
        output = _pass(model, reading, watch)
        strength, answer, length = _answer(model, output)
        order = _middle_first(*model.grid)
        order = order[:how_many_fit(model, model.limit, [1.0] * len(order))]
        occlusion = torch.full((math.prod(model.grid),), float("nan"))
        occlusion[order] = (strength(output) - _without_each(model, reading, keep, order, strength)).cpu()
        p = stacked(watch, "self")
        attention, rolled = p.mean((0, 1))[0, 1:], rollout(p)[0, 1:]
    go_on()
    gradient = _gradient(model, reading, keep, strength)
    methods = {"occlusion": occlusion.numpy(), "gradient": gradient.numpy(), "attention": attention.numpy(), "rollout": rolled.numpy()}
    return Attribution(0, answer, methods, agreement_of(methods), 1000 * (time.perf_counter() - began), left=len(occlusion) - len(order),
                       grid=model.grid, length=length)


def _pass(model: AttentionModel, reading: Reading, watch: Watch, rows: int = 1) -> Any:
    return model.states(reading, watch, rows=rows, more_states=not model.labels)


def _answer(model: AttentionModel, output: Any) -> tuple[Strength, tuple[str, float] | None, float | None]:
    """How the answer's strength is read, what it is called, and the length of a class token that has no name."""
    if model.labels:
        def scores(output: Any) -> torch.Tensor:
            return model.network.classifier(output.last_hidden_state[:, 0]).float().log_softmax(-1)

        best = int(scores(output)[0].argmax())
        return lambda output: scores(output)[:, best], (model.labels[best], float(scores(output)[0, best].exp())), None
    token = output.hidden_states[-1][0, 0].float()         # before the final norm
    length = float(token.norm())
    direction = token / max(length, 1e-12)
    return lambda output: output.hidden_states[-1][:, 0].float() @ direction, None, length


def _middle_first(rows: int, columns: int) -> list[int]:
    """All patches, those nearest the middle of the picture first."""
    return sorted(range(rows * columns), key=lambda n: math.hypot(n // columns - (rows - 1) / 2, n % columns - (columns - 1) / 2))


def _without_each(model: AttentionModel, reading: Reading, keep: dict, order: list[int], strength: Strength) -> torch.Tensor:
    """(len(order),) strength of the answer when one patch is covered. Raises: Ended."""
    import torch

    size, found = rows_at_once(model, model.limit), []
    watch = Watch(model.sites, stacks=(), keep=keep)
    for start in range(0, len(order), size):
        go_on()
        part = order[start:start + size]
        covered = replace(reading, pixels=_covered(model, reading.pixels, part))
        found.append(strength(_pass(model, covered, watch, rows=len(part))))
    return torch.nan_to_num(torch.cat(found))


def _covered(model: AttentionModel, pixels: torch.Tensor, patches: list[int]) -> torch.Tensor:
    """(1, 3, H, W) -> (len(patches), 3, H, W): one patch of each is grey: 0, the mean colour, which has been subtracted."""
    tall, wide = _patch_layer(model).stride
    found = pixels.repeat(len(patches), 1, 1, 1)
    for row, patch in enumerate(patches):
        top, left = tall * (patch // model.grid[1]), wide * (patch % model.grid[1])
        found[row, :, top:top + tall, left:left + wide] = 0
    return found


def _patch_layer(model: AttentionModel) -> Any:
    """The convolution that embeds the patches, each on its own."""
    import torch

    return next(module for module in model.body.get_input_embeddings().modules() if isinstance(module, torch.nn.Conv2d))


def _gradient(model: AttentionModel, reading: Reading, keep: dict, strength: Strength) -> torch.Tensor:
    """(N,) length of gradient times input at each patch's embedding, before its place is added."""
    product = gradient_times_input(_patch_layer(model), lambda: strength(_pass(model, reading, Watch(model.sites, stacks=(), keep=keep)))[0])
    return product[0].flatten(1).float().norm(dim=0).cpu()
