"""Quality against cost of the pocket Stable Diffusion: `python -m demos.ddpm_vs_ddim.measure --judge FOLDER`.

One sample per name for every sampler and number of steps, from the same starting noise per name, judged
by a CLIP that never saw Twemoji. Writes weights/ddpm_vs_ddim/metrics.csv (a row per sampler and steps)
and metrics.json (real pictures' own scores, paired differences, new combinations, machine). Finished
pictures are kept in --work, so that a stopped run resumes, and a longer one takes them over.
"""

import argparse
import csv
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from demos.base.devices import pick_device
from demos.base.diffusion.checkpoints import POCKET
from demos.base.diffusion.load import load_diffuser
from demos.base.clip.checkpoints import POCKET as POCKET_CLIP
from demos.base.emoji.captions import LANGUAGES
from demos.base.emoji.table import EmojiRow, default_data_folder, read_on_white, read_rows
from demos.base.measured import describe_machine, hash_tensors, write_json
from demos.ddpm_vs_ddim import export
from demos.ddpm_vs_ddim.judge import Judge, diversity, found, interval, kernel_distance, paired_interval
from demos.ddpm_vs_ddim.pictures import Missing
from demos.ddpm_vs_ddim.samples import GUIDANCE, Kept, Walk, quick, time_picture

WEIGHTS = POCKET.folder.parent
SAMPLERS = (("ddpm", "small"), ("ddpm", "large"), ("ddim", ""), ("dpm", ""), ("euler", ""))
STEPS = (1, 2, 4, 10, 20, 50, 100, 250)
# Runs of LONG_STEPS are for LONG_NAMES names, and for the two samplers that the paper's claim is about.
LONG_STEPS, LONG_NAMES, LONG_SAMPLERS = 1000, 200, (("ddpm", "small"), ("ddim", ""))
# The drawings the bare names were taught with, and those that the judge never saw.
REAL = ("noto", "twemoji")
NOVEL_SAMPLES, NOVEL_WALK = 8, Walk("ddim", "", 50)
COLUMNS = ("sampler", "variance", "steps", "nfe", "n", "top1", "top1_low", "top1_high", "kid", "diversity", "seconds", "clip")


@dataclass(frozen=True)
class Names:
    """What is asked for: the rows' places in the table, their prompts in one language, a seed for each."""

    rows: list[int]
    prompts: list[str]
    seeds: list[int]

    def spread(self, size: int) -> "Names":
        """`size` of them, spread evenly over the table and so over all groups; all where there are no more."""
        if size >= len(self.rows):
            return self
        chosen = np.linspace(0, len(self.rows) - 1, size).round().astype(int).tolist()
        return Names(*([values[i] for i in chosen] for values in (self.rows, self.prompts, self.seeds)))


def ask(rows: list[EmojiRow], language: str) -> Names:
    """Every name, with seeds that stay with the name in both languages."""
    prompts = [row.name_zh or row.name_en if language == "zh" else row.name_en for row in rows]
    return Names(list(range(len(rows))), prompts, [10_000 + 2 * number for number in range(len(rows))])


@dataclass(frozen=True)
class Scored:
    """A run's row of metrics.csv without its seconds; for each name whether its picture was recognised, and the
    judge's features of it, (E,) each."""

    row: dict
    right: dict[int, bool]
    features: dict[int, np.ndarray]


class Bench:
    """The model, the judge, the shipped CLIP, the names, and what the judge thinks of real pictures."""

    def __init__(self, options: argparse.Namespace):
        self.model = load_diffuser(POCKET, pick_device())
        self.drawing = quick(self.model) if options.compile else self.model
        self.weights = hash_tensors(POCKET.folder / "unet")
        self.kept = Kept(options.work, self.weights)
        self.judge, self.shipped = Judge(options.judge), Judge(POCKET_CLIP.folder)
        self.rows = [row for row in read_rows(options.data) if row.main]
        self.names = {language: self.judge.read_names(self.rows, language) for language in LANGUAGES}
        self.real, self.real_rows = {}, {}
        for style in REAL:
            pictures, places = read_on_white(options.data, style, [row.key for row in self.rows])
            self.real[style] = self.judge.look(np.stack([np.asarray(picture) for picture in pictures]))
            self.real_rows[style] = places.tolist()

    def score(self, walk: Walk, names: Names, language: str = "en") -> Scored:
        """The pictures of a run, drawn where they are missing, as the judge sees them."""
        pictures = self.kept.draw(self.drawing, names.prompts, names.seeds, walk)
        features = self.judge.look(pictures)
        right = found(features, self.names[language], names.rows)
        clip = (self.shipped.look(pictures) * self.shipped.read(names.prompts)).sum(1)
        low, high = interval(right)
        row = {"sampler": walk.sampler, "variance": walk.variance, "steps": walk.steps, "nfe": 2 * walk.steps, "n": len(right),
               "top1": float(right.mean()), "top1_low": low, "top1_high": high,
               "kid": kernel_distance(features.numpy(), self.real[REAL[0]].numpy()),
               "diversity": diversity(features.numpy()), "clip": float(clip.mean())}
        return Scored(row, dict(zip(names.rows, right.tolist())), dict(zip(names.rows, features.numpy())))

    def score_real(self, style: str) -> dict:
        """What real drawings of a style score, against the same figures of the first style."""
        features, right = self.real[style], found(self.real[style], self.names["en"], self.real_rows[style])
        return {"style": style, "top1": float(right.mean()), "n": len(right), "diversity": diversity(features.numpy()),
                "kid": 0.0 if style == REAL[0] else kernel_distance(features.numpy(), self.real[REAL[0]].numpy())}


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
    """Prompts of novel.toml: share whose picture the judge ranks above their near misses, new ones and drawn ones apart."""
    entries = tomllib.loads(Path(__file__).with_name("novel.toml").read_text(encoding="utf-8"))["prompts"]
    missing = Missing(bench.rows, data)
    results, right = [], {"new": [], "drawn": []}
    for number, entry in enumerate(entries):
        if not entry.get("drawn"):
            missing.check(entry)
        seeds = [50_000 + 100 * number + 2 * i for i in range(NOVEL_SAMPLES)]
        features = bench.judge.look(bench.kept.draw(bench.drawing, [entry["prompt"]] * NOVEL_SAMPLES, seeds, NOVEL_WALK))
        preferred = ((features @ bench.judge.read([entry["means"], *entry["not"]]).T).argmax(1) == 0).numpy()
        right["drawn" if entry.get("drawn") else "new"].append(preferred.mean())
        results.append({"prompt": entry["prompt"], "right": int(preferred.sum()), "of": NOVEL_SAMPLES, "drawn": bool(entry.get("drawn"))})
    chance = 1 / (1 + len(entries[0]["not"]))
    rates = {}
    for kind, shares in right.items():              # prompts, not pictures, are what was sampled
        low, high = interval(np.array(shares))
        rates[kind] = {"rate": float(np.mean(shares)), "low": low, "high": high, "prompts": len(shares)}
    return {"prompts": results, "chance": chance, **rates}


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
