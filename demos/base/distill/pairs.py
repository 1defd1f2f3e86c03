"""Every measured pair of a teacher and its student: what an answer costs and what was kept, as shares of the teacher's.

All figures are read from what each demo's `measure` wrote, weights/<demo>/metrics.json. Importing this loads no torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..measured import read_metrics
from ..provenance import measured_badge
from ..spec import WEIGHTS
from ..text import Text

DIGITS, TEXT, DIFFUSION = PAIRS = ("distilled_digits", "distilled_text", "distilled_steps")
# Those that have a tab on the page.
OFFERED = tuple(demo for demo in PAIRS if (Path(__file__).parents[2] / demo / "spec.py").exists())
PRICES = ("parameters", "nbytes", "operations", "milliseconds")
TEACHER, STUDENT = "teacher", "student"
_SHORT = {DIGITS: "digits", TEXT: "text", DIFFUSION: "diffusion"}
_WRITTEN = {"accuracy": "{:.2%}", "bits": "{:.3f}", "top1": "{:.1%}"}


@dataclass(frozen=True)
class Model:
    """One network as it was measured.

    Attributes:
        name: TEACHER, STUDENT, or what makes it a control: "labels", "missing", "alone", "hurried".
        costs: of one answer, by PRICES; bytes and parameters are the network's, however often it is asked for an answer.
        quality: in the pair's own measure.
        passes: of the network, an answer.
        network: TEACHER or STUDENT where it is that one's network in size and operations, so that its milliseconds are
            that one's times its passes; "" where it is neither's.
    """

    name: str
    costs: Mapping[str, float]
    quality: float
    passes: int = 1
    network: str = ""


@dataclass(frozen=True)
class Pair:
    """A teacher, its student and their controls.

    Attributes:
        demo: its folder's name.
        measure: "accuracy", "bits" (a byte of text; less is better) or "top1".
        models: the student first, then the controls.
        count: of test pictures, of bytes, of names.
        measured: when and where, as `describe_machine` says it.
    """

    demo: str
    measure: str
    teacher: Model
    models: tuple[Model, ...]
    count: int
    measured: Mapping[str, object] = field(repr=False)

    def kept(self, model: Model) -> float:
        """The quality as a share of the teacher's: 1 is as good, more is better."""
        own, teacher = model.quality, self.teacher.quality
        return teacher / own if self.measure == "bits" else own / teacher

    def shares(self, model: Model) -> dict[str, float]:
        """What an answer costs, by PRICES, as a share of what one of the teacher's does."""
        return {price: model.costs[price] / self.teacher.costs[price] for price in PRICES}


def read_pairs(root: Path = WEIGHTS) -> list[Pair]:
    """The pairs whose figures lie in `root` and are whole, in the order of PAIRS."""
    found = []
    for demo in PAIRS:
        if not (root / demo / "metrics.json").exists():
            continue
        try:
            found.append(READERS[demo](read_metrics(demo, root)))
        except LookupError:                        # a part has not been measured yet
            continue
    return found


def read_digits(metrics: Mapping) -> Pair:
    """Of the students that are shipped, the first seed's. Raises LookupError where a figure is missing."""
    models = metrics["models"]

    def model(key: str, said: str) -> Model:
        return Model(said, _costs(models[key]), 1 - models[key]["error"])

    controls = [model(key, said) for key, said in (("hard", "labels"), ("missing", "missing")) if key in models]
    return _pair(DIGITS, "accuracy", model("teacher", TEACHER), (model("distilled", STUDENT), *controls), metrics["test_images"], metrics)


def read_text(metrics: Mapping) -> Pair:
    """Of all domains together, and of a token written after others. Raises LookupError where a figure is missing."""
    whole, bill = metrics["text"]["all"], metrics["bill"]

    def model(key: str, said: str) -> Model:
        return Model(said, _costs(bill[key] | {"milliseconds": bill[key]["milliseconds"]["cached"]}), whole["bits"][key])

    controls = [model("control", "alone")] if "control" in bill else []
    return _pair(TEXT, "bits", model("teacher", TEACHER), (model("distilled", STUDENT), *controls), whole["bytes"], metrics)


def read_diffusion(metrics: Mapping) -> Pair:
    """The student at its own number of steps, and as a control the teacher's best run of as many evaluations, against the
    teacher's best of all. Raises LookupError where a figure is missing."""
    rows = {row["name"]: row for part in ("student", "few", "longer") for row in metrics[part]}
    found, bill = metrics["compared"], metrics["bill"]

    def model(run: str, said: str) -> Model:
        row, one = rows[run], bill[rows[run]["model"]]
        passes = row["evaluations"]
        costs = _costs(one | {key: passes * one[key] for key in ("operations", "milliseconds")})
        return Model(said, costs, row["top1"], passes, row["model"])

    return _pair(DIFFUSION, "top1", model(found["best_of_all"], TEACHER),
                 (model(found["student"], STUDENT), model(found["teacher"], "hurried")), found["n"], metrics)


READERS = {DIGITS: read_digits, TEXT: read_text, DIFFUSION: read_diffusion}


def pairs_value(pairs: Iterable[Pair], text: Text) -> dict:
    """For the browser's chart: every mark with its shares, in words what each quality is, and which pairs of the page are not."""
    pairs = list(pairs)
    names = {demo: text(f"all_pairs.{_SHORT[demo]}") for demo in PAIRS}
    absent = [names[demo] for demo in OFFERED if demo not in {pair.demo for pair in pairs}]
    return {"pairs": [_value(pair, names[pair.demo], text) for pair in pairs], "prices": list(PRICES),
            "absent": text("all_pairs.absent", names=text("all_pairs.comma").join(absent)) if absent and pairs else ""}


def _value(pair: Pair, name: str, text: Text) -> dict:
    student = pair.models[0]
    return {"demo": pair.demo, "name": name, "badge": measured_badge(pair.measured, text), "passes": pair.teacher.passes,
            "quality": text(f"all_pairs.{pair.measure}", n=f"{pair.count:,}", student=student.passes, teacher=pair.teacher.passes),
            "best": _WRITTEN[pair.measure].format(pair.teacher.quality), "costs": dict(pair.teacher.costs),
            "marks": [{"name": text(f"all_pairs.{model.name}", n=model.passes), "own": model is student, "kept": round(pair.kept(model), 5),
                       "quality": _WRITTEN[pair.measure].format(model.quality), "costs": dict(model.costs),
                       "shares": {price: float(f"{share:.5g}") for price, share in pair.shares(model).items()},
                       "passes": model.passes, "network": model.network} for model in pair.models]}


def _pair(demo: str, measure: str, teacher: Model, models: tuple[Model, ...], count: int, metrics: Mapping) -> Pair:
    """With each model's network named. Raises LookupError where there is nothing to take a share of."""
    def size(model: Model) -> tuple[float, float]:
        return model.costs["parameters"], model.costs["operations"] / model.passes

    below = [teacher.quality, *teacher.costs.values(), *(model.quality for model in models if measure == "bits")]
    if not all(value > 0 for value in below):
        raise LookupError(f"{demo}: a figure that others are shares of is not above 0")
    networks = {size(teacher): TEACHER, size(models[0]): STUDENT}
    named = tuple(Model(**vars(model) | {"network": networks.get(size(model), "")}) for model in models)
    return Pair(demo, measure, teacher, named, count, metrics["measured"])


def _costs(bill: Mapping) -> dict[str, float]:
    return {price: bill[price] for price in PRICES}
