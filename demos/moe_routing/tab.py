"""The routing tab: components and events."""

from __future__ import annotations

from collections.abc import Mapping

from ..base.errors import UserError
from ..base.language.typed import beyond, read_text
from ..base.moe.checkpoints import mixture_of
from ..base.query import choice_field, number_field
from ..ui.browser import browser_component
from ..ui.moe import TEXT_LIMIT, MixtureControls
from ..ui.picker import chosen_id, ensure_here
from ..ui.shell import Shell
from . import view
from .schema import Request

FACTOR_LOW, FACTOR_HIGH = 0.5, 3.0     # of the capacity that an expert may be given
PAIRS = ("together", "onward")
MOST_LAYERS, MOST_EXPERTS, MOST_PLACES = 200, 1000, 1000


def build(shell: Shell) -> None:
    t, id = shell.text, shell.demo.id
    metrics = view.measured()
    shell.head()
    guess = shell.guess()
    controls = MixtureControls(shell, lines=3, wide=True)
    shell.banner()
    progress = shell.banner("progress")
    asks, reply = browser_component("moe_asks"), browser_component("moe_reply")
    stage = browser_component("moe_stage", demo=id, factors=[FACTOR_LOW, FACTOR_HIGH], live=view.run_badge(t),
                              start=controls.text.value, first=controls.picker.known[0].id, longest=TEXT_LIMIT, elem_id=f"{id}-stage",
                              text=t.section("moe") | t.section("routes") | t.section("stage"))
    facts = shell.facts()
    shell.take(_source)
    shell.story(view.story_figure(metrics, view.recipe(), t), **view.story_values(metrics, t))
    _remember(shell)

    def respond(*values):
        return answer(shell, *values)

    def replied(asked):
        return reply_to(shell, asked)

    controls.connect(respond, controls.inputs, [stage, facts, guess], progress=progress, api_name="routing")
    ends = shell.on(asks.select, replied, [asks], [reply], compute=False)
    shell.when_ended(ends, "epochs.moeRouting.ended()")


def answer(shell: Shell, text: object, model: object) -> tuple:
    """-> values for the banner, the stage, the facts and the guess. Raises UserError."""
    from .infer import look

    t = shell.text
    checkpoint = mixture_of(chosen_id(model))
    request = Request(read_text(text), checkpoint.id, beyond(text))
    ensure_here(checkpoint)
    result = look(request)
    return {}, view.stage_value(request, result, checkpoint), view.look_facts(result, checkpoint, t), view.guess_value(view.measured(), t)


def reply_to(shell: Shell, asked: object) -> tuple:
    """What was measured of the model on the stage -> values for the banner and the reply. Raises UserError."""
    if not isinstance(asked, Mapping) or not isinstance(asked.get("model"), str):
        raise UserError("question_broken")
    return {}, {"ticket": asked.get("ticket"), **view.corpus_value(asked["model"], view.measured(), shell.text)}


def _remember(shell: Shell) -> None:
    """The stage keeps its own part of the address; layers, experts and places count from 1 there."""
    for name, high in (("layer", MOST_LAYERS), ("token", MOST_PLACES), ("expert", MOST_EXPERTS)):
        shell.remember(number_field(name, "", 1, high, whole=True))
    shell.remember(number_field("capacity", "", FACTOR_LOW, FACTOR_HIGH))
    shell.remember(choice_field("pairs", "", PAIRS))


def _source():
    from .infer import look

    return look
