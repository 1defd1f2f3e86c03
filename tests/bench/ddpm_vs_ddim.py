"""Our sampling loop against diffusers' own pipeline call, two columns against two runs, and runs in the browser."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median

from demos.base.measured import read_metrics
from tests.bench._diffusion_full_size import compare_with_pipelines
from tests.bench.figure import Figure
from tests.bench.serving import chromium, open_page, started_app, wait_until_listening

DEMO = "ddpm_vs_ddim"
PROMPT, STEPS, GUIDANCE, ROUNDS = "a cat", 20, 3.0, 9
CLICKS, RUNS, LONG = 9, 50, 1000

# Milliseconds from the click to the first painted step, and to the painted end of the run.
CLICK = """(demo) => {
  const painted = () => new Promise((done) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => done(performance.now());
    channel.port2.postMessage(0);
  }));
  const stage = document.querySelector(`#${demo}-stage .epochs-root`);
  const before = stage.dataset.run, counter = document.querySelector(".race-counter"), said = counter.textContent;
  return new Promise((done) => {
    const start = performance.now();
    let first = null, frames = 0, last = start, gap = 0;
    const watcher = new MutationObserver(() => painted().then((now) => {
      // A new run empties the counter before its first step fills it.
      if (counter.textContent && counter.textContent !== said && first === null) first = now - start;
      frames += 1;
      gap = Math.max(gap, now - last);
      last = now;
      if (stage.dataset.run !== before) { watcher.disconnect(); done({ first, end: now - start, frames, gap }); }
    }));
    watcher.observe(stage, { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ["data-run"] });
    document.querySelector(`#${demo}-run`).click();
  });
}"""


def measure() -> Iterator[Figure]:
    yield from _read_quality()
    yield from _time_loops()
    with chromium() as browser, started_app() as address:
        wait_until_listening(address)
        yield from _in_the_browser(browser, address)
    yield from compare_with_pipelines()


def _read_quality() -> Iterator[Figure]:
    """What `python -m demos.ddpm_vs_ddim.measure` wrote."""
    from demos.ddpm_vs_ddim.costs import compare_with_longest, read_costs

    metrics, costs = read_metrics(DEMO), read_costs()
    where = "read from weights/ddpm_vs_ddim/metrics.csv, {date}, {machine}".format(**metrics["measured"])
    fifty = next(row for row in costs if row.sampler == "ddim" and row.steps == 50)
    yield Figure(DEMO, "ddim_50_top1_percent", 100 * fifty.top1, "%", 60, f"{fifty.n} names; {where}", at_least=True, read=True)
    gap = compare_with_longest(costs, metrics, steps=20)
    yield Figure(DEMO, "ddim_20_less_ddpm_1000_low_points", 100 * gap.low, "points", -5,
                 f"lower bound of the paired difference over {gap.n} names, mean {100 * gap.mean:+.1f}; {where}", at_least=True, read=True)
    new = metrics["novel"]["new"]
    yield Figure(DEMO, "new_combinations_percent", 100 * new["rate"], "%", None, f"{new['prompts']} prompts; {where}", read=True)


def _time_loops() -> Iterator[Figure]:
    from demos.base.devices import limit_threads, pick_device
    from demos.base.diffusion.checkpoints import POCKET
    from demos.base.diffusion.load import load_diffuser

    limit_threads()
    model = load_diffuser(POCKET, pick_device())
    bare, ours, shown = partial(_pipeline_call, _pipeline(model)), partial(_run, model), partial(_run, model, previews=True)
    times = _interleave([bare, ours, shown])
    on = f"{model.device.label}, {model.dtype}"
    yield Figure(DEMO, "loop_against_pipeline", _ratio(times[1], times[0]), "x", 1.05,
                 how=f"20 guided DDIM steps and the decoded picture, over StableDiffusionPipeline's call; {on}; "
                     f"median ratio of {ROUNDS} interleaved rounds")
    yield Figure(DEMO, "loop_with_previews_against_pipeline", _ratio(times[2], times[0]), "x", 1.25,
                 how="the same with x_t by the linear map and x_0 decoded at every step")
    yield Figure(DEMO, "pocket_20_steps_seconds", median(times[1]), "s", None, how="20 guided DDIM steps, no preview, no page")
    together, apart = partial(_run, model, columns=2), partial(_run, model, columns=2, together=False)
    times = _interleave([together, apart])
    yield Figure(DEMO, "two_columns_batched_against_in_turn", _ratio(times[0], times[1]), "x", 0.75,
                 how="two columns of 20 guided steps in one batch, over the same two one after the other")


def _pipeline(model):
    """diffusers' own call on the same device and in the same precision."""
    import diffusers

    from demos.base.diffusion.checkpoints import POCKET

    pipe = diffusers.StableDiffusionPipeline.from_pretrained(POCKET.folder, dtype=model.dtype).to(model.device.name)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _pipeline_call(pipe) -> None:
    import torch

    pipe(PROMPT, num_inference_steps=STEPS, guidance_scale=GUIDANCE, generator=torch.Generator().manual_seed(0))


def _run(model, columns: int = 1, previews: bool = False, together: bool = True) -> None:
    import torch

    from demos.base.diffusion.run import Column, take_steps
    from demos.base.diffusion.samplers import make_sampler

    with torch.inference_mode():
        prompt, negative, start = model.read(PROMPT), model.read(""), model.start(0)
        colours = torch.tensor(model.colours, device=start.device)
        runs = [Column(make_sampler("ddim", model.schedule, model.schedule.timesteps(STEPS)), start, prompt, negative, GUIDANCE,
                       torch.Generator()) for _ in range(columns)]
        for steps in take_steps(model, runs, together=together):
            if previews:
                model.decode(torch.cat([step.clean for step in steps]))
                for step in steps:
                    (step.before[0].permute(1, 2, 0) @ colours[:-1] + colours[-1]).cpu().numpy()
        for run in runs:
            model.decode(run.sample)


def _in_the_browser(browser, address: str) -> Iterator[Figure]:
    page = open_page(browser, f"{address}/?demo={DEMO}&a_sampler=ddim&a_steps={STEPS}&b_sampler=ddim&b_steps=1")
    for _ in range(3):
        page.evaluate(CLICK, DEMO)
    clicks = [page.evaluate(CLICK, DEMO) for _ in range(CLICKS)]
    ends, firsts = ([click[key] for click in clicks] for key in ("end", "first"))
    yield Figure(DEMO, "click_to_end_seconds", median(ends) / 1000, "s", 1.0,
                 f"{STEPS} guided DDIM steps beside one of 1 step, click to the painted end in Chromium; median of {CLICKS}, "
                 f"slowest {max(ends) / 1000:.2f}")
    yield Figure(DEMO, "click_to_first_step_ms", median(firsts), "ms", 200,
                 f"click to the first painted step; median of {CLICKS}, slowest {max(firsts):.0f}")
    before = _server_megabytes()
    for _ in range(RUNS):
        page.evaluate(CLICK, DEMO)
    yield Figure(DEMO, "memory_growth_over_50_runs_mb", _server_megabytes() - before, "MB", 20,
                 f"resident memory of the server after {RUNS} more runs, less before them ({before:.0f} MB)")
    page.context.close()
    page = open_page(browser, f"{address}/?demo={DEMO}&a_sampler=ddpm&a_steps={LONG}&b_sampler=ddim&b_steps=1")
    long = page.evaluate(CLICK, DEMO)
    yield Figure(DEMO, "thousand_steps_longest_pause_ms", long["gap"], "ms", 1000,
                 f"longest time without a painted change while DDPM takes {LONG} guided steps ({long['end'] / 1000:.0f} s, "
                 f"{long['frames']} changes)")
    page.context.close()


def _server_megabytes() -> float:
    """Resident memory of the one `python app.py` that this process started."""
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            command = status.with_name("cmdline").read_bytes().split(b"\0")
            if b"app.py" in command:
                lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
                return int(lines["VmRSS"].split()[0]) / 1000
        except OSError:                            # a process that has just ended
            continue
    raise RuntimeError("no python app.py is running")


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
