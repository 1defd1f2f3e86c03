"""Several model pickers in one tab: each its own part of the address, its own words, its own downloads."""

from __future__ import annotations

import gradio as gr
import pytest

from demos.base.clip.checkpoints import CHINESE_CLIP, CLIPS, POCKET
from demos.base.text import LANGUAGES
from demos.registry import find_demos
from demos.ui import picker
from demos.ui.picker import FIELD, Picker
from demos.ui.shell import Shell

DEMO = next(demo for demo in find_demos() if demo.id == "clip_side_by_side")


def two(shell: Shell) -> list[Picker]:
    return [Picker(shell), Picker(shell, field="model_b", title="Right one")]


def test_each_has_a_field_and_words_of_its_own() -> None:
    shell = Shell(DEMO, DEMO.text("en"))
    with gr.Blocks():
        first, second = two(shell)
    assert [field.name for field, _, _ in shell.fields] == [FIELD, "model_b"] and shell.pickers == [first, second]
    assert "control-model_b" in second.component.elem_classes
    assert '"field": "model_b"' in second.component.js_on_load and "Right one" in second.component.js_on_load
    assert "Right one" not in first.component.js_on_load
    with pytest.raises(ValueError, match="model_b"):
        second._parse("/etc")


@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_arrives_is_compared_with_the_pickers_own_choice(place: int) -> None:
    """After a download the run starts where the arrived checkpoint is still chosen, wherever its picker
    stands among the inputs."""
    shell, ran = Shell(DEMO, DEMO.text("en")), []
    with gr.Blocks() as blocks:
        first, second = two(shell)
        banner, progress, box = shell.banner(), shell.banner("progress"), gr.Textbox()
        inputs = [second.component, box]
        inputs.insert(place, first.component)
        first.connect(shell, progress, [banner], lambda *values: ran.append(values) or ({}, ""), inputs, [box], others=[second])
    last = [fn for fn in blocks.fns.values() if fn.fn is not None and len(fn.inputs) == len(inputs) + 1][-1].fn
    values = [{"id": "other"}, "words"]
    values.insert(place, {"id": "mine"})
    last({"ready": "other"}, *values)
    assert ran == []
    last({"ready": "mine"}, *values)
    assert ran == [tuple(values)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_missing_licence_is_said_and_none_is_made_up(language: str) -> None:
    shell = Shell(DEMO, DEMO.text(language))
    with gr.Blocks():
        cards = {card["id"]: card["detail"] for card in Picker(shell).value(POCKET.id)["cards"]}
    assert cards.keys() == {checkpoint.id for checkpoint in CLIPS}
    assert shell.text("picker.no_licence") in cards[CHINESE_CLIP.id]
    assert all(c.licence and c.licence in cards[c.id] for c in CLIPS if c is not CHINESE_CLIP)


@pytest.mark.parametrize("arrived", ["a", "b", None])
def test_a_stream_follows_its_own_download_only(arrived):
    def stream(model, other):
        yield {}, model["id"], other
        yield {}, "end", other

    follow = picker._when_arrived(stream, 0, 2)
    values = list(follow({"ready": arrived}, {"id": "a"}, 5))
    assert values == [({}, "a", 5), ({}, "end", 5)] if arrived == "a" else len(values) == 1 and len(values[0]) == 3
    plain = picker._when_arrived(lambda model, other: ({}, model["id"], other), 0, 2)
    assert (plain({"ready": arrived}, {"id": "a"}, 5) == ({}, "a", 5)) is (arrived == "a")


def test_a_card_says_how_long_a_run_would_take(monkeypatch):
    from demos.base.diffusion.checkpoints import POCKET as SMALL
    from demos.base.diffusion.checkpoints import STABLE_DIFFUSION_1_5
    from demos.ui import diffusion

    text = next(demo for demo in find_demos() if demo.id == "clip_zero_shot").text("en")
    monkeypatch.setattr(diffusion, "has_graphics_card", lambda: False)
    monkeypatch.setattr(diffusion, "processor_gigaflops", lambda: 100.0)
    # 20 steps of 2 evaluations of 678 GFLOP at 60 GFLOP/s
    assert "8 min" in diffusion.expected_time(STABLE_DIFFUSION_1_5, text)
    assert diffusion.expected_time(SMALL, text) == ""
    monkeypatch.setattr(diffusion, "has_graphics_card", lambda: True)
    assert diffusion.expected_time(STABLE_DIFFUSION_1_5, text) == ""
