"""The recipe of the pocket CLIP: `python -m demos.clip_zero_shot.train`.

`trunk` learns from Noto alone, a style every run may see. The twins continue from it: `twemoji` never
sees Twemoji, `fluent` never sees either Fluent style. Each twin is a joint stage, which ends with the
text tower alone, and a short stage that aligns the vision tower with the finished texts. The shipped
model, `none`, has nothing to hide from and continues from the Twemoji twin with all four styles.
Stages resume where they stopped. On several cores, one process each is faster than threads:
`OMP_NUM_THREADS=1 torchrun --nproc-per-node 2 -m demos.clip_zero_shot.train`.
"""

import argparse
import dataclasses
import json
import os
import random
from pathlib import Path

import torch
import torch.distributed as dist

from demos.base.clip.templates import read_templates
from demos.base.devices import pick_device
from demos.base.emoji.table import STYLES, EmojiRow, default_data_folder, hash_data, read_rows
from demos.base.measured import describe_machine, hash_weights, library_versions, write_json
from demos.base.tokenizer import load_tokenizer
from demos.clip_zero_shot import export, measure
from demos.base.emoji.batches import PictureSource
from demos.base.emoji.captions import Captioner
from demos.base.emoji.bank import read_bank
from demos.clip_zero_shot.fit import Settings, Student, fit, polish_texts
from demos.base.training import is_first
from demos.clip_zero_shot.towers import build_clip, start_patches

ROOT = Path(__file__).resolve().parents[2]
# Which styles each run must not see.
HELD_OUT = {"none": (), "twemoji": ("twemoji",), "fluent": ("fluent3d", "fluentflat")}


@dataclasses.dataclass(frozen=True)
class Stage:
    """One run of the loop: which styles it sees, what it starts from, how it is trained."""

    styles: tuple[str, ...]
    init: str | None
    settings: Settings
    seed: int


def seen_styles(holdout: str) -> tuple[str, ...]:
    """The styles a run may see."""
    return tuple(style for style in STYLES if style not in HELD_OUT[holdout])


ALIGN = Settings(text_from=0.0, gentle=0.0, rate=8e-4, freeze_text=True, named_weight=2.0, extra_captions=0,
                 text_steps=0, bank_every=10, ema=0.98)
STAGES = {
    "trunk": Stage(("noto",), None, Settings(
        steps=460, text_from=1.1, text_steps=0, gentle=1.0, end_rate=0.6, ema=0.98), 0),
    "twemoji_joint": Stage(seen_styles("twemoji"), "trunk", Settings(steps=2100, text_from=0.2, gentle=0.12), 1),
    "twemoji": Stage(seen_styles("twemoji"), "twemoji_joint", dataclasses.replace(ALIGN, steps=370), 4),
    "fluent_joint": Stage(seen_styles("fluent"), "trunk", Settings(
        steps=1030, text_from=0.25, gentle=0.12, text_steps=500), 2),
    "fluent": Stage(seen_styles("fluent"), "fluent_joint", dataclasses.replace(ALIGN, steps=230, ema=0.97), 5),
    "none": Stage(seen_styles("none"), "twemoji", Settings(
        steps=800, text_from=0.0, gentle=0.0, rate=1.2e-3, bank_every=20, text_steps=930, kinds=0.22,
        ema=0.99), 3),
}


def make_tokenize(context_length: int):
    """texts -> (B, L) ids, cleaned as open_clip cleans them and padded to the longest only."""
    from open_clip.tokenizer import get_clean_fn

    tokenizer, clean = load_tokenizer(), get_clean_fn("whitespace")

    def tokenize(texts: list[str]) -> torch.Tensor:
        return tokenizer([clean(text) for text in texts], return_tensors="pt", padding=True, truncation=True,
                         max_length=context_length).input_ids.to(torch.get_default_device())
    return tokenize


def run_stage(name: str, rows: list[EmojiRow], options: argparse.Namespace) -> Student:
    """Train a stage and what it starts from, or load what is finished; returns the moving average."""
    stage = STAGES[name]
    settings = dataclasses.replace(stage.settings, **options.overrides)
    record, final = options.work / f"{name}.json", options.work / f"{name}.final.pt"
    torch.manual_seed(stage.seed)
    student = Student(build_clip(), len(rows))
    if record.exists() and json.loads(record.read_text(encoding="utf-8"))["steps"] >= settings.steps:
        student.load_state_dict(torch.load(final, weights_only=True, map_location=torch.get_default_device())["average"])
        return student.eval()
    source = PictureSource(read_bank(options.data, rows, stage.styles))
    if stage.init:
        student.load_state_dict(run_stage(stage.init, rows, options).state_dict())
    else:
        start_patches(student.clip.visual, source.singles(256)[2])
    rank = dist.get_rank() if dist.is_initialized() else 0
    torch.manual_seed(1000 * (stage.seed + 1) + rank)
    captioner = Captioner(rows, random.Random(1000 * (stage.seed + 1) + rank))
    tokenize = make_tokenize(student.clip.context_length)

    def report(step: int, spent: float, average, parts: dict) -> None:
        if is_first():
            print(json.dumps({"stage": name, "step": step, "seconds": round(spent), **parts}), flush=True)

    student, schedule = fit(student, source, captioner, tokenize, settings, options.work / f"{name}.pt", report)
    seconds = schedule.spent
    if settings.text_steps:
        student, polishing = polish_texts(student, captioner, tokenize, settings, report)
        seconds += polishing
    if is_first():
        torch.save({"average": student.state_dict()}, final)
        write_json(record, {
            "styles": stage.styles, "init": stage.init, "seed": stage.seed, "steps": schedule.step,
            "minutes": round(seconds / 60, 2), "device": options.device, "settings": dataclasses.asdict(settings),
            "processes": dist.get_world_size() if dist.is_initialized() else 1})
    return student


def golden_texts(rows: list[EmojiRow]) -> list[str]:
    """Captions in both languages, one with capitals and loose spaces."""
    templates = read_templates()
    return [templates["en"][0].replace("{}", rows[0].name_en), f"  Two   {rows[1].name_en.upper()} ",
            templates["zh"][0].replace("{}", rows[0].name_zh), rows[1].name_zh]


def write_shipped(students: dict[str, Student], rows: list[EmojiRow], options: argparse.Namespace) -> None:
    """Export the shipped model and the twins, measure them, and write the recipe and the card."""
    everything = read_bank(options.data, rows, STYLES)
    export.write_pocket(students["none"].clip, options.out / "pocket")
    shipped = measure.Folder(options.out / "pocket")
    features = measure.gallery_features(shipped, rows, everything)
    export.write_gallery(options.out, rows, features)
    export.write_golden(options.out, options.out / "pocket", golden_texts(rows))
    metrics = {
        "measured": {**describe_machine(), "threads": torch.get_num_threads()},
        "parameters": sum(p.numel() for p in shipped.model.parameters()),
        "zero_shot": {"shipped_seen": measure.measure_zero_shot(shipped, rows, everything)},
        "scenes": {"shipped_seen": measure.measure_scenes(shipped, rows, everything)},
        "sketches": {"shipped": measure.measure_sketches(shipped, options.data)},
        "out_of_domain": {"method": "one minus the cosine to the nearest emoji of the gallery; with_picture adds the "
                                    "share of the picture that is not flat"},
    }
    domain = measure.measure_domain(shipped, everything, features["image_features"], options.data)
    metrics["out_of_domain"] |= {**domain["features"], "with_picture": domain["with_picture"]}
    for name in ("twemoji", "fluent"):
        for part, figures in measure_twin(name, students[name], rows, options).items():
            metrics.setdefault(part, {}).update(figures)
    stages = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(options.work.glob("*.json"))}
    metrics["measured"]["minutes"] = round(sum(stage["minutes"] for stage in stages.values()), 1)
    write_json(options.out / "metrics.json", metrics)
    write_json(options.out / "recipe.json", {
        "command": "python -m demos.clip_zero_shot.train", "stages": stages, "notes": options.notes,
        "data": hash_data(options.data), "libraries": library_versions(export.LIBRARIES),
        "device": describe_machine()["machine"], "precision": "bfloat16 products, float32 weights",
        "weights_sha256": hash_weights(options.out)})
    export.write_card(options.out, metrics, options.notes)


def measure_twin(name: str, student: Student, rows: list[EmojiRow], options: argparse.Namespace) -> dict[str, dict]:
    """A twin's figures on the styles it never saw, by part of metrics.json; kept beside the twin."""
    folder, final = options.work / f"twin_{name}", options.work / f"{name}.final.pt"
    kept = folder / "figures.json"
    if kept.exists() and kept.stat().st_mtime > final.stat().st_mtime:
        return json.loads(kept.read_text(encoding="utf-8"))
    export.write_pocket(student.clip, folder)
    twin, unseen = measure.Folder(folder), read_bank(options.data, rows, HELD_OUT[name])
    gallery = measure.gallery_features(twin, rows, read_bank(options.data, rows, seen_styles(name)))
    domain = measure.measure_domain(twin, unseen, gallery["image_features"], options.data)
    domain = {kind: {key: value for key, value in figures.items() if key.startswith("auroc")}
              for kind, figures in domain.items()}
    scores = measure.measure_zero_shot(twin, rows, unseen)
    figures = {
        "per_group": {f"unseen_{style}": scores[style].pop("per_group") for style in unseen.styles},
        "zero_shot": {f"unseen_{style}": scores[style] for style in unseen.styles},
        "scenes": {f"unseen_{name}": measure.measure_scenes(twin, rows, unseen)},
        "sketches": {f"twin_{name}": measure.measure_sketches(twin, options.data)},
        "out_of_domain": {f"unseen_{name}": domain},
    }
    write_json(kept, figures)
    return figures


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Options of the command line; settings not named here stand in STAGES."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=default_data_folder())
    parser.add_argument("--out", type=Path, default=ROOT / "weights" / "clip_zero_shot")
    parser.add_argument("--device", help="cpu, cuda or cuda:1; by default the best one found")
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "clip_zero_shot",
                        help="checkpoints and twins, kept between calls so that a run can resume")
    parser.add_argument("--holdout", choices=[*HELD_OUT, "all"], default="all",
                        help="train one run only; `all` trains every run, measures and ships")
    parser.add_argument("--steps", type=int, help="steps of every stage, instead of the recipe's own")
    parser.add_argument("--text-steps", type=int, help="steps of the text tower alone after every stage")
    parser.add_argument("--batch", type=int, help="pictures per step and process")
    parser.add_argument("--notes", default="", help="a sentence for the recipe and the card")
    options = parser.parse_args(arguments)
    options.overrides = {name: value for name, value in (
        ("steps", options.steps), ("batch", options.batch), ("text_steps", options.text_steps)) if value is not None}
    return options


def main(arguments: list[str] | None = None) -> None:
    """Train, measure, write."""
    options = parse(arguments)
    options.device = options.device or pick_device().name
    if options.device == "cuda" and "LOCAL_RANK" in os.environ:   # a process of several takes its own card
        options.device = f"cuda:{os.environ['LOCAL_RANK']}"
    torch.set_default_device(options.device)       # all that a stage makes lies there
    if "RANK" in os.environ and not dist.is_initialized():
        dist.init_process_group("nccl" if options.device.startswith("cuda") else "gloo")
    options.work.mkdir(parents=True, exist_ok=True)
    options.out.mkdir(parents=True, exist_ok=True)
    rows = [row for row in read_rows(options.data) if row.main]
    names = list(HELD_OUT) if options.holdout == "all" else [options.holdout]
    students = {name: run_stage(name, rows, options).cpu() for name in names}
    torch.set_default_device("cpu")                # measuring is the page's own code, on a CPU
    if is_first() and options.holdout == "all":
        write_shipped(students, rows, options)


if __name__ == "__main__":
    main()
