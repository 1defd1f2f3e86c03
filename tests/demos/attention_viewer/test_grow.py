"""A continuation: what is drawn, where it looked, when it ends."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

from demos.attention_viewer import grow
from demos.attention_viewer.grow import continue_text
from demos.attention_viewer.infer import look
from demos.attention_viewer.reading import opened
from demos.attention_viewer.schema import HIGHEST, LOWEST, MOST_CONTINUED, Request
from demos.base.attention.capture import Watch
from demos.base.attention.checkpoints import CAUSAL, MASKED, POCKETS, TRANSLATION, VISION
from demos.base.diffusion.stream import in_batches
from demos.base.errors import UserError
from tests import pictures
from tests.tiny_attention import CONTEXT, HEADS, LAYERS, tiny_model, use_tiny_attention

TEXT = "The fox met a hen by the river. The fox"
FIRM = 1e-4                   # a temperature at which the likeliest token is certain


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    use_tiny_attention(monkeypatch)


@pytest.fixture
def firm(monkeypatch):
    monkeypatch.setattr(grow, "LOWEST", FIRM)


def request(text: str = TEXT, kind: str = CAUSAL, **more: object) -> Request:
    return Request(text, checkpoint=POCKETS[kind].id, **more)


def ids_of(steps) -> list[int]:
    return [step.token.id for step in steps]


def whole_pass(ids: list[int], watch: Watch | None = None) -> torch.Tensor:
    """(T, V) scores of a pass that keeps nothing from earlier ones."""
    model = tiny_model(CAUSAL)
    with torch.inference_mode():
        return model.logits(model.states(model.read_text("x"), watch, ids=torch.tensor([ids])).last_hidden_state[0])


def start(text: str = TEXT) -> list[int]:
    return tiny_model(CAUSAL).read_text(text).ids[0].tolist()


# -- what is drawn -----------------------------------------------------------------------------------
def test_at_a_low_temperature_it_is_the_likeliest_each_time(firm):
    ids, steps = start(), list(continue_text(request(), FIRM, 0))
    assert len(steps) > 3
    for step in steps:
        assert step.token.id == int(whole_pass(ids)[-1].argmax()) and step.probability == pytest.approx(1, abs=1e-3)
        ids.append(step.token.id)


def test_it_is_drawn_from_the_softmax_at_the_temperature():
    ids = start()
    for step in continue_text(request(), 2.0, 3):
        p = (whole_pass(ids)[-1] / 2.0).softmax(-1)
        assert step.probability == pytest.approx(float(p[step.token.id]), rel=1e-3)
        ids.append(step.token.id)


def test_the_same_seed_writes_the_same_text():
    first, second, other = (list(continue_text(request(), 1.0, seed)) for seed in (5, 5, 6))
    assert ids_of(first) == ids_of(second) != ids_of(other)
    assert ids_of(continue_text(request(), 1.0, 5 + 2**31)) == ids_of(first)


def test_each_token_shows_where_it_looked():
    ids, steps = start(), list(continue_text(request(), 1.0, 1))
    watch = Watch(tiny_model(CAUSAL).sites)
    whole_pass([*ids, *ids_of(steps)], watch)
    for number, step in enumerate(steps):
        place = len(ids) + number
        assert step.p.shape == (LAYERS, HEADS, place + 1) and step.p.dtype == np.float32 and step.p.sum(-1) == pytest.approx(1, abs=1e-5)
        for layer in range(LAYERS):
            assert step.p[layer] == pytest.approx(watch.maps["self", layer][0, :, place, :place + 1].numpy(), abs=1e-5)


def test_heads_that_are_off_stay_off():
    off = tuple(("self", layer, head) for layer in range(LAYERS) for head in range(HEADS))
    plain, without = list(continue_text(request(), 1.0, 2)), list(continue_text(request(off=off), 1.0, 2))
    assert ids_of(plain) != ids_of(without)
    ids = start()
    keep = {("self", layer): torch.zeros(1, HEADS) for layer in range(LAYERS)}
    for step in without[:5]:
        p = whole_pass(ids, Watch(tiny_model(CAUSAL).sites, stacks=(), keep=keep))[-1].softmax(-1)
        assert step.probability == pytest.approx(float(p[step.token.id]), rel=1e-3)
        ids.append(step.token.id)


@pytest.mark.parametrize("hidden", [(2,), (1, 3, 4), (0,), (3, 16), (-1, 999, 2)], ids=str)
def test_what_is_hidden_stays_hidden(hidden, firm):
    """Also from what is written, and a place that is only written later: as the look that follows shows it."""
    plain, steps = list(continue_text(request(), FIRM, 0)), list(continue_text(request(hidden=hidden), FIRM, 0))
    length = len(start())
    maps = look(request(hidden=hidden, after=tuple(ids_of(steps)))).maps[0].p
    for number, step in enumerate(steps):
        place = length + number
        assert step.p == pytest.approx(maps[:, :, place, :place + 1], abs=1e-4)
        assert not step.p[..., [at for at in hidden if 0 <= at <= place]].any()
    assert any(one.p.shape == other.p.shape and not np.allclose(one.p, other.p, atol=1e-3) for one, other in zip(plain, steps))
    following = look(request(hidden=hidden, after=tuple(ids_of(steps[:3])))).next.guess.top[0]
    assert following[1] == steps[3].token.id


def test_it_goes_on_from_where_it_stopped(firm):
    whole = ids_of(continue_text(request(), FIRM, 0))
    assert ids_of(continue_text(request(after=tuple(whole[:3])), FIRM, 0)) == whole[3:3 + len(whole)]
    text = look(request(after=tuple(whole[:3])))
    assert [token.id for token in text.tokens["source"]] == [*start(), *whole[:3]]


# -- when it ends ------------------------------------------------------------------------------------
@pytest.mark.parametrize("left", [1, 2, 7])
def test_it_stops_at_the_end_of_the_context(left, monkeypatch):
    with opened(request()) as (model, _):
        monkeypatch.setattr(model.network.config, "eos_token_id", None)
    text = "fox " * 200
    after = start(text)[:CONTEXT - left]
    given = request("fox", after=tuple(after[len(start("fox")):]))
    steps = list(continue_text(given, 1.0, 0))
    assert len(steps) == left and [step.done for step in steps] == [False] * (left - 1) + [True]
    assert steps[-1].p.shape[-1] == CONTEXT
    with pytest.raises(UserError) as error:
        list(continue_text(request(text), 1.0, 0))
    assert error.value.key == "context_full" and error.value.values == {"limit": CONTEXT}


def test_it_writes_no_more_than_a_continuation(monkeypatch):
    monkeypatch.setattr(grow, "MOST_CONTINUED", 4)
    steps = list(continue_text(request(), 1.0, 0))
    assert len(steps) <= 4 and steps[-1].done and MOST_CONTINUED == 60


@pytest.mark.parametrize("several", [False, True])
def test_a_mark_of_the_end_ends_it(several, monkeypatch, firm):
    """Some networks have several."""
    second = ids_of(continue_text(request(), FIRM, 0))[1]
    with opened(request()) as (model, _):
        monkeypatch.setattr(model.network.config, "eos_token_id", [7, second] if several else second)
    *written, last = continue_text(request(), FIRM, 0)
    assert (last.token.id, last.done, last.ended, last.p) == (second, True, True, None)       # it is no part of the text
    assert len(written) <= 1 and not any(step.done or step.ended for step in written)
    assert last.passes == 1 + len(written)         # the mark itself is not read


def test_what_it_cost_is_counted_pass_by_pass(monkeypatch):
    monkeypatch.setattr(grow, "MOST_CONTINUED", 5)
    with opened(request()) as (model, _):
        monkeypatch.setattr(model.network.config, "eos_token_id", None)
        passes = []
        handle = model.body.register_forward_hook(lambda *_: passes.append(1))
    try:
        found, before = [], 0.0
        for step in continue_text(request(), 1.0, 0):
            found.append((step.passes, len(passes)))
            assert step.milliseconds > before
            before = step.milliseconds
            time.sleep(0.2)                        # a slow page
        assert found == [(n, n) for n in range(2, 7)] and before < 1000 * 5 * 0.2
    finally:
        handle.remove()


def test_it_can_be_stopped_between_tokens(monkeypatch):
    import threading

    made, stacked = [], grow.stacked

    def slowly(*arguments):
        time.sleep(0.02)
        made.append(1)
        return stacked(*arguments)

    monkeypatch.setattr(grow, "stacked", slowly)
    flag = threading.Event()
    batches = in_batches(lambda: continue_text(request(), 1.0, 0), flag, pause=0.03)
    steps = list(next(batches))
    flag.set()
    for batch in batches:
        steps += batch
    assert 0 < len(steps) == len(made) < 20 and not steps[-1].done


@pytest.mark.parametrize("temperature", [0, LOWEST - 0.01, HIGHEST + 0.01, -1, float("nan"), float("inf"), None, "1", [1.0], 10**400])
def test_a_temperature_out_of_range_is_refused(temperature):
    with pytest.raises(UserError) as error:
        next(continue_text(request(), temperature, 0))
    assert error.value.key == "temperature_range"


@pytest.mark.parametrize(("given", "key"), [
    (request(kind=MASKED), "continue_causal_only"), (request(kind=TRANSLATION), "continue_causal_only"),
    (Request(picture=pictures.scene(), checkpoint=POCKETS[VISION].id), "continue_causal_only"), (request(" "), "text_empty")])
def test_only_a_model_that_continues_texts_goes_on(given, key):
    with pytest.raises(UserError) as error:
        next(continue_text(given, 1.0, 0))
    assert error.value.key == key
