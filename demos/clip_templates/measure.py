"""What averaging the templates gains.

    python -m demos.clip_templates.measure --twin twemoji=WORK/twin_twemoji [--data FOLDER]

WORK is where the training recipe (demos.clip_zero_shot.train --work) left its twins.

Every emoji drawing is named among all names, by each template alone and by the three ensembles. A twin,
trained while a drawing style was hidden from it, is asked about that style; the shipped model has seen
them all. Once with the templates both were trained with, once with templates neither has read.

Writes weights/clip_templates/metrics.json. A few minutes on two cores.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..base.clip.checkpoints import POCKET
from ..base.clip.gallery import gallery
from ..base.clip.load import load_clip
from ..base.clip.model import ClipModel
from ..base.clip.question import SLOT
from ..base.clip.templates import read_templates
from ..base.clip.zero_shot import prompt_features
from ..base.devices import pick_device
from ..base.emoji.table import STYLES, default_data_folder, read_on_white
from ..base.measured import describe_machine, hash_tensors, write_json
from ..base.spec import WEIGHTS, Checkpoint
from ..base.text import LANGUAGES
from .data import read_unread_templates
from .ensembles import break_ties, count_votes, mean_length, mean_probabilities, mean_vector_cosines

RESAMPLES = 4_000
SLICE = 128                   # pictures scored at once: bounds the memory, changes nothing


@dataclass(frozen=True)
class Exam:
    """Pictures and the names they are asked among.

    image_features: (B, E) float32, unit length. names: N different texts. right: (B,) index of the name.
    """

    image_features: np.ndarray
    names: tuple[str, ...]
    right: np.ndarray


def make_exam(image_features: np.ndarray, places: np.ndarray, language: str) -> Exam:
    """The question in one language; an emoji without a name in it is not asked about."""
    names = [entry[f"name_{language}"] for entry in gallery().entries]
    # Where there is no Chinese name the gallery repeats the English one.
    named = [language == "en" or entry["name_en"] != entry["name_zh"] for entry in gallery().entries]
    listed = tuple(dict.fromkeys(name for name, is_named in zip(names, named) if is_named))
    index = {name: i for i, name in enumerate(listed)}
    asked = [row for row, place in enumerate(places) if named[place]]
    return Exam(image_features[asked], listed, np.array([index[names[places[row]]] for row in asked]))


def sit_exam(model: ClipModel, exam: Exam, prompts: np.ndarray, bare: int | None = None) -> dict[str, object]:
    """Accuracies of every template alone and of the three ensembles, and the mean vector's gains.

    prompts: (N, T, E) unit text features. bare: the template that is nothing but the name, if one is.
    """
    gram = prompts @ prompts.transpose(0, 2, 1)
    parts = [_mark(model, exam, prompts, gram, slice(start, start + SLICE))
             for start in range(0, len(exam.right), SLICE)]
    right = {way: np.concatenate([part[way] for part in parts], axis=-1) for way in parts[0]}
    each, mean, count = right["each"], right["mean_vector"], prompts.shape[1]          # (T, B), (B,)
    score = {way: float(right[way].mean()) for way in ("mean_vector", "mean_probability", "majority")}
    others = (gram.sum(axis=(1, 2)) - count) / (count * (count - 1))
    baselines = {"first": each[0], "average": each.mean(axis=0), "best": each[each.mean(axis=1).argmax()],
                 "majority": right["majority"], "mean_probability": right["mean_probability"]}
    if bare is not None:
        baselines["bare"] = each[bare]
    return {"n": len(exam.right), "names": len(exam.names), "each": each.mean(axis=1).tolist(), **score,
            "unanimous": float(right["unanimous"].mean()), "likeness": float(others.mean()),
            "length": float(mean_length(gram).mean()),
            "gain_over": {name: gain(mean, baseline) for name, baseline in baselines.items()}}


def _mark(model: ClipModel, exam: Exam, prompts: np.ndarray, gram: np.ndarray, rows: slice) -> dict[str, np.ndarray]:
    """Which answers are right, for some of the pictures: `each` (T, b), the others (b,)."""
    cosines = np.einsum("be,lte->tbl", exam.image_features[rows], prompts)
    shares = mean_probabilities(cosines, model.logit_scale, model.logit_bias)
    votes = count_votes(cosines)
    chosen = {"each": cosines.argmax(axis=-1), "mean_vector": mean_vector_cosines(cosines, gram).argmax(axis=-1),
              "mean_probability": shares.argmax(axis=-1), "majority": break_ties(votes, shares)}
    marks = {way: choice == exam.right[rows] for way, choice in chosen.items()}
    return marks | {"unanimous": votes.max(axis=-1) == len(cosines)}


def gain(ensemble: np.ndarray, baseline: np.ndarray, seed: int = 0) -> dict[str, float]:
    """Percentage points by which `ensemble` is right more often, with a 95 % interval.

    The interval is a paired bootstrap over the pictures (Efron 1979): each resample keeps or drops a
    picture for both, so what both find easy does not widen it.

    Args: (B,) bool or shares in [0, 1], the same pictures in the same order.
    """
    difference = 100 * (ensemble.astype(np.float64) - baseline.astype(np.float64))
    rng = np.random.default_rng(seed)
    resampled = [difference[rng.integers(0, len(difference), len(difference))].mean() for _ in range(RESAMPLES)]
    low, high = np.percentile(resampled, [2.5, 97.5])
    return {"points": float(difference.mean()), "low": float(low), "high": float(high)}


def measure_model(model: ClipModel, data: Path, styles: Iterable[str]) -> dict[str, dict]:
    """{style: {language: {learned, unread: figures of `sit_exam`}}}."""
    seen = {}
    for style in styles:
        pictures, places = read_on_white(data, style, [entry["key"] for entry in gallery().entries])
        seen[style] = model.image_features(pictures), places
    found = {style: {language: {} for language in LANGUAGES} for style in seen}
    for kind, templates in (("learned", read_templates()), ("unread", read_unread_templates())):
        for language in LANGUAGES:
            chosen = tuple(templates[language])
            exams = {style: make_exam(*pair, language) for style, pair in seen.items()}
            prompts = prompt_features(model, next(iter(exams.values())).names, chosen)
            bare = chosen.index(SLOT) if SLOT in chosen else None
            for style, exam in exams.items():
                found[style][language][kind] = sit_exam(model, exam, prompts, bare)
    return found


def open_twin(folder: Path) -> ClipModel:
    """An open_clip folder through the door a visitor's own folder takes."""
    return load_clip(Checkpoint(id=str(folder.resolve()), name=folder.name, licence="", parameters=0.0), pick_device())


def measure_all(data: Path, twins: dict[str, Path]) -> dict[str, object]:
    """The content of metrics.json. `twins`: style -> folder of a model that style was hidden from."""
    start = time.perf_counter()
    device = pick_device()
    seen = measure_model(load_clip(POCKET, device), data, STYLES)
    unseen = {}
    for folder in dict.fromkeys(twins.values()):   # one twin may lack several styles
        unseen |= measure_model(open_twin(folder), data, [style for style, own in twins.items() if own == folder])
    return {"measured": {**describe_machine(), "minutes": round((time.perf_counter() - start) / 60, 1)},
            "weights": {"shipped": hash_tensors(POCKET.folder),
                        **{f"twin_{style}": hash_tensors(folder) for style, folder in twins.items()}},
            "templates": {"learned": read_templates(), "unread": read_unread_templates()},
            "seen": seen, "unseen": unseen}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m demos.clip_templates.measure", description=__doc__)
    parser.add_argument("--data", type=Path, default=default_data_folder())
    parser.add_argument("--twin", action="append", default=[], metavar="STYLE=FOLDER",
                        help="an open_clip folder that never saw STYLE (may be repeated)")
    parser.add_argument("--out", type=Path, default=WEIGHTS / "clip_templates" / "metrics.json")
    options = parser.parse_args()
    twins = {style: Path(folder) for style, _, folder in (twin.partition("=") for twin in options.twin)}
    if unknown := sorted(set(twins) - set(STYLES)):
        parser.error(f"--twin: {unknown} is none of {STYLES}")
    if "twemoji" not in twins:
        parser.error("--twin twemoji=FOLDER is needed: the page asks about the hidden style")
    metrics = measure_all(options.data, twins)
    write_json(options.out, metrics)


if __name__ == "__main__":
    main()
