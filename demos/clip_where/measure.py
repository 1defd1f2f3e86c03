"""How far the heatmaps may be believed: `python -m demos.clip_where.measure --data ...`.

On emoji drawings, each asked about by its own name among NAMES names: the area under the deletion curve,
against random order. On scenes of two drawings side by side, asked about by both names: how much of a
label's positive relevance lies on the half that holds it. For the two methods shown and for those that
were not chosen (`alternatives.py`), all on the pocket model.

Writes weights/clip_where/metrics.json. About three minutes on two idle cores.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from PIL import Image

from ..base.clip.checkpoints import POCKET
from ..base.clip.gallery import gallery
from ..base.clip.load import load_clip
from ..base.clip.model import ClipModel
from ..base.clip.relevance import area, deletion, occlusion_maps, relevance_maps
from ..base.clip.templates import read_templates
from ..base.clip.zero_shot import classifier_weights
from ..base.devices import pick_device
from ..base.emoji.table import STYLES, default_data_folder, read_on_white, read_rows
from ..base.measured import describe_machine, hash_tensors, write_json
from ..base.spec import WEIGHTS
from .alternatives import ALTERNATIVES

METHODS = {"gradient": relevance_maps, "occlusion": occlusion_maps, **ALTERNATIVES}
# Things with a place of their own; a face fills its picture.
GROUPS = ("animals-nature", "food-drink", "travel-places", "objects", "activities")
NAMES = 20                    # among which a drawing is asked about
STEPS, ORDERS = 16, 5

Drawing = tuple[str, Image.Image]


def read_drawings(data: Path, count: int, rng: np.random.Generator) -> list[Drawing]:
    """`count` different emoji that the gallery holds, styles in turn: (English name, 64 x 64 picture on white)."""
    known = {entry["key"] for entry in gallery().entries}
    rows = {row.key: row.name_en for row in read_rows(data) if row.group in GROUPS and row.key in known}
    styles = {style: read_on_white(data, style, list(rows)) for style in STYLES}
    everywhere = sorted(set.intersection(*(set(places.tolist()) for _, places in styles.values())))
    drawings = []
    for number, place in enumerate(rng.choice(everywhere, count, replace=False)):
        pictures, places = styles[STYLES[number % len(STYLES)]]
        drawings.append((list(rows.values())[place], pictures[int(np.searchsorted(places, place))]))
    return drawings


def draw_scene(left: Image.Image, right: Image.Image) -> Image.Image:
    """Two drawings side by side on a white square of their size, each half as large."""
    scene = Image.new("RGB", left.size, "white")
    half = left.width // 2
    for number, drawing in enumerate((left, right)):
        scene.paste(drawing.resize((half - 2, half - 2), Image.Resampling.LANCZOS), (number * half + 1, half // 2 + 1))
    return scene


def examine_deletion(model: ClipModel, drawings: list[Drawing], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """{method, or "random": (N, 2) areas, by cosine and by probability}."""
    areas: dict[str, list] = {name: [] for name in (*METHODS, "random")}
    names = sorted({entry["name_en"] for entry in gallery().entries})
    for number, (name, picture) in enumerate(drawings):
        others = rng.choice([other for other in names if other != name], NAMES - 1, replace=False).tolist()
        weights = classifier_weights(model, (name, *others), (read_templates()["en"][0],))
        maps = [make(model, picture, weights[:1])[0] for make in METHODS.values()]
        # On the pocket model all maps have one grid, and so share their random orders.
        found = deletion(model, picture, weights, np.zeros(len(maps), int), np.stack(maps), steps=STEPS,
                         orders=ORDERS, seed=number)
        own = area(np.stack([found.cosines, found.probabilities], axis=1), found.shares)         # (M, 2)
        for method, pair in zip(METHODS, own, strict=True):
            areas[method].append(pair)
        areas["random"].append(area(np.stack([found.random_cosines[0], found.random_probabilities[0]]), found.shares))
    return {method: np.array(rows) for method, rows in areas.items()}


def examine_halves(model: ClipModel, drawings: list[Drawing]) -> dict[str, float]:
    """{method: mean share of a label's positive relevance on its own half} over scenes of neighbours."""
    shares: dict[str, list] = {name: [] for name in METHODS}
    for (left, one), (right, other) in zip(drawings[::2], drawings[1::2], strict=True):
        scene = draw_scene(one, other)
        weights = classifier_weights(model, (left, right), (read_templates()["en"][0],))
        for method, make in METHODS.items():
            maps = np.maximum(make(model, scene, weights), 0)
            halves = maps.reshape(2, maps.shape[1], 2, -1).sum(axis=(1, 3))                      # (labels, halves)
            shares[method].append((np.diag(halves) / np.maximum(halves.sum(axis=1), 1e-12)).mean())
    return {method: float(np.mean(rows)) for method, rows in shares.items()}


def measure(model: ClipModel, data: Path, pictures: int, scenes: int) -> dict:
    """The content of metrics.json."""
    start, rng = time.perf_counter(), np.random.default_rng(0)
    drawings = read_drawings(data, pictures + 2 * scenes, rng)
    areas = examine_deletion(model, drawings[:pictures], rng)
    halves = examine_halves(model, drawings[pictures:])

    def describe(method: str) -> dict[str, float]:
        by_cosine, by_probability = areas[method].mean(axis=0)
        return {"cosine_area": round(float(by_cosine), 4), "probability_area": round(float(by_probability), 4)}

    methods = [{"name": method, **describe(method), "right_half": round(halves[method], 4),
                "better_than_random": round(float((areas[method][:, 0] < areas["random"][:, 0]).mean()), 4)}
               for method in METHODS]
    minutes = round((time.perf_counter() - start) / 60, 1)
    return {"measured": describe_machine() | {"minutes": minutes}, "weights": hash_tensors(POCKET.folder),
            "pictures": pictures, "scenes": scenes, "names": NAMES, "random": describe("random"), "methods": methods}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=default_data_folder())
    parser.add_argument("--out", type=Path, default=WEIGHTS / "clip_where")
    parser.add_argument("--pictures", type=int, default=60)
    parser.add_argument("--scenes", type=int, default=40)
    chosen = parser.parse_args()
    metrics = measure(load_clip(POCKET, pick_device()), chosen.data, chosen.pictures, chosen.scenes)
    write_json(chosen.out / "metrics.json", metrics)
    for row in metrics["methods"]:
        print(row)


if __name__ == "__main__":
    main()
