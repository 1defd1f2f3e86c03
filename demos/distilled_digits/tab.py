"""The digits' tab: components and events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import gradio as gr
import numpy as np

from ..base.cards import read_record
from ..base.digits.data import CLASSES
from ..base.digits.drawing import read_drawing
from ..base.errors import UserError
from ..base.pictures import data_uri, picture_from_data_uri
from ..base.query import QueryField, choice_field, number_field
from ..base.spec import WEIGHTS
from ..ui.browser import browser_component
from ..ui.pairs import all_pairs
from ..ui.shell import Shell
from . import view
from .infer import draw
from .schema import BATCHES, COUNTS, HIGHEST, LOWEST, MAX_LOT, MAX_SEED, LotRequest, RaceRequest, Request, Strokes
from .spec import SPEC

FOLDER = WEIGHTS / SPEC.id
START = Strokes(1, 25)        # the digit on the page when it opens: the teacher thinks of a 7, too, as one student does
FARTHEST = 20                 # logits by which a link may move the missing digit's bias


def build(shell: Shell) -> None:
    t = shell.text
    recipe, metrics = records()
    config = {"demo": SPEC.id, **view.page_config(recipe, metrics, t)}
    shell.head()
    guess = shell.guess(digit=config["missing"]["digit"])
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=320, elem_classes=["controls"]):
            picture = browser_component("digits_input", {"source": "strokes", **vars(START)}, demo=SPEC.id, start=vars(START),
                                        picture=data_uri(draw(START)), most_seed=MAX_SEED, elem_id=f"{SPEC.id}-input",
                                        text=t.section("picture") | t.section("input"))
            run = gr.Button(t("controls.run"), variant="primary", elem_id=f"{SPEC.id}-run")
        with gr.Column(scale=8, min_width=320, elem_classes=["stage-column"]):
            shell.banner()
            stage = browser_component("digits_stage", **config, text=t.section("stage"), elem_id=f"{SPEC.id}-stage")
            facts = shell.facts()
            shell.take(_source)
    parts = {}
    for name in ("race", "lot", "missing"):
        browser_component("section_title", elem_classes=[f"control-{name}"],
                          text={key: t(f"{name}.{key}", digit=config["missing"]["digit"]) for key in ("title", "note")})
        banner = shell.banner(f"{name}-banner", area=f"{SPEC.id}-{name}")
        part = browser_component(f"digits_{name}", **config, text=t.section("take") | t.section("stage") | t.section("playback") | t.section(name),
                                 elem_id=f"{SPEC.id}-{name}", elem_classes=[f"control-{name}"])
        parts[name] = part, banner
        if name == "race":                         # which measures this pair on this machine
            all_pairs(shell)
        if name == "lot":
            _confusions(shell, recipe, metrics)
    shell.story(view.story_figure(metrics, t), **view.story_values(recipe, metrics, t))
    _remember(shell)

    outputs = [stage, facts, guess]
    shell.on([run.click, picture.input], lambda value: answer(shell, value), [picture], outputs, api_name="compare_digit")
    for name, respond in (("race", race_digits), ("lot", rank_lot)):
        part, banner = parts[name]
        ended = shell.on(part.input, lambda value, respond=respond: respond(shell, value), [part], [part], banner=banner)
        shell.when_ended(ended, f"epochs.digits.landed({name!r})")


def answer(shell: Shell, value: object) -> tuple:
    """-> values for the banner, the stage, the facts and the guess. Raises UserError."""
    from .infer import compare

    t = shell.text
    request, origin = read_picture(value)
    result = compare(request)
    return {}, view.stage_value(request, result, t, origin), view.facts_value(result, t), view.guess_value(records()[1], t)


def rank_lot(shell: Shell, value: object) -> tuple:
    """Digits of our own by how far teacher and student lie apart -> values for the banner and the lot. Raises UserError."""
    from .infer import judge_lot

    request = read_lot(value)
    return {}, view.lot_value(request, judge_lot(request), records()[0], shell.text) | _ticket(value)


def race_digits(shell: Shell, value: object) -> tuple:
    """Teacher and student on the same digits -> values for the banner and the race. Raises UserError."""
    from .infer import race

    request = RaceRequest(read_lot(value), _number(value, "batch", BATCHES[0]))
    return {}, view.race_value(request, race(request), shell.text) | _ticket(value)


def read_picture(value: object) -> tuple[Request, dict]:
    """What the input holds, as a request, and where it came from. Raises UserError."""
    if not isinstance(value, Mapping):
        raise UserError("drawing_empty")
    if value.get("source") == "strokes":
        strokes = Strokes(_number(value, "digit"), _number(value, "seed", 0), _number(value, "jitter", 1.0))
        return Request(draw(strokes), strokes.digit), {"source": "strokes", **vars(strokes)}
    if not value.get("data"):
        raise UserError("drawing_empty")
    ink = read_drawing(picture_from_data_uri(value["data"]))
    return Request(np.rint(255 * ink).astype(np.uint8)), {"source": "picture"}


def read_lot(value: object) -> LotRequest:
    """What a script of the page asks of our own digits. Raises UserError."""
    return LotRequest(_number(value, "count", COUNTS[1]), _number(value, "seed", 0), _number(value, "jitter", 1.0))


def records() -> tuple[dict, dict]:
    """The pair's recipe.json and metrics.json, each {} where there is none."""
    return read_record(FOLDER / "recipe.json"), read_record(FOLDER / "metrics.json")


def _number(value: object, key: str, otherwise: object = None) -> object:
    # A browser hands over 3.0 for 3; what is no number is refused by the request, in words.
    found = value.get(key, otherwise) if isinstance(value, Mapping) else otherwise
    return int(found) if isinstance(found, float) and found.is_integer() and key != "jitter" else found


def _ticket(value: object) -> dict:
    return {"ticket": value.get("ticket") if isinstance(value, Mapping) else None}


def _confusions(shell: Shell, recipe: dict, metrics: dict) -> None:
    """What was measured on the test digits, beside what was drawn here."""
    t = shell.text
    figures = view.confusion_figures(recipe, metrics, t)
    browser_component("section_title", elem_classes=["control-confusions"],
                      text={"title": t("confusion_figure.title"), "note": t("confusion_figure.note" if figures else "confusion_figure.unmeasured")})
    with gr.Row(equal_height=False, elem_classes=["control-confusions"]):
        for caption, figure in figures:
            with gr.Column(min_width=420):         # two beside each other: of four, the numbers would be too small to read
                browser_component("digits_caption", text={"caption": caption})
                browser_component("figure", figure, text=t.section("take"), elem_classes=["digits-confusion"])


def _remember(shell: Shell) -> None:
    """The scripts keep their own part of the address."""
    for field in (QueryField("digit", _parse_digit, START.digit), number_field("seed", START.seed, 0, MAX_SEED, whole=True),
                  number_field("jitter", START.jitter, 0, 1), number_field("temperature", 1.0, LOWEST, HIGHEST),
                  number_field("bias", "", -FARTHEST, FARTHEST), number_field("lot", 0, 0, MAX_LOT, whole=True),
                  number_field("lot_jitter", 1.0, 0, 1), _choice("count", COUNTS, COUNTS[1]), _choice("racers", COUNTS, COUNTS[1]),
                  _choice("batch", BATCHES, BATCHES[0])):
        shell.remember(field)


def _choice(name: str, choices: Sequence[int], default: int) -> QueryField:
    return choice_field(name, str(default), [str(one) for one in choices])


def _parse_digit(raw: str) -> int | str:
    # Empty: a link copied with a drawing, which stays behind.
    if raw and (not raw.isascii() or not raw.isdecimal() or int(raw) >= CLASSES):
        raise ValueError(f"digit: {raw!r}")
    return int(raw) if raw else ""


def _source():
    from .infer import compare

    return compare
