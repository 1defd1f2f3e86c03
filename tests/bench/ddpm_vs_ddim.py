"""Our sampling loop against diffusers' own pipeline call, two columns against two runs, and a run in the browser."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median

import numpy as np

from demos.base.measured import read_metrics
from tests.bench.figure import Figure

DEMO = "ddpm_vs_ddim"
PROMPT, STEPS, GUIDANCE, ROUNDS = "a cat", 20, 3.0, 9


def measure() -> Iterator[Figure]:
    yield from _read_quality()
    yield from _time_loops()


def _read_quality() -> Iterator[Figure]:
    """What `python -m demos.ddpm_vs_ddim.measure` wrote."""
    metrics = read_metrics(DEMO)
    yield Figure(DEMO, "ddim_50_top1", 100 * metrics["best"]["ddim_50"], "%", 60, "metrics.csv", at_least=True, read=True)
    gap = metrics["ddim_20_less_ddpm_1000"]
    yield Figure(DEMO, "ddim_20_less_ddpm_1000_low", 100 * gap["low"], "points", -5,
                 f"lower bound of the paired difference over {gap['n']} names (mean {100 * gap['mean']:+.1f})",
                 at_least=True, read=True)
    yield Figure(DEMO, "novel_combinations", 100 * metrics["novel"]["rate"], "%", None, "metrics.json", read=True)


def _time_loops() -> Iterator[Figure]:
    import torch

    from demos.base.devices import limit_threads, pick_device
    from demos.base.diffusion.checkpoints import POCKET
    from demos.base.diffusion.load import load_diffuser

    limit_threads()
    model = load_diffuser(POCKET, pick_device())
    with torch.inference_mode():
        bare, ours, shown = partial(_pipeline_call, _pipeline()), partial(_run, model), partial(_run, model, previews=True)
        times = _interleave([bare, ours, shown])
        yield Figure(DEMO, "loop_against_pipeline", _ratio(times[1], times[0]), "x", 1.05,
                     how="20 guided DDIM steps and the decoded picture, over StableDiffusionPipeline's call; medians")
        yield Figure(DEMO, "loop_with_previews_against_pipeline", _ratio(times[2], times[0]), "x", 1.25,
                     how="the same with x_t by the linear map and x_0 decoded at every step")
        yield Figure(DEMO, "pocket_20_steps", median(times[1]), "s", 1.0, how="20 guided DDIM steps, no preview")
        one, two = partial(_run, model), partial(_run, model, columns=2)
        times = _interleave([one, two])
        yield Figure(DEMO, "two_columns_against_two_runs", _ratio(times[1], [2 * t for t in times[0]]), "x", 0.75,
                     how="two columns in one batch, over twice one column alone")


def _pipeline():
    import diffusers

    from demos.base.diffusion.checkpoints import POCKET

    pipe = diffusers.StableDiffusionPipeline.from_pretrained(POCKET.folder)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _pipeline_call(pipe) -> None:
    import torch

    pipe(PROMPT, num_inference_steps=STEPS, guidance_scale=GUIDANCE, generator=torch.Generator().manual_seed(0))


def _run(model, columns: int = 1, previews: bool = False) -> None:
    import torch

    from demos.base.diffusion.run import Column, take_steps
    from demos.base.diffusion.samplers import make_sampler

    prompt, negative, start = model.read(PROMPT), model.read(""), model.start(0)
    colours = torch.tensor(model.colours)
    runs = [Column(make_sampler("ddim", model.schedule, model.schedule.timesteps(STEPS)), start, prompt, negative, GUIDANCE,
                   torch.Generator()) for _ in range(columns)]
    for steps in take_steps(model, runs):
        if previews:
            model.decode(torch.cat([step.clean for step in steps]))
            for step in steps:
                np.asarray(step.before[0].permute(1, 2, 0) @ colours[:-1] + colours[-1])
    model.decode(torch.cat([run.sample for run in runs]))


def _interleave(functions: list[Callable[[], None]]) -> list[list[float]]:
    """Seconds of every function in every round, one after the other in each, after one round unmeasured."""
    times: list[list[float]] = [[] for _ in functions]
    for number in range(ROUNDS + 1):
        for function, spent in zip(functions, times):
            began = time.perf_counter()
            function()
            if number:
                spent.append(time.perf_counter() - began)
    return times


def _ratio(first: list[float], second: list[float]) -> float:
    """Median over the rounds of the ratio within one round."""
    return median(a / b for a, b in zip(first, second))
