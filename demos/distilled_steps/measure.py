"""What the few-step student kept of its teacher: `python -m demos.distilled_steps.measure --data FOLDER --judge FOLDER`.

One picture a name for every run, from the same starting noise per name, judged by a CLIP that never saw Twemoji and took
no part in the training. The teacher's best sampler at the same number of evaluations is the best of all its samplers and
guidance scales as they are measured here; the student's scale is the one its recipe chose. Writes
weights/distilled_steps/metrics.json and the card. Pictures are kept in --work, so that a stopped run resumes; a part
that --only leaves out keeps its figures, where they are of the same weights and the same judge. About an hour on two cores.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch

from demos.base.devices import pick_device
from demos.base.diffusion.checkpoints import POCKET
from demos.base.diffusion.load import load_diffuser
from demos.base.diffusion.model import Diffuser
from demos.base.diffusion.recipe.samples import GUIDANCE, Kept, Walk, quick, time_picture
from demos.base.diffusion.recipe.scores import REAL, Names, Scored, Scorer, ask, score_novel
from demos.base.diffusion.samplers import DDIM, LCM
from demos.base.distill.costs import Costs, measure_costs
from demos.base.emoji.judge import diversity, interval, kernel_distance, paired_interval
from demos.base.emoji.table import default_data_folder
from demos.base.measured import describe_machine, hash_tensors, write_json
from demos.base.spec import WEIGHTS
from demos.distilled_steps import export
from demos.distilled_steps.card import write_card
from demos.distilled_steps.runs import EQUAL, PARTS, STUDENT, TEACHER, Run

REST = ("chinese", "novel", "seeds", "bill")
SEED_NAMES, SEEDS = 64, 4      # names whose pictures from several seeds are compared, and how many
LONG = Run(TEACHER, Walk(DDIM, "", 20), GUIDANCE)


class Bench(Scorer):
    """Both models, their pictures so far, and what judges them."""

    def __init__(self, options: argparse.Namespace) -> None:
        super().__init__(options.judge, options.data)
        known = {TEACHER: dataclasses.replace(POCKET, folder=options.teacher), STUDENT: export.checkpoint_of(options.weights)}
        self.folders = {name: checkpoint.folder / "unet" for name, checkpoint in known.items()}
        self.models: dict[str, Diffuser] = {name: load_diffuser(checkpoint, pick_device()) for name, checkpoint in known.items()}
        self.drawing = {name: quick(model) if options.compile else model for name, model in self.models.items()}
        self.weights = {name: hash_tensors(folder) for name, folder in self.folders.items()}
        self.work, self.size = options.work, options.names
        self._scored: dict[str, Scored] = {}

    def draw(self, run: Run, prompts: list[str], seeds: list[int]) -> np.ndarray:
        """(B, H, W, 3) uint8 pictures, drawn where they are not kept yet."""
        return Kept(self.work, self.weights[run.model], run.scale).draw(self.drawing[run.model], prompts, seeds, run.walk)

    def names_in(self, language: str) -> Names:
        """Those asked for."""
        return ask(self.rows, language).spread(self.size)

    def score(self, run: Run) -> Scored:
        """The run's pictures of English names, as the judge sees them."""
        if run.name not in self._scored:
            names = self.names_in("en")
            scored = self.score_pictures(self.draw(run, names.prompts, names.seeds), names)
            said = {"name": run.name, "model": run.model, "sampler": run.walk.sampler, "variance": run.walk.variance,
                    "steps": run.walk.steps, "scale": run.scale, "evaluations": run.evaluations}
            self._scored[run.name] = dataclasses.replace(scored, row=said | scored.row)
            print(json.dumps(self._scored[run.name].row), flush=True)
        return self._scored[run.name]


def run_of(row: dict) -> Run:
    """The run that a row of metrics.json is of."""
    return Run(row["model"], Walk(row["sampler"], row["variance"], row["steps"]), row["scale"])


def best(rows: Iterable[dict], evaluations: int) -> dict | None:
    """The row with the highest top-1 at so many evaluations."""
    return max((row for row in rows if row["evaluations"] == evaluations), key=lambda row: row["top1"], default=None)


def compare(bench: Bench, metrics: dict, scale: float) -> dict:
    """The student at EQUAL evaluations against the teacher's best there, paired by name, and how many the teacher needs."""
    own, rival = run_of({"model": STUDENT, "sampler": LCM, "variance": "", "steps": EQUAL, "scale": scale}), best(metrics["few"], EQUAL)
    scored = [bench.score(run) for run in (own, run_of(rival))]
    shared = sorted(scored[0].right.keys() & scored[1].right.keys())
    mean, low, high = paired_interval(*(np.array([one.right[row] for row in shared]) for one in scored))
    real = bench.real[REAL[0]].numpy()
    distances = [kernel_distance(np.stack([one.features[row] for row in shared]), real) for one in scored]
    rows = metrics["few"] + metrics.get("longer", [])
    enough = sorted((row for row in rows if row["top1"] >= scored[0].row["top1"]), key=lambda row: (row["evaluations"], -row["top1"]))
    return {"student": scored[0].row["name"], "teacher": rival["name"], "evaluations": EQUAL, "scale": scale,
            "mean": mean, "low": low, "high": high, "n": len(shared), "kid_student": distances[0], "kid_teacher": distances[1],
            "needed": enough[0]["evaluations"] if enough else None, "needed_by": enough[0]["name"] if enough else None,
            "most_asked": max(row["evaluations"] for row in rows), "best_of_all": max(rows, key=lambda row: row["top1"])["name"]}


def measure_chinese(bench: Bench, scale: float) -> dict:
    """Both models on Chinese names: the student's headline run, the teacher's long one."""
    names, found = bench.names_in("zh"), {}
    for run in (Run(STUDENT, Walk(LCM, "", EQUAL), scale), LONG):
        row = bench.score_pictures(bench.draw(run, names.prompts, names.seeds), names, "zh").row
        found[run.model] = {"name": run.name, **{key: row[key] for key in ("top1", "top1_low", "top1_high", "n")}}
    return found


def measure_seeds(bench: Bench, scale: float) -> dict:
    """How different the pictures of one prompt are: mean cosine distance between seeds, and its 95 % interval over names."""
    names, found = ask(bench.rows, "en", 400_000).spread(SEED_NAMES), {}
    for run in (Run(STUDENT, Walk(LCM, "", EQUAL), scale), LONG):
        seeds = [seed + 100_000 * number for seed in names.seeds for number in range(SEEDS)]
        pictures = bench.draw(run, [prompt for prompt in names.prompts for _ in range(SEEDS)], seeds)
        features = bench.judge.look(pictures).numpy().reshape(len(names.rows), SEEDS, -1)
        each = np.array([diversity(one) for one in features])
        low, high = interval(each)
        found[run.model] = {"name": run.name, "distance": float(each.mean()), "low": low, "high": high, "names": len(each), "seeds": SEEDS}
    return found


@torch.no_grad()
def measure_bill(bench: Bench, metrics: dict, scale: float) -> dict:
    """What an evaluation costs either model, and a picture by the runs that are compared."""
    found: dict[str, object] = {}
    for name, model in bench.models.items():
        noise, states, told = model.start(0), model.read("a red heart").states, [scale] if model.guidance_width else None
        costs: Costs = measure_costs(bench.folders[name], model.unet, lambda: model.predict(noise, [model.schedule.length - 1], states, told))
        found[name] = dataclasses.asdict(costs)
    compared = metrics.get("compared", {})
    asked = [Run(STUDENT, Walk(LCM, "", steps), scale) for steps in (1, 2, EQUAL)] + [LONG]
    asked += [run_of(row) for row in metrics.get("few", []) + metrics.get("longer", [])
              if row["name"] in (compared.get("teacher"), compared.get("needed_by"))]
    found["pictures"] = [{"name": run.name, "evaluations": run.evaluations, "operations": run.evaluations * found[run.model]["operations"],
                          "seconds": time_picture(bench.models[run.model], "a red heart", run.walk, run.scale)} for run in dict.fromkeys(asked)]
    return found | {"threads": torch.get_num_threads()}


def measure(part: str, bench: Bench, metrics: dict, options: argparse.Namespace, scale: float) -> object:
    """The figures of one part."""
    if part in PARTS:
        runs = [*PARTS[part](), *([Run(STUDENT, Walk(LCM, "", steps), scale) for steps in (1, 2, EQUAL)] if part == "student" else [])]
        return [bench.score(run).row for run in dict.fromkeys(runs)]
    if part == "chinese":
        return measure_chinese(bench, scale)
    if part == "seeds":
        return measure_seeds(bench, scale)
    if part == "bill":
        return measure_bill(bench, metrics, scale)
    return {run.model: score_novel(bench, options.data, lambda prompts, seeds, run=run: bench.draw(run, prompts, seeds))
            for run in (Run(STUDENT, Walk(LCM, "", EQUAL), scale), LONG)}


def main(arguments: list[str] | None = None) -> None:
    """Measure what is asked for, write metrics.json after each part, then the card."""
    options = parse(arguments)
    path = options.weights / "metrics.json"
    recipe = json.loads((options.weights / "recipe.json").read_text(encoding="utf-8"))
    scale = float(recipe["stages"]["scale"]["chosen"])
    bench = Bench(options)
    of = {"weights_sha256": bench.weights, "judge_sha256": hash_tensors(options.judge), "names": len(bench.names_in("en").rows)}
    metrics = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if any(metrics.get("measured", {}).get(key) != value for key, value in of.items()):
        metrics = {}                               # of other weights, by another judge, or of fewer names
    metrics |= {"judge": "a CLIP of the same recipe as the shipped one that never saw Twemoji", "names": len(bench.rows),
                "real": [bench.score_real(style) for style in REAL], "scale": scale}
    for part in options.only or (*PARTS, *REST):
        start = time.perf_counter()
        metrics[part] = measure(part, bench, metrics, options, scale)
        if metrics.get("few"):
            metrics["compared"] = compare(bench, metrics, scale)
        metrics["measured"] = {**describe_machine(), **of, "device": bench.models[STUDENT].device.label,
                               "drawn_in": "bfloat16, compiled" if options.compile else "float32", "timed_in": "float32, one picture alone"}
        write_json(path, metrics)
        print(f"{part}: {time.perf_counter() - start:.0f} seconds", flush=True)
    write_card(options.weights)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=default_data_folder())
    parser.add_argument("--judge", type=Path, required=True, help="the twin that never saw Twemoji, which the recipe of "
                        "clip_zero_shot leaves in its work folder")
    parser.add_argument("--weights", type=Path, default=export.FOLDER)
    parser.add_argument("--teacher", type=Path, default=POCKET.folder)
    parser.add_argument("--work", type=Path, default=WEIGHTS.parent / "runs" / "distilled_steps" / "samples")
    parser.add_argument("--only", choices=(*PARTS, *REST), action="append", help="measure this part alone (may be repeated)")
    parser.add_argument("--names", type=int, default=10**6, help="ask for so many names instead of all")
    parser.add_argument("--compile", action="store_true",
                        help="draw with a compiled network in bfloat16, about twice as fast (needs a C++ compiler)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
