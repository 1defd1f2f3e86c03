"""The words as the page is told of them, from frames made by hand."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from demos.base.diffusion.checkpoints import POCKET
from demos.base.text import LANGUAGES, load_text
from demos.diffusion_words import view
from demos.diffusion_words.schema import Frame, Level, Opening, Request, Word

FOLDER = Path(view.__file__).with_name("text")
each_text = pytest.mark.parametrize("t", [load_text(language, FOLDER) for language in LANGUAGES], ids=LANGUAGES)
REQUEST = Request("cat dog", "", 3.0, 7, POCKET.id, steps=2)
WORDS = (Word("", "start", (0,)), Word("cat", "word", (1, 2)), Word("dog", "word", (3,)), Word("", "end", (4,)),
         Word("", "padding", (5, 6, 7)))
OPENING = Opening(WORDS, "", 2, False, 8_400_000, "CPU", "float32")
SHARES = np.array([0.1, 0.3, 0.2, 0.05, 0.35], np.float32)


def frame(index: int, shares: np.ndarray = SHARES, picture: bool = False) -> Frame:
    maps = np.repeat(shares, 16).reshape(5, 4, 4).copy()
    maps[1, 3, 0] += 0.01                                     # the cat: lower left
    pixels = np.full((8, 8, 3), 90, np.uint8)
    level = Level((2, 2), 3, np.repeat(shares, 4).reshape(5, 2, 2))
    return Frame(index, 99 - index, 0.9, 2 * (index + 1), 10.0 * (index + 1), maps, (level,), shares, pixels,
                 pixels if picture else None)


def stage(t, *frames: Frame) -> dict:
    opened = view.opening_value(REQUEST, OPENING, POCKET, t)
    return view.add_frames(opened, frames) if frames else opened


@each_text
def test_the_opening_names_marks_and_padding(t) -> None:
    words = json.loads(json.dumps(stage(t)))["words"]
    assert [word["kind"] for word in words] == ["start", "word", "word", "end", "padding"]
    assert words[0]["text"] == t("stage.start") and words[4] == {"text": t("stage.padding"), "kind": "padding", "tokens": 3}
    assert words[1] == {"text": "cat", "kind": "word", "tokens": 2}


@each_text
def test_steps_are_added_to_a_new_value(t) -> None:
    first = stage(t, frame(0))
    second = view.add_frames(first, [frame(1, picture=True)])
    assert len(first["steps"]) == 1 and len(second["steps"]) == 2 and first["run"] == second["run"]
    assert first["picture"] == "" and second["picture"].startswith("data:image/png;base64,")
    assert second["steps"][0] is first["steps"][0]            # what has not changed is not sent again
    assert view.ended(first)["state"] == "stopped" and view.ended(second)["state"] == "done"
    assert stage(t)["run"] != first["run"]
    json.dumps(second)


@each_text
def test_maps_are_packed_to_sixteen_bits(t) -> None:
    step = stage(t, frame(0))["steps"][0]
    values = np.frombuffer(base64.b64decode(step["maps"][0]), "<u2").reshape(5, 4, 4) / 65535
    assert values == pytest.approx(frame(0).maps, abs=1e-5)
    assert np.frombuffer(base64.b64decode(step["maps"][1]), "<u2").size == 5 * 4
    assert stage(t, frame(0))["levels"] == [{"size": (2, 2), "shown": (2, 2), "layers": 3}]


@each_text
def test_the_sentence_tells_who_gets_the_attention(t) -> None:
    facts = view.run_facts(OPENING, [frame(0), frame(1, picture=True)], POCKET, t)
    assert all(share in facts["sentence"] for share in ("50.0%", "10.0%", "5.00%", "35.0%", "30.0%"))
    assert "cat" in facts["sentence"] and t("place.2_0") in facts["sentence"]
    assert any("2×2" in value for _, value in facts["rows"])
    stopped = view.run_facts(OPENING, [frame(0)], POCKET, t)["sentence"]
    assert stopped.startswith(t("result.stopped", step=1, steps=2))


@each_text
def test_a_prompt_without_words_has_a_sentence_too(t) -> None:
    bare = Opening((WORDS[0], WORDS[3], WORDS[4]), "", 1, False, 1, "CPU", "float32")
    shares = np.array([0.2, 0.3, 0.5], np.float32)
    facts = view.run_facts(bare, [Frame(0, 9, 1.0, 1, 1.0, np.zeros((3, 2, 2), np.float32), (), shares,
                                        np.zeros((4, 4, 3), np.uint8), None)], POCKET, t)
    assert "50.0%" in facts["sentence"]


@each_text
@pytest.mark.parametrize(("shares", "kind"), [((0.6, 0.1, 0.1, 0.1, 0.1), "start"), ((0.1, 0.3, 0.3, 0.1, 0.2), "word"),
                                              ((0.1, 0.1, 0.1, 0.6, 0.1), "end"), (SHARES.tolist(), "word"),
                                              ((0.1, 0.1, 0.1, 0.1, 0.6), "padding")])
def test_the_prediction_is_answered_by_the_run(t, shares, kind) -> None:
    guess = view.guess_value(OPENING, [frame(0, np.array(shares, np.float32))], t)
    assert t.records("guess.options")[guess["choice"]]["kind"] == kind and guess["badge"]["kind"] == "live"
    assert "{" not in guess["sentence"]
