"""Quality against cost of the pocket Stable Diffusion: `python -m demos.ddpm_vs_ddim.measure --judge FOLDER`.

One sample per name for every sampler and number of steps, from the same starting noise per name, judged
by a CLIP that never saw Twemoji. Writes weights/ddpm_vs_ddim/metrics.csv (a row per sampler and steps)
and metrics.json (real pictures' own scores, paired differences, new combinations, machine). Finished
pictures are kept in --work, so that a stopped run resumes, and a longer one takes them over.
"""

import argparse
import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from demos.base.devices import pick_device
from demos.base.diffusion.checkpoints import POCKET
from demos.base.diffusion.load import load_diffuser
from demos.base.diffusion.recipe.samples import GUIDANCE, Kept, Walk, quick, time_picture
from demos.base.diffusion.recipe.scores import REAL, Names, Scored, Scorer, ask, score_novel
from demos.base.emoji.judge import kernel_distance, paired_interval
from demos.base.emoji.table import default_data_folder
from demos.base.measured import describe_machine, hash_tensors, write_json
from demos.ddpm_vs_ddim import export

WEIGHTS = POCKET.folder.parent
SAMPLERS = (("ddpm", "small"), ("ddpm", "large"), ("ddim", ""), ("dpm", ""), ("euler", ""))
STEPS = (1, 2, 4, 10, 20, 50, 100, 250)
# Runs of LONG_STEPS are for LONG_NAMES names, and for the two samplers that the paper's claim is about.
LONG_STEPS, LONG_NAMES, LONG_SAMPLERS = 1000, 200, (("ddpm", "small"), ("ddim", ""))
NOVEL_WALK = Walk("ddim", "", 50)
COLUMNS = ("sampler", "variance", "steps", "nfe", "n", "top1", "top1_low", "top1_high", "kid", "diversity", "seconds", "clip")


class Bench(Scorer):
    """The model, its pictures so far, and what judges them."""

    def __init__(self, options: argparse.Namespace):
        super().__init__(options.judge, options.data)
        self.model = load_diffuser(POCKET, pick_device())
        self.drawing = quick(self.model) if options.compile else self.model
        self.weights = hash_tensors(POCKET.folder / "unet")
        self.kept = Kept(options.work, self.weights)

    def score(self, walk: Walk, names: Names, language: str = "en") -> Scored:
        """The pictures of a run, drawn where they are missing, as the judge sees them: a row of metrics.csv without its seconds."""
        scored = self.score_pictures(self.kept.draw(self.drawing, names.prompts, names.seeds, walk), names, language)
        said = {"sampler": walk.sampler, "variance": walk.variance, "steps": walk.steps, "nfe": 2 * walk.steps}
        return replace(scored, row=said | scored.row)


def plan(options: argparse.Namespace) -> list[tuple[Walk, int]]:
    """Every run and for how many names, the most telling ones first."""
    walks = [Walk(*sampler, steps) for steps in STEPS for sampler in SAMPLERS]
    walks += [Walk(*sampler, LONG_STEPS) for sampler in LONG_SAMPLERS]
    sized = [(walk, options.long_names if walk.steps == LONG_STEPS else options.middle_names if walk.steps > options.all_up_to
              else options.names) for walk in walks if walk.steps <= options.most_steps]
    headline = [Walk("ddim", "", 50), Walk("ddim", "", 20), Walk("ddpm", "small", LONG_STEPS)]
    return sorted(sized, key=lambda pair: headline.index(pair[0]) if pair[0] in headline else len(headline) + pair[0].steps)


def measure_curves(bench: Bench, options: argparse.Namespace) -> tuple[list[dict], dict[str, Scored]]:
    """All rows of metrics.csv in the order of STEPS, and every run by its name."""
    every = ask(bench.rows, "en")
    rows, scored = [], {}
    for walk, size in plan(options):
        # A headline run of all names also holds the fewer that longer ones are compared on.
        names = every if walk.name in ("ddim_50", "ddim_20") else every.spread(size)
        scored[walk.name] = bench.score(walk, names)
        rows.append(scored[walk.name].row)
        print(json.dumps(rows[-1]), flush=True)
    for row in rows:                               # after the drawing, when nothing else needs the processor
        row["seconds"] = time_picture(bench.model, "a red heart", Walk(row["sampler"], row["variance"], row["steps"]))
    order = [sampler for sampler, _ in dict.fromkeys(SAMPLERS)]
    return sorted(rows, key=lambda row: (row["steps"], order.index(row["sampler"]), row["variance"] != "small")), scored


def pair_all(scored: dict[str, Scored], real: np.ndarray) -> list[dict]:
    """Paired differences of top-1 over the names both runs drew, with 95 % intervals, and both kernel distances on them.

    Of every sampler less DDIM at the same steps, and of DDIM at every steps less DDPM's longest runs.
    """
    def steps(name: str) -> int:
        return int(name.rsplit("_", 1)[1])

    longest = max((steps(name) for name in scored if name.startswith("ddpm")), default=0)
    pairs = [(name, f"ddim_{steps(name)}") for name in scored if not name.startswith("ddim")]
    pairs += [(name, other) for name in scored if name.startswith("ddim") for other in scored
              if other.startswith("ddpm") and steps(other) == longest]
    found_pairs = []
    for first, second in dict.fromkeys(pairs):
        if second not in scored:
            continue
        both = [scored[name] for name in (first, second)]
        shared = sorted(both[0].right.keys() & both[1].right.keys())
        mean, low, high = paired_interval(*(np.array([one.right[row] for row in shared]) for one in both))
        distances = [kernel_distance(np.stack([one.features[row] for row in shared]), real) for one in both]
        found_pairs.append({"first": first, "second": second, "mean": mean, "low": low, "high": high, "n": len(shared),
                            "kid_first": distances[0], "kid_second": distances[1]})
    return found_pairs


def measure_novel(bench: Bench, data: Path) -> dict:
    """Prompts of novel.toml, as `score_novel` asks for them."""
    return score_novel(bench, data, lambda prompts, seeds: bench.kept.draw(bench.drawing, prompts, seeds, NOVEL_WALK))


def write_csv(path: Path, rows: list[dict]) -> None:
    """metrics.csv, six digits a figure."""
    with open(path, "w", encoding="utf-8", newline="") as table:
        writer = csv.DictWriter(table, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: f"{row[name]:.6g}" if isinstance(row[name], float) else row[name] for name in COLUMNS}
                         for row in rows)


def main(arguments: list[str] | None = None) -> None:
    """Measure what is missing, write both files and the card."""
    options = parse(arguments)
    bench = Bench(options)
    rows, scored = measure_curves(bench, options)
    write_csv(options.out / "metrics.csv", rows)
    chinese = bench.score(Walk("ddim", "", 20), ask(bench.rows, "zh").spread(options.names), "zh").row
    write_json(options.out / "metrics.json", {
        "measured": {**describe_machine(), "device": bench.model.device.label, "weights_sha256": bench.weights,
                     "drawn_in": "bfloat16, compiled" if options.compile else "float32", "timed_in": "float32, one picture alone"},
        "judge": "a CLIP of the same recipe as the shipped one that never saw Twemoji", "guidance": GUIDANCE,
        "names": len(bench.rows), "real": bench.score_real(REAL[0]), "real_unseen": bench.score_real(REAL[1]),
        "paired": pair_all(scored, bench.real[REAL[0]].numpy()), "chinese": {"top1": chinese["top1"], "low": chinese["top1_low"], "high": chinese["top1_high"],
                                               "n": chinese["n"]},
        "novel": measure_novel(bench, options.data)})
    export.write_card(options.out)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=default_data_folder())
    parser.add_argument("--judge", type=Path, required=True, help="the twin that never saw Twemoji, which the recipe of "
                        "clip_zero_shot leaves in its work folder")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--work", type=Path, default=WEIGHTS.parents[1] / "runs" / "ddpm_vs_ddim" / "samples")
    parser.add_argument("--most-steps", type=int, default=LONG_STEPS, help="leave out longer runs")
    parser.add_argument("--names", type=int, default=10**6, help="ask for so many names instead of all")
    parser.add_argument("--all-up-to", type=int, default=max(STEPS), help="runs of more steps are asked for --middle-names")
    parser.add_argument("--middle-names", type=int, default=LONG_NAMES)
    parser.add_argument("--long-names", type=int, default=LONG_NAMES, help=f"names for runs of {LONG_STEPS} steps")
    parser.add_argument("--compile", action="store_true",
                        help="draw with a compiled network in bfloat16, about twice as fast (needs a C++ compiler)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
