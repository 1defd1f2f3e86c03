"""A sampling run that notes, at every step, which words of the prompt each place of the picture looks at.

Tang et al. 2022 (arXiv:2210.04885), section 2; sampled by DDIM (arXiv:2010.02502).
"""

from __future__ import annotations

from collections.abc import Iterator

from ..base.compute import gpu
from ..base.diffusion.attention import Watched, resize
from ..base.diffusion.checkpoints import diffuser_of, gpu_seconds
from ..base.diffusion.columns import column_of
from ..base.diffusion.load import open_diffuser
from ..base.diffusion.model import Diffuser
from ..base.diffusion.preview import preview
from ..base.diffusion.question import SamplerSettings
from ..base.diffusion.run import Column, Step, take_steps
from ..base.diffusion.samplers import DDIM
from ..base.errors import UserError
from .schema import Frame, Level, Opening, Request, Word
from .words import group_words

# Maps are sent no finer than this; coarser when there are many words.
FINEST, FEWER, MANY_WORDS = 32, 16, 24


def seconds(request: Request) -> int:
    """Of a borrowed graphics card."""
    return gpu_seconds(request.checkpoint, 2 * request.steps)


@gpu(duration=seconds)
def watch_words(request: Request) -> Iterator[Opening | Frame]:
    """An Opening, then a Frame for each step as it is taken.

    Raises: UserError: `words_unread` for a model that reads no prompt; `steps_range`; from opening the
        checkpoint; in the middle of a run `not_finite`, `out_of_memory`.
    """
    checkpoint = diffuser_of(request.checkpoint)
    with open_diffuser(checkpoint) as model:
        watched = Watched(model)
        if not model.conditional or not watched.layers:
            raise UserError("words_unread", name=checkpoint.name)
        prompt, negative = model.read(request.prompt), model.read(request.negative)
        words = group_words(model.tokenizer, prompt.ids, prompt.words)
        column = column_of(model, request, SamplerSettings(DDIM, request.steps), readings=(prompt, negative))
        yield Opening(words, prompt.cut, len(column.sampler.timesteps), model.distilled, model.parameters,
                      model.device.label, model.dtype_name)
        for (step,) in take_steps(watched, [column]):
            yield _frame(model, watched, words, column, step)


def _frame(model: Diffuser, watched: Watched, words: tuple[Word, ...], column: Column, step: Step) -> Frame:
    import torch

    with torch.inference_mode():
        side = FEWER if len(words) > MANY_WORDS else FINEST
        whole = watched.attention.enlarged(tuple(min(side, n) for n in model.latent_shape[1:]))
        levels = tuple(Level(tuple(level.maps.shape[-2:]), level.layers,
                             _of_words(resize(level.maps, tuple(min(side, n) for n in level.maps.shape[-2:])), words))
                       for level in watched.attention.levels)
        shares = _of_words(watched.attention.shares()[..., None, None], words)[:, 0, 0]
        picture = model.decode(step.after)[0] if column.done else None
        return Frame(step.index, step.timestep, model.schedule.noise_level(step.timestep), step.evaluations,
                     step.milliseconds, _of_words(whole, words), levels, shares, preview(model, step.clean)[0], picture)


def _of_words(maps, words: tuple[Word, ...]):
    """(1, L, h, w) probabilities of tokens -> (G, h, w) numpy: of a word's tokens, the sum."""
    import torch

    return torch.stack([maps[0, list(word.places)].sum(0) for word in words]).float().cpu().numpy()
