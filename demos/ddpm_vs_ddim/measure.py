"""Quality against cost of the pocket Stable Diffusion: `python -m demos.ddpm_vs_ddim.measure --judge FOLDER`.

One sample per name for every sampler and number of steps, from the same starting noise per name, judged
by a CLIP that never saw Twemoji. Writes weights/ddpm_vs_ddim/metrics.csv (a row per sampler and steps)
and metrics.json (real pictures' own scores, paired differences, novel combinations, machine). What is
finished is kept in --work, so that a stopped run resumes.
"""

import argparse
import csv
import json
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from demos.base.clip.checkpoints import POCKET as POCKET_CLIP
from demos.base.diffusion.checkpoints import POCKET
from demos.base.diffusion.load import load_diffuser
from demos.base.diffusion.model import Diffuser, Reading
from demos.base.diffusion.run import Column, take_steps
from demos.base.diffusion.samplers import make_sampler
from demos.base.devices import pick_device
from demos.base.emoji.table import EmojiRow, default_data_folder, read_on_white, read_rows
from demos.base.measured import describe_machine, hash_tensors, write_json
from demos.base.emoji.captions import LANGUAGES
from demos.ddpm_vs_ddim import export
from demos.ddpm_vs_ddim.judge import Judge, diversity, found, interval, kernel_distance, paired_interval

WEIGHTS = POCKET.folder.parent
GUIDANCE = 3.0
SAMPLERS = (("ddpm", "small"), ("ddpm", "large"), ("ddim", ""), ("dpm", ""), ("euler", ""))
STEPS = (1, 2, 4, 10, 20, 50, 100, 250)
LONG_STEPS, LONG_NAMES = 1000, 200
STYLE = "noto"
NOVEL_SAMPLES = 8
COLUMNS = ("sampler", "variance", "steps", "nfe", "n", "top1", "top1_low", "top1_high", "kid", "diversity", "seconds", "clip")


def draw_pictures(model: Diffuser, prompts: list[str], seeds: list[int], sampler: str, steps: int, *,
                  variance: str = "small", eta: float = 0.0, guidance: float = GUIDANCE, batch: int = 32) -> tuple[np.ndarray, float]:
    """(B, 64, 64, 3) uint8 pictures, one per prompt, and the seconds one picture took.

    A picture depends on its prompt and its own seed alone, not on what it is batched with.
    """
    pictures, spent = [], 0.0
    negative = model.read("")
    for first in range(0, len(prompts), batch):
        chosen = range(first, min(first + batch, len(prompts)))
        began = time.perf_counter()
        states = torch.cat([model.read(prompts[i]).states for i in chosen])
        start = torch.cat([model.start(seeds[i]) for i in chosen])
        generators = [torch.Generator().manual_seed(seeds[i] + 1) for i in chosen]
        timesteps = model.schedule.timesteps(steps)
        column = SeededColumn(make_sampler(sampler, model.schedule, timesteps, eta=eta, variance=variance or "small"), start,
                              Reading(states), Reading(negative.states.expand(len(states), -1, -1)), guidance, generators[0])
        column.generators = generators
        for _ in take_steps(model, [column]):
            pass
        pictures.append(model.decode(column.sample))
        spent += time.perf_counter() - began
    return np.concatenate(pictures), spent / len(prompts)


class SeededColumn(Column):
    """A column whose samples each draw their noise from a generator of their own."""

    generators: list[torch.Generator]

    def draw(self) -> torch.Tensor:
        shape = self.sample.shape[1:]
        return torch.stack([torch.randn(shape, generator=g) for g in self.generators]).to(self.sample.device)


@dataclass(frozen=True)
class Names:
    """What is asked for: the rows, their prompts in one language, a seed for each."""

    rows: list[EmojiRow]
    prompts: list[str]
    seeds: list[int]

    def first(self, size: int) -> "Names":
        """Every k-th name, about `size` of them, spread over all groups."""
        chosen = np.linspace(0, len(self.rows) - 1, size).round().astype(int).tolist()
        return Names(*([values[i] for i in chosen] for values in (self.rows, self.prompts, self.seeds)))


class Bench:
    """The model, the judge, the shipped CLIP, and what the judge thinks of real pictures."""

    def __init__(self, options: argparse.Namespace):
        self.model = load_diffuser(POCKET, pick_device())
        self.judge, self.shipped = Judge(options.judge), Judge(POCKET_CLIP.folder)
        rows = [row for row in read_rows(options.data) if row.main]
        self.names = {language: self.judge.read_names(rows, language) for language in LANGUAGES}
        self.rows, self.work = rows, options.work
        self.place = {row.key: number for number, row in enumerate(rows)}
        pictures, places = read_on_white(options.data, STYLE, [row.key for row in rows])
        self.real = self.judge.look(np.stack([np.asarray(picture) for picture in pictures]))
        self.real_rows = places.tolist()

    def asked(self, language: str = "en") -> Names:
        """Every name, with seeds that stay with the name."""
        prompts = [row.name_zh or row.name_en if language == "zh" else row.name_en for row in self.rows]
        return Names(self.rows, prompts, [10_000 + 2 * number for number in range(len(self.rows))])

    def run(self, sampler: str, variance: str, steps: int, names: Names, language: str = "en") -> dict:
        """Judge one sampler at one number of steps; kept in the work folder under its settings."""
        kept = self.work / f"{sampler}_{variance or 'none'}_{steps}_{language}_{len(names.rows)}.npz"
        if not kept.exists():
            pictures, seconds = draw_pictures(self.model, names.prompts, names.seeds, sampler, steps, variance=variance)
            np.savez_compressed(kept, pictures=pictures, seconds=seconds)
        with np.load(kept) as stored:
            pictures, seconds = stored["pictures"], float(stored["seconds"])
        features = self.judge.look(pictures)
        right = found(features, self.names[language], [self.place[row.key] for row in names.rows])
        clip = (self.shipped.look(pictures) * self.shipped.read(names.prompts)).sum(1)
        low, high = interval(right)
        return {"sampler": sampler, "variance": variance, "steps": steps, "nfe": 2 * steps, "n": len(names.rows),
                "top1": float(right.mean()), "top1_low": low, "top1_high": high,
                "kid": kernel_distance(features.numpy(), self.real.numpy()), "diversity": diversity(features.numpy()),
                "seconds": seconds, "clip": float(clip.mean()), "right": right}


def measure_curves(bench: Bench, options: argparse.Namespace) -> tuple[list[dict], dict[str, np.ndarray]]:
    """All rows of metrics.csv, and which names each run got right, for the paired differences."""
    plan = [(sampler, variance, steps) for steps in STEPS for sampler, variance in SAMPLERS]
    plan += [(sampler, variance, LONG_STEPS) for sampler, variance in SAMPLERS[:3]]
    every, few = bench.asked(), bench.asked().first(LONG_NAMES)
    rows, right = [], {}
    for sampler, variance, steps in plan:
        if steps > options.most_steps:
            continue
        row = bench.run(sampler, variance, steps, every if steps <= options.all_names_up_to else few)
        right[f"{sampler}_{variance}_{steps}".replace("__", "_")] = row.pop("right")
        print(json.dumps(row), flush=True)
        rows.append(row)
    return rows, right


def measure_novel(bench: Bench) -> dict:
    """Prompts the training never paired: share whose picture the judge ranks above their near misses."""
    lists = tomllib.loads(Path(__file__).with_name("novel.toml").read_text(encoding="utf-8"))["prompts"]
    results = []
    for number, entry in enumerate(lists):
        seeds = [50_000 + 100 * number + 2 * i for i in range(NOVEL_SAMPLES)]
        pictures, _ = draw_pictures(bench.model, [entry["prompt"]] * NOVEL_SAMPLES, seeds, "ddim", 50)
        features = bench.judge.look(pictures)
        texts = bench.judge.read([entry["means"], *entry["not"]])
        right = (features @ texts.T).argmax(1) == 0
        results.append({"prompt": entry["prompt"], "right": int(right.sum()), "of": NOVEL_SAMPLES})
    return {"prompts": results, "rate": sum(r["right"] for r in results) / sum(r["of"] for r in results)}


def write_csv(path: Path, rows: list[dict]) -> None:
    """metrics.csv, six digits a figure."""
    with open(path, "w", encoding="utf-8", newline="") as table:
        writer = csv.DictWriter(table, COLUMNS)
        writer.writeheader()
        writer.writerows({name: f"{row[name]:.6g}" if isinstance(row[name], float) else row[name] for name in COLUMNS}
                         for row in rows)


def main(arguments: list[str] | None = None) -> None:
    """Measure what is missing, write both files."""
    options = parse(arguments)
    options.work.mkdir(parents=True, exist_ok=True)
    bench = Bench(options)
    rows, right = measure_curves(bench, options)
    write_csv(options.out / "metrics.csv", rows)
    best = {f"{row['sampler']}_{row['variance']}_{row['steps']}".replace("__", "_"): row for row in rows}
    real = found(bench.real, bench.names["en"], bench.real_rows)
    metrics = {
        "measured": {**describe_machine(), "weights_sha256": hash_tensors(POCKET.folder / "unet")},
        "judge": "a CLIP of the same recipe as the shipped one that never saw Twemoji", "guidance": GUIDANCE,
        "names": len(bench.rows), "real": {"top1": float(real.mean()), "n": len(real), "diversity": diversity(bench.real.numpy())},
        "best": {name: row["top1"] for name, row in best.items()},
    }
    short, long = right.get("ddim_20"), right.get(f"ddpm_small_{LONG_STEPS}")
    if short is not None and long is not None:
        chosen = np.linspace(0, len(short) - 1, len(long)).round().astype(int)
        mean, low, high = paired_interval(short[chosen], long)
        metrics["ddim_20_less_ddpm_1000"] = {"mean": mean, "low": low, "high": high, "n": len(long)}
    chinese = bench.run("ddim", "", 20, bench.asked("zh"), "zh")
    metrics["chinese"] = {"top1": chinese["top1"], "low": chinese["top1_low"], "high": chinese["top1_high"], "n": chinese["n"]}
    metrics["novel"] = measure_novel(bench)
    write_json(options.out / "metrics.json", metrics)
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
    parser.add_argument("--all-names-up-to", type=int, default=max(STEPS),
                        help=f"runs of more steps are asked for {LONG_NAMES} names instead of all")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
