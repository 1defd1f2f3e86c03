"""What taking something away changes: by hand, one at a time, and by the library's own gradients."""

from __future__ import annotations

import math
import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from demos.attention_viewer import budget, probe
from demos.attention_viewer import reading as reading_module
from demos.attention_viewer.attribution import attribute
from demos.attention_viewer.attribution_methods import kendall
from demos.attention_viewer.infer import look
from demos.attention_viewer.probe import GUESSES, ROWS, divergence, knock_out, lens, rank_heads
from demos.attention_viewer.reading import hidden_mask, keep_of, opened
from demos.attention_viewer.schema import Request
from demos.base.attention.capture import Watch
from demos.base.attention.checkpoints import CAUSAL, MASKED, POCKETS, TRANSLATION, VISION
from demos.base.attention.model import AttentionModel
from demos.base.checkpoints import find_checkpoint
from demos.base.diffusion.stream import in_batches
from demos.base.errors import UserError
from demos.base.tokenizer import MASK_ID
from tests.base.attention.library import ask_library, library_network, question
from tests.demos.attention_viewer.requests import EVERY_STACK, TEXT_KINDS, request
from tests.full_attention import write_marian
from tests.tiny_attention import HEADS, LAYERS, tiny_model, use_tiny_attention

FIRST = {CAUSAL: "self", MASKED: "self", TRANSLATION: "cross", VISION: "self"}


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    use_tiny_attention(monkeypatch)


def all_heads(kind: str, stack: str) -> tuple:
    maps = next(maps for maps in look(request(kind)).maps if maps.stack.name == stack)
    return tuple((stack, layer, head) for layer in range(maps.stack.layers) for head in range(maps.stack.heads))


def probabilities(kind: str, **more: object) -> torch.Tensor:
    """(places, V) of the tiny model for its text."""
    model, reading = question(kind)
    with torch.inference_mode():
        return model.logits(model.states(reading, **more).last_hidden_state[0]).softmax(-1)


# -- knocking out ------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", [*TEXT_KINDS, VISION])
@pytest.mark.parametrize("taken", [{}, {"off": (("none", 0, 0), ("self", 99, 0), ("cross", 0, -1)), "hidden": (99, -1)}], ids=["nothing", "what is not there"])
def test_taking_nothing_away_changes_nothing(kind, taken):
    found = knock_out(request(kind, **taken))
    for change in found.changes:
        assert change.kl == pytest.approx(0, abs=1e-6) and change.kl >= 0
        assert all(before == pytest.approx(after, abs=1e-6) for _, before, after in change.rows)
    if kind == VISION:
        assert found.cosine == pytest.approx(1, abs=1e-6)
    else:
        assert found.changes
    assert (found.written is not None) == (kind == TRANSLATION) and (found.written is None or found.written[0] == found.written[1])


@pytest.mark.parametrize(("kind", "stack"), EVERY_STACK)
def test_without_all_heads_the_answer_is_another(kind, stack):
    found = knock_out(request(kind, off=all_heads(kind, stack)))
    if kind == VISION:
        assert -1 <= found.cosine < 0.99
        return
    assert max(change.kl for change in found.changes) > 1e-3
    for change in found.changes:
        assert math.isfinite(change.kl) and 0 < len(change.rows) <= ROWS
        assert all(0 <= before <= 1 and 0 <= after <= 1 for _, before, after in change.rows)
        largest = [max(before, after) for _, before, after in change.rows]
        assert largest == sorted(largest, reverse=True)


def test_the_answer_without_a_head_is_the_one_of_a_run_without_it():
    found, = knock_out(request(CAUSAL, off=(("self", 1, 0),))).changes
    factors = torch.tensor([[0.0, 1.0]])
    before = probabilities(CAUSAL)[-1]
    after = probabilities(CAUSAL, watch=Watch(tiny_model(CAUSAL).sites, stacks=(), keep={("self", 1): factors}))[-1]
    assert found.kl == pytest.approx(float((before * (before.log() - after.log())).sum()), abs=1e-5)
    model = tiny_model(CAUSAL)
    text, p, q = found.rows[0]
    best = int(torch.maximum(before, after).argmax())
    assert model.show([best])[0].text == text and (p, q) == pytest.approx((float(before[best]), float(after[best])), abs=1e-5)


def test_a_hidden_token_is_one_no_one_looks_at():
    model, reading = question(CAUSAL)
    hide = torch.zeros_like(reading.ids, dtype=torch.bool)
    hide[0, 3] = True
    found, = knock_out(request(CAUSAL, hidden=(3,))).changes
    before, after = probabilities(CAUSAL)[-1], probabilities(CAUSAL, hide=hide)[-1]
    assert found.kl == pytest.approx(float(divergence(before[None], after[None])[0]), abs=1e-5) and found.kl > 0


def test_a_masked_models_hidden_token_is_a_gap():
    """The answer there, and in the other gaps."""
    _, reading = question(MASKED)
    found = knock_out(request(MASKED, hidden=(2, 0, 99)))
    assert [change.place for change in found.changes] == sorted({2, *reading.gaps})
    less = reading.ids.clone()
    less[0, 2] = MASK_ID
    before, after = probabilities(MASKED), probabilities(MASKED, ids=less)
    for change in found.changes:
        assert change.kl == pytest.approx(float(divergence(before, after)[change.place]), abs=1e-5)


@pytest.mark.parametrize("hidden", [(), (0, 99)], ids=["nothing hidden", "a mark hidden"])
def test_without_a_gap_the_place_that_changes_most_is_shown(hidden):
    found = knock_out(request(MASKED, "The fox met a hen", off=(("self", 0, 0),), hidden=hidden))
    change, = found.changes
    assert 0 < change.place < len(look(request(MASKED, "The fox met a hen")).tokens["source"]) - 1


def test_a_translation_is_written_with_and_without():
    off = all_heads(TRANSLATION, "cross")
    found = knock_out(request(TRANSLATION, off=off, hidden=(1,)))
    assert found.written[0] == look(request(TRANSLATION)).written != found.written[1]
    change, = found.changes
    assert 0 <= change.place < len(look(request(TRANSLATION)).tokens["target"])


@pytest.mark.parametrize("pair", [([0.5, 0.5, 0.0], [0.0, 0.5, 0.5]), ([1.0, 0.0], [0.0, 1.0]), ([0.2, 0.8], [0.2, 0.8])])
def test_divergence_is_never_negative_nor_infinite(pair):
    before, after = (torch.tensor([values]) for values in pair)
    kl = float(divergence(before, after)[0])
    assert 0 <= kl < math.inf and (kl == 0) == (pair[0] == pair[1])


# -- ranking -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(("kind", "stack"), EVERY_STACK)
def test_all_heads_at_once_are_each_head_alone(kind, stack, monkeypatch):
    together, alone = rank_heads(request(kind), stack), rank_heads(request(kind), stack, batched=False)
    assert together.effect == pytest.approx(alone.effect, abs=1e-5) and together.effect.max() > 0 and together.effect.min() >= 0
    assert together.runs == together.effect.size == len(all_heads(kind, stack))
    assert together.measure == alone.measure == ("cosine" if kind == VISION else "kl")
    monkeypatch.setattr(probe, "_MOST_SCORES", 30_000)
    assert rank_heads(request(kind), stack).effect == pytest.approx(alone.effect, abs=1e-5)      # in smaller batches, too


@pytest.mark.parametrize("kind", [CAUSAL, VISION])
def test_the_effect_is_that_of_the_knock_out(kind):
    ranking = rank_heads(request(kind), FIRST[kind])
    for layer, head in ((0, 0), (1, 1)):
        found = knock_out(request(kind, off=((FIRST[kind], layer, head),)))
        expected = 1 - found.cosine if kind == VISION else found.changes[0].kl
        assert ranking.effect[layer, head] == pytest.approx(expected, abs=1e-5)


def test_heads_are_ranked_with_what_is_hidden():
    plain, hidden = rank_heads(request(CAUSAL), "self"), rank_heads(request(CAUSAL, hidden=(3,)), "self")
    assert plain.effect.shape == (LAYERS, HEADS) and not np.allclose(plain.effect, hidden.effect, atol=1e-4)


def test_heads_of_no_stack_are_said():
    with pytest.raises(UserError) as error:
        rank_heads(request(CAUSAL), "cross")
    assert error.value.key == "head_unknown"


# -- which words count -------------------------------------------------------------------------------
def places_of(kind: str) -> list[int]:
    found = look(request(kind))
    if kind == CAUSAL:
        return [len(found.tokens["source"]) - 1]
    return [gap.place for gap in found.gaps] if kind == MASKED else [0, 1, len(found.tokens["target"]) - 1]


@pytest.mark.parametrize("kind", TEXT_KINDS)
def test_one_occluded_token_by_hand(kind):
    """Hidden from all who look; a masked model reads its gap mark there instead."""
    model, reading = question(kind)
    for place in places_of(kind):
        found = attribute(request(kind), place)
        before = probabilities(kind)[place]
        answer = int(before.argmax())
        assert found.place == place and found.answer == (model.show([answer])[0].text, pytest.approx(float(before[answer]), abs=1e-5))
        for token in (1, 2):
            hide = torch.zeros_like(reading.ids, dtype=torch.bool)
            hide[0, token] = True
            more = {"ids": reading.ids.masked_fill(hide, MASK_ID)} if kind == MASKED else {"hide": hide}
            after = probabilities(kind, **more)[place]
            assert found.methods["occlusion"][token] == pytest.approx(float(before[answer].log() - after[answer].log()), abs=1e-4)


@pytest.mark.parametrize("kind", TEXT_KINDS)
def test_every_method_has_a_number_for_every_token(kind):
    _, reading = question(kind)
    found = attribute(request(kind), places_of(kind)[0])
    assert list(found.methods) == ["occlusion", "gradient", "attention", "rollout"] and len(found.agreement) == 6
    for name, values in found.methods.items():
        assert values.shape == (reading.length,)
        # A gap is hidden already.
        assert np.flatnonzero(np.isnan(values)).tolist() == (list(reading.gaps) if name == "occlusion" else [])
        values = values[np.isfinite(values)]
        assert name == "occlusion" or (values >= 0).all()
    assert found.methods["attention"].sum() == pytest.approx(1, abs=1e-4) and found.methods["rollout"].sum() == pytest.approx(1, abs=1e-4)
    assert found.methods["gradient"].max() > 0


@pytest.mark.parametrize("kind", TEXT_KINDS)
def test_gradients_are_the_librarys(kind):
    """From the embeddings of its own eager network."""
    model, reading = question(kind)
    place = places_of(kind)[0]
    network = library_network(kind, "eager")
    embeddings = network.get_input_embeddings()(reading.ids.clone()).detach().requires_grad_(True)
    inputs = {"inputs_embeds": embeddings}
    if kind == TRANSLATION:
        inputs["decoder_input_ids"] = model.read_by_decoder(replace(reading, written=reading.written.clone()))
    scores = network(**inputs).logits[0, place].log_softmax(-1)
    scores.max().backward()
    expected = (embeddings.grad * embeddings).norm(dim=-1)[0]
    assert attribute(request(kind), place).methods["gradient"] == pytest.approx(expected.detach().numpy(), rel=1e-3, abs=1e-5)


def test_gradients_of_marian_are_the_librarys(monkeypatch, tmp_path):
    """It multiplies its word vectors by sqrt(d_model), and does not where it is given vectors in place of words."""
    from transformers import MarianMTModel

    checkpoint = find_checkpoint(str(write_marian(tmp_path / "marian")), (), allow_any=True)
    monkeypatch.setattr(reading_module, "attention_model_of", lambda id: checkpoint)
    asked = Request("I have a red book.", checkpoint="marian")
    network = MarianMTModel.from_pretrained(tmp_path / "marian", attn_implementation="eager", dtype=torch.float32).eval()
    with opened(asked) as (model, reading):
        ids, written = reading.ids.clone(), model.read_by_decoder(replace(reading, written=reading.written.clone()))
    embeddings = network.get_input_embeddings()(ids).detach().requires_grad_(True)
    scores = network(inputs_embeds=embeddings * math.sqrt(network.config.d_model), decoder_input_ids=written).logits[0, 0].log_softmax(-1)
    scores.max().backward()
    expected = (embeddings.grad * embeddings).norm(dim=-1)[0].detach().numpy()
    assert expected.max() > 1e-4
    assert attribute(asked, 0).methods["gradient"] == pytest.approx(expected, rel=1e-3, abs=1e-6)


@pytest.mark.parametrize(("kind", "place", "answered"), [
    (CAUSAL, 0, -1), (CAUSAL, 10**6, -1), (CAUSAL, -3, -1), (TRANSLATION, 10**6, -1), (TRANSLATION, -1, -1), (MASKED, 10**6, None), (MASKED, 2, 2)])
def test_a_place_that_does_not_answer_is_another(kind, place, answered):
    found = attribute(request(kind), place)
    length = len(look(request(kind)).tokens["target" if kind == TRANSLATION else "source"])
    assert found.place == (places_of(kind)[-1] if answered is None else answered % length)


def test_a_picture_is_not_read_layer_by_layer():
    with pytest.raises(UserError) as error:
        lens(request(VISION), 0)
    assert error.value.key == "lens_text_only"


def test_a_gradient_does_not_touch_another_visitors_run(monkeypatch):
    """Its hook sits in the shared network: a pass of another thread goes by it."""
    model, reading = question(CAUSAL)
    alone, seen = probabilities(CAUSAL), []
    states = type(model).states

    def with_a_neighbour(self, *arguments, **more):
        if torch.is_grad_enabled():
            thread = threading.Thread(target=lambda: seen.append(_answer_of_a_thread(model, reading, states)))
            thread.start()
            thread.join(30)
        return states(self, *arguments, **more)

    expected = attribute(request(CAUSAL), 0).methods["gradient"]
    monkeypatch.setattr(type(model), "states", with_a_neighbour)
    assert attribute(request(CAUSAL), 0).methods["gradient"] == pytest.approx(expected)
    assert len(seen) == 1 and torch.equal(seen[0], alone)
    assert not model.body.get_input_embeddings()._forward_hooks


def _answer_of_a_thread(model, reading, states) -> torch.Tensor:
    with torch.inference_mode():
        return model.logits(states(model, reading).last_hidden_state[0]).softmax(-1)


@pytest.mark.parametrize(("a", "b", "tau"), [
    ([1, 2, 3], [1, 2, 3], 1), ([1, 2, 3], [3, 2, 1], -1), ([1, 2, 3, 4], [1, 2, 4, 3], 4 / 6), ([3, 1, 2], [30, 10, 20], 1),
    ([1, 2, 3, 4], [2, 1, 4, 3], 2 / 6),
    ([1, 1, 2], [1, 2, 3], 2 / math.sqrt(2 * 3)),                      # one tie in a: 2 concordant, 0 discordant
    ([1, 1, 2, 3], [1, 2, 2, 3], 4 / 5),                               # a tie in each: 4 of sqrt(5 * 5)
    ([1, 1, 2, 2], [1, 1, 2, 2], 1)])
def test_kendalls_tau_by_hand(a, b, tau):
    assert kendall(np.array(a), np.array(b)) == pytest.approx(tau) == kendall(np.array(b), np.array(a))


@pytest.mark.parametrize("a", [[1, 1, 1], [5], []])
def test_a_constant_has_no_order(a):
    assert math.isnan(kendall(np.array(a, float), np.arange(len(a), dtype=float)))


# -- layer by layer ----------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", TEXT_KINDS)
def test_the_last_layer_is_the_real_answer(kind):
    model, reading = question(kind)
    expected = ask_library(kind, "sdpa").logits[0].softmax(-1)
    for place in (0, 2, 10**6, -4):
        found = lens(request(kind), place)
        at = min(max(0, place), len(expected) - 1)
        best = expected[at].topk(GUESSES)
        assert found.place == at and len(found.layers) == LAYERS + 1 and found.side == ("target" if kind == TRANSLATION else "source")
        assert [p for _, p in found.layers[-1]] == pytest.approx(best.values.tolist(), abs=1e-5)
        assert [text for text, _ in found.layers[-1]] == [token.text for token in model.show(best.indices.tolist())]
        for layer in found.layers:
            assert len(layer) == GUESSES and all(0 <= p <= 1 for _, p in layer)


@pytest.mark.parametrize("kind", [CAUSAL, MASKED])
@pytest.mark.parametrize("layer", range(LAYERS))
def test_earlier_layers_pass_the_norm_before_the_head(kind, layer):
    model, reading = question(kind)
    network = model.network
    with torch.inference_mode():
        state = model.states(reading, more_states=True).hidden_states[layer][0, 2]
        if kind == CAUSAL:
            scores = network.get_output_embeddings()(network.gpt_neox.final_layer_norm(state))
        else:
            scores = network.decoder(network.head(network.model.final_norm(state)))
    assert [value for _, value in lens(request(kind), 2).layers[layer]] == pytest.approx(scores.softmax(-1).topk(GUESSES).values.tolist(), abs=1e-5)


def test_layers_that_the_head_cannot_read_are_not_shown(monkeypatch):
    monkeypatch.setattr(tiny_model_of(CAUSAL), "has_lens", False)
    with pytest.raises(UserError) as error:
        lens(request(CAUSAL), 0)
    assert error.value.key == "lens_unavailable"


def tiny_model_of(kind: str):
    """The one that the demo's loader holds."""
    with opened(request(kind)) as (model, _):
        return model


# -- what is switched off or hidden ------------------------------------------------------------------
@pytest.mark.parametrize("kind", TEXT_KINDS)
@pytest.mark.parametrize("taken", ["off", "hidden"])
def test_attributions_are_those_of_what_is_left(kind, taken):
    """The answer and each method are of the network without it, as its own passes say."""
    model, _ = question(kind)
    given = request(kind, **{"off": all_heads(kind, FIRST[kind])[:2]} if taken == "off" else {"hidden": (2,)})
    with opened(given) as (_, reading):
        keep, hide = keep_of(model, given.off), hidden_mask(model, reading, given.hidden)
    place = {CAUSAL: reading.length - 1, MASKED: (*reading.gaps, 0)[0], TRANSLATION: 1}[kind]
    found, plain = attribute(given, place), attribute(request(kind), place)
    watch = Watch(model.sites, keep=keep)
    with torch.inference_mode():
        before = model.logits(model.states(reading, watch, hide=hide).last_hidden_state[0, place]).softmax(-1)
        one = torch.zeros_like(reading.ids, dtype=torch.bool)
        one[0, 1] = True
        more = {"ids": reading.ids.masked_fill(one, MASK_ID)} if kind == MASKED else {"hide": one if hide is None else one | hide}
        after = model.logits(model.states(reading, Watch(model.sites, stacks=(), keep=keep), **more).last_hidden_state[0, place]).softmax(-1)
    answer = int(before.argmax())
    assert found.answer == (model.show([answer])[0].text, pytest.approx(float(before[answer]), abs=1e-5))
    assert found.methods["occlusion"][1] == pytest.approx(float(before[answer].log() - after[answer].log()), abs=1e-4)
    stack = "cross" if kind == TRANSLATION else "self"
    looked = torch.stack([p[0] for (name, _), p in watch.maps.items() if name == stack]).mean((0, 1))[place]
    gone = np.arange(reading.length) == 2 if taken == "hidden" and kind != MASKED else np.zeros(reading.length, bool)
    assert found.methods["attention"][~gone] == pytest.approx(looked.numpy()[~gone], abs=1e-5)
    assert not np.allclose(found.methods["gradient"][~gone], plain.methods["gradient"][~gone], rtol=1e-3)


@pytest.mark.parametrize("kind", TEXT_KINDS)
def test_a_hidden_token_has_no_number_and_none_is_said_to_be_left_out(kind):
    """A zero would be our hiding, not the network's answer; the orders are compared without it."""
    found = attribute(request(kind, hidden=(2,)), places_of(kind)[0])
    for name, values in found.methods.items():
        assert np.isnan(values[2]) == (kind != MASKED or name == "occlusion") and np.isfinite(values[[1, 3]]).all()
    for a, b, tau in found.agreement:
        both = np.isfinite(found.methods[a]) & np.isfinite(found.methods[b])
        assert tau == pytest.approx(kendall(found.methods[a][both], found.methods[b][both]))
    assert found.left == 0


def test_where_all_that_can_be_hidden_is_hidden_nothing_was_measured():
    found = attribute(request(MASKED, "___"), 1)
    assert np.isnan(found.methods["occlusion"][1]) and found.left == 0


@pytest.mark.parametrize("kind", TEXT_KINDS)
@pytest.mark.parametrize("taken", ["off", "hidden"])
def test_the_lens_is_that_of_what_is_left(kind, taken):
    given = request(kind, **{"off": all_heads(kind, FIRST[kind])[:3]} if taken == "off" else {"hidden": (2,)})
    model, _ = question(kind)
    with opened(given) as (_, reading), torch.inference_mode():
        watch = Watch(model.sites, stacks=(), keep=keep_of(model, given.off))
        states = model.states(reading, watch, hide=hidden_mask(model, reading, given.hidden)).last_hidden_state
        best = model.logits(states[0, 3]).softmax(-1).topk(GUESSES)
    found, plain = lens(given, 3).layers[-1], lens(request(kind), 3).layers[-1]
    assert [p for _, p in found] == pytest.approx(best.values.tolist(), abs=1e-5) != [p for _, p in plain]


@pytest.mark.parametrize(("kind", "stack"), EVERY_STACK)
def test_heads_are_ranked_beside_those_that_are_off(kind, stack):
    """What is off already is missed by nobody; another head's effect is that of losing both instead of one."""
    off = ((stack, 0, 0),)
    found, alone = (rank_heads(request(kind, off=off), stack, batched=batched).effect for batched in (True, False))
    assert found == pytest.approx(alone, abs=1e-5) and found[0, 0] == pytest.approx(0, abs=1e-6) and found.max() > 0
    assert not np.allclose(found, rank_heads(request(kind), stack).effect, atol=1e-5)


# -- how much may be asked ---------------------------------------------------------------------------
def allow(monkeypatch, kind: str, passes: float) -> None:
    """A budget of so many passes over the text of `request(kind)`."""
    model, reading = question(kind)
    length = model.limit if kind == VISION else max(reading.length, 0 if reading.written is None else reading.written.shape[1])
    monkeypatch.setattr(budget, "_ON_PROCESSOR", passes * model.parameters * length)


@pytest.mark.parametrize("kind", TEXT_KINDS)
def test_what_fits_is_hidden_nearest_the_answer_first(kind, monkeypatch):
    whole = attribute(request(kind), places_of(kind)[0])
    assert whole.left == 0
    allow(monkeypatch, kind, 3.5)
    found = attribute(request(kind), places_of(kind)[0])
    known = np.flatnonzero(np.isfinite(found.methods["occlusion"])).tolist()
    length = len(found.methods["occlusion"])
    assert len(known) == 3 and found.left == length - 3 - len(question(kind)[1].gaps)
    # A gap is hidden already; of two tokens that are as near the later one comes first.
    free = [token for token in range(length) if token not in question(kind)[1].gaps]
    assert known == {CAUSAL: [length - 3, length - 2, length - 1], MASKED: sorted(sorted(free, key=lambda token: (abs(token - found.place), -token))[:3]),
                     TRANSLATION: [0, 1, 2]}[kind]
    assert found.methods["occlusion"][known] == pytest.approx(whole.methods["occlusion"][known], abs=1e-4)
    for a, b, tau in found.agreement:
        assert not math.isnan(tau)
        assert tau == pytest.approx(kendall(found.methods[a][known], found.methods[b][known]) if "occlusion" in (a, b)
                                    else next(t for one, other, t in whole.agreement if (one, other) == (a, b)), abs=1e-6)


def test_something_always_fits(monkeypatch):
    monkeypatch.setattr(budget, "_ON_PROCESSOR", 1)
    found, ranked = attribute(request(CAUSAL), 0), rank_heads(request(CAUSAL), "self")
    assert np.isfinite(found.methods["occlusion"]).sum() == 1 == ranked.runs and ranked.left == LAYERS * HEADS - 1
    assert np.isfinite(ranked.effect).tolist() == [[False, False], [True, False]]


@pytest.mark.parametrize(("kind", "passes", "tried"), [(CAUSAL, 1.2, 2), (CAUSAL, 2.2, 3), (MASKED, 1.2, 2), (TRANSLATION, 1.2, 1), (TRANSLATION, 3.2, 3)])
def test_the_heads_that_fit_are_those_of_the_last_layers(kind, passes, tried, monkeypatch):
    """A head of the last of two layers costs half a pass where the batch begins there."""
    whole = rank_heads(request(kind), FIRST[kind])
    allow(monkeypatch, kind, passes)
    found = rank_heads(request(kind), FIRST[kind])
    order = [(layer, head) for layer in reversed(range(LAYERS)) for head in range(HEADS)]
    assert (found.runs, found.left) == (tried, LAYERS * HEADS - tried)
    for number, head in enumerate(order):
        assert np.isnan(found.effect[head]) if number >= tried else found.effect[head] == pytest.approx(whole.effect[head], abs=1e-5)


def test_the_pocket_models_have_no_need_to_leave_anything_out():
    for weights, tokens, passes in ((4.3e6, 256, 256), (5.2e6, 256, 256), (5.2e6, 256, 36)):
        assert budget.how_many_fit(SimpleNamespace(parameters=weights, device=SimpleNamespace(name="cpu")), tokens, [1.0] * passes) == passes


@pytest.mark.parametrize(("weights", "length", "rows"), [(4.2e6, 64, 64), (4.2e6, 512, 8), (1.24e8, 512, 1), (1.24e8, 64, 5), (1e9, 512, 1)])
def test_a_batch_of_a_large_network_is_small_enough_to_stop_after(weights, length, rows):
    model = SimpleNamespace(parameters=weights, device=SimpleNamespace(name="cpu"), largest_batch=lambda length: 4096 // length)
    assert budget.rows_at_once(model, length) == rows


@pytest.mark.parametrize("call", [lambda: attribute(request(CAUSAL), 0), lambda: rank_heads(request(CAUSAL), "self")], ids=["words", "heads"])
def test_a_visitor_can_stop_it_between_two_batches(call, monkeypatch):
    passes, states = [], AttentionModel.states
    flag = threading.Event()

    def counted(self, *arguments, **more):
        passes.append(1)
        if len(passes) == 3:
            flag.set()
        return states(self, *arguments, **more)

    allow(monkeypatch, CAUSAL, 25)                 # so that a batch is one row
    call()
    monkeypatch.setattr(AttentionModel, "states", counted)
    assert list(in_batches(lambda: iter([call()]), flag)) == [] and len(passes) == 3


def test_a_graphics_card_is_asked_for_as_long_as_it_takes():
    pocket, large, unknown = (Request("a", checkpoint=id) for id in (POCKETS[CAUSAL].id, "Qwen/Qwen3-0.6B", "somebody/something"))
    assert 10 <= budget.seconds(pocket) < budget.seconds(large, "self", 3) < budget.seconds(unknown) <= 60
    assert budget.many_seconds(large, 3) > budget.seconds(large)
