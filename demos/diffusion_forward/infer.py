"""A picture drowned in noise, brought back from any depth, and a walk between two noises.

x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) epsilon: Sohl-Dickstein et al. 2015 (arXiv:1503.03585),
table App.1; in this form Ho et al. 2020 (arXiv:2006.11239), equation 4. Back from x_t with a prompt: SDEdit,
Meng et al. 2021 (arXiv:2108.01073), section 3; here with DDIM's steps, which add no noise.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np

from ..base.clip.checkpoints import POCKET as POCKET_CLIP
from ..base.clip.domain import is_stranger
from ..base.clip.load import open_clip_model
from ..base.compute import gpu
from ..base.diffusion.checkpoints import POCKET, diffuser_of, gpu_seconds
from ..base.diffusion.columns import column_of, guidance_of
from ..base.diffusion.load import open_diffuser
from ..base.diffusion.model import Diffuser, Reading
from ..base.diffusion.preview import is_small, numbers, preview
from ..base.diffusion.question import Question, SamplerSettings
from ..base.diffusion.run import Column, take_steps
from ..base.errors import UserError
from . import paths
from .pictures import fit_picture, psnr
from .schema import PATHS, Belief, DenoiseRequest, Drowned, DrownRequest, Frame, Network, Started, Sunk, WalkRequest

# Depths whose pictures are computed: of a large model each takes seconds or minutes on a CPU.
STOPS, FEW_STOPS = 12, 6


def seconds(request: DrownRequest | DenoiseRequest | WalkRequest) -> int:
    """Of a borrowed graphics card."""
    # A DenoiseRequest is a DrownRequest too.
    steps = getattr(request, "steps", STOPS)
    return gpu_seconds(request.checkpoint, 2 * steps * (request.count if isinstance(request, WalkRequest) else 1))


@gpu(duration=seconds)
def drown(request: DrownRequest) -> Iterator[Drowned | Sunk | Belief]:
    """What the browser draws x_t from; then x_t through the decoder and what the network believes, at the stops.

    Raises: UserError from opening the checkpoint, or in the middle of it (`out_of_memory`).
    """
    stranger = request.checkpoint == POCKET.id and _is_stranger(request.picture)
    with open_diffuser(diffuser_of(request.checkpoint)) as model:
        asked = Asked(model, request)
        fitted, clean = encode(model, request.picture)
        noise = model.start(request.seed)
        restored = model.decode(clean)[0]
        length = model.schedule.length
        count = min(length, STOPS if is_small(model) else FEW_STOPS)
        stops = tuple(round(length * k / (count - 1)) for k in range(count))
        yield Drowned(numbers(clean), numbers(noise), model.schedule.alpha_bar, linear_colours(model), model.vae is None,
                      fitted, restored, psnr(fitted, restored), stops, stranger, asked.network)
        samples = [noised(model, clean, noise, t) for t in stops]
        for first, part in _parts(model, samples):
            yield Sunk(first, _decode(model, part))
        yield from asked.beliefs(samples, stops)


@gpu(duration=seconds)
def denoise(request: DenoiseRequest) -> Iterator[Started | Frame]:
    """From the picture's x_t back to a picture, with the prompt: a Started, then a Frame for every step.

    Raises: UserError `t_range` for a t beyond the model's T; as `drown`; `not_finite`.
    """
    with open_diffuser(diffuser_of(request.checkpoint)) as model:
        length = model.schedule.length
        if request.t > length:
            raise UserError("t_range", low=1, high=f"{length:,}")
        asked = Asked(model, request)
        fitted, clean = encode(model, request.picture)
        sample = noised(model, clean, model.start(request.seed), request.t)
        times = paths.falling(request.t, request.steps)
        yield Started(tuple(times), preview(model, sample), asked.network, fitted)
        yield from asked.frames([asked.column(sample, times)])


@gpu(duration=seconds)
def walk(request: WalkRequest) -> Iterator[Started | Frame]:
    """Pictures of noises between two: a Started, then a Frame for every step of all of them.

    Raises: as `denoise`.
    """
    import torch

    with open_diffuser(diffuser_of(request.checkpoint)) as model:
        length = model.schedule.length
        if request.steps > length:
            raise UserError("steps_range", low=1, high=f"{length:,}")
        asked = Asked(model, request)
        first, second = model.start(request.seed), model.start(request.other)
        shares = np.linspace(0, 1, request.count)
        ways = {path: torch.cat([getattr(paths, path)(first.cpu(), second.cpu(), float(share)) for share in shares])
                for path in PATHS}
        norms = {path: way.double().square().flatten(1).mean(1).sqrt().numpy() for path, way in ways.items()}
        noises, times = ways[request.path].to(model.device.name), [timestep + 1 for timestep in model.schedule.timesteps(request.steps)]
        yield Started(tuple(times), preview(model, noises), asked.network, norms=norms)
        # All together where memory allows it, so that the network is called once a step.
        parts = [noises] if is_small(model) else noises.split(1)
        yield from asked.frames([asked.column(part, times) for part in parts])


class Asked:
    """A question put to a model: the prompt as it was read, and runs that follow it."""

    def __init__(self, model: Diffuser, question: Question) -> None:
        self.model, self.question = model, question
        self.prompt, self.negative = model.read(question.prompt), model.read(question.negative)
        self.scale = guidance_of(model, question)
        self.guided = self.prompt.states is not None and self.scale != 1
        self.network = Network(model.parameters, model.device.label, model.dtype_name,
                               model.conditional, self.guided, self.prompt.cut)

    def column(self, samples, times: Sequence[int]) -> Column:
        """A DDIM run over falling `times` (t, not timesteps) from (n, C, h, w) samples at the first of them."""
        return column_of(self.model, self.question, SamplerSettings(), readings=(self.prompt, self.negative),
                         samples=samples, timesteps=[t - 1 for t in times])

    def frames(self, columns: list[Column]) -> Iterator[Frame]:
        """Runs the columns one after the other."""
        places = np.cumsum([0, *(len(column.sample) for column in columns)])
        for [step] in take_steps(self.model, columns, together=False):
            last = columns[step.column].done
            done = [sum(getattr(column, cost) for column in columns) for cost in ("evaluations", "milliseconds")]
            shown = _decode(self.model, step.after) if last else preview(self.model, step.clean)
            yield Frame(int(places[step.column]), step.index, step.timestep + 1, shown, last, *done)

    def beliefs(self, samples: Sequence, stops: Sequence[int]) -> Iterator[Belief]:
        """The predicted x_0 of each (1, C, h, w) sample at its stop, but for the clean one at 0."""
        evaluations, milliseconds = 0, 0.0
        for first, part in _parts(self.model, samples[1:], rows=2 if self.guided else 1):
            times = [t - 1 for t in stops[1 + first:1 + first + len(part)]]
            began = time.perf_counter()
            prompted, unprompted = self._predict(part, times)
            _check_finite(prompted, 1 + first)
            milliseconds += 1000 * (time.perf_counter() - began)
            evaluations += len(part) * (2 if self.guided else 1)
            yield Belief(1 + first, _decode(self.model, prompted),
                         None if unprompted is None else _decode(self.model, unprompted), evaluations, milliseconds)

    def _predict(self, samples, times: list[int]) -> tuple:
        """Predicted x_0 with and without the prompt, (n, C, h, w) each, from one call of the network."""
        import torch

        readings: list[Reading] = [self.prompt, self.negative][:2 if self.guided else 1]
        states = (None if self.prompt.states is None else
                  torch.cat([reading.states.expand(len(samples), -1, -1) for reading in readings]))
        with torch.inference_mode():
            rows = samples.repeat(len(readings), 1, 1, 1)
            told = [float(self.question.guidance)] * len(rows)
            outputs = list(self.model.predict(rows, times * len(readings), states, told).split(len(samples)))
            if self.guided:
                outputs[0] = torch.lerp(outputs[1], outputs[0], self.scale)
            clean = [torch.cat([self.model.schedule.clean(output[i:i + 1], samples[i:i + 1], times[i])
                                for i in range(len(samples))]) for output in outputs]
        return clean[0], clean[1] if self.guided else None


def _check_finite(clean, stop: int) -> None:
    """Raises UserError `not_finite` where a prediction is no longer a number; `stop` is the place of its first."""
    import torch

    fine = torch.isfinite(clean).flatten(1).all(1)
    if not bool(fine.all()):
        raise UserError("not_finite", step=stop + int((~fine).nonzero()[0]))


def encode(model: Diffuser, picture: np.ndarray) -> tuple:
    """A picture of any size -> (H, W, 3) uint8 of the model's size, and its (1, C, h, w) x_0."""
    size = tuple(side * model.downscale for side in model.latent_shape[1:])
    fitted = fit_picture(picture, size)
    clean = model.encode(fitted[None])
    # A model of grey pixels encodes to three equal colours.
    return fitted, clean.mean(1, keepdim=True) if model.vae is None and model.latent_shape[0] == 1 else clean


def noised(model: Diffuser, clean, noise, t: int):
    """x_t of (1, C, h, w) x_0; x_0 itself at t = 0."""
    return model.schedule.drown(clean, noise, t - 1) if t else clean


def linear_colours(model: Diffuser) -> np.ndarray:
    """(C + 1, 3) float32: a sample and 1 -> RGB in [-1, 1]; exact for pixels."""
    channels = model.latent_shape[0]
    if model.vae is not None and len(model.colours) == channels + 1:
        return np.asarray(model.colours, np.float32)
    colours = np.zeros((channels + 1, 3), np.float32)
    # Pixels are their own colours; of latents nobody has fitted, three channels at least show the noise.
    colours[:-1] = 1 if channels == 1 else np.eye(channels, 3) * (1 if model.vae is None else 0.4)
    return colours


def _is_stranger(picture: np.ndarray) -> bool:
    from PIL import Image

    with open_clip_model(POCKET_CLIP) as clip:
        return is_stranger(picture, clip.image_features([Image.fromarray(picture)])[0])


def _parts(model: Diffuser, samples: Sequence, rows: int = 1) -> Iterator[tuple[int, object]]:
    """(place of the first, samples) in as few batches as memory allows; `rows` of the network for each sample."""
    import torch

    size = model.largest_batch // rows if is_small(model) else 1
    for first in range(0, len(samples), size):
        yield first, torch.cat(list(samples[first:first + size]))


def _decode(model: Diffuser, latents) -> np.ndarray:
    """(B, C, h, w) -> (B, H, W, 3) uint8, one at a time where pictures are large."""
    size = len(latents) if is_small(model) else 1
    return np.concatenate([model.decode(part) for part in latents.split(size)])
