"""What a look finds: tokens, maps, answers, for each kind of network; one head, one query, and the limits."""

from __future__ import annotations

import base64

import numpy as np
import pytest
import torch
from safetensors.torch import load

from demos.attention_viewer import infer, reading
from demos.attention_viewer.infer import BEST, SHOWN, knock_out, look, look_at_head, look_from, tensors
from demos.attention_viewer.schema import MOST_HIDDEN, MOST_OFF, Request
from demos.base.attention.checkpoints import CAUSAL, MASKED, POCKETS, TRANSLATION, VISION
from demos.base.errors import UserError
from demos.base.tokenizer import BOS_ID, EOS_ID, MASK_ID, VOCABULARY
from tests import pictures
from tests.base.attention.library import ask_library
from tests.demos.attention_viewer.requests import EVERY_STACK, TEXT_KINDS, request
from tests.tiny_attention import CONTEXT, HEADS, LAYERS, folder_checkpoint, tiny_checkpoint, tiny_model, use_tiny_attention, write_folder


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    use_tiny_attention(monkeypatch)


def error_of(call, *arguments: object) -> str:
    with pytest.raises(UserError) as error:
        call(*arguments)
    return error.value.key


# -- all maps and the answer -------------------------------------------------------------------------
@pytest.mark.parametrize("kind", [*TEXT_KINDS, VISION])
def test_maps_fit_their_tokens(kind):
    found = look(request(kind))
    assert found.kind == kind and found.milliseconds > 0 and found.cut == 0 and found.dtype == "float32" and found.parameters > 0
    for maps in found.maps:
        assert maps.p.dtype == np.float32 and maps.p.shape[:2] == (maps.stack.layers, maps.stack.heads)
        assert maps.p.sum(-1) == pytest.approx(1, abs=1e-5)
        if kind != VISION:
            assert maps.p.shape[2:] == (len(found.tokens[maps.queries]), len(found.tokens[maps.keys]))
        assert all(value.shape == maps.p.shape[:2] for value in maps.statistics.values())
        assert maps.stack.causal == (not np.triu(maps.p, 1).any())


def test_what_follows_a_text():
    found = look(request(CAUSAL))
    logits = ask_library(CAUSAL, "sdpa").logits[0, -1]
    guess, tail = found.next.guess, found.next.tail
    values = [value for _, _, value in guess.top]
    assert len(values) == BEST and values == sorted(values, reverse=True) and guess.place == len(found.tokens["source"]) - 1
    assert values == pytest.approx(logits.topk(BEST).values.tolist(), abs=1e-4)
    assert [id for _, id, _ in guess.top] == logits.topk(BEST).indices.tolist()
    assert found.next.vocabulary == VOCABULARY == BEST + tail[:, 1].sum()
    # The bins stand for the whole vocabulary: the sum under the softmax is theirs within a percent.
    total = np.exp(values).sum() + (tail[:, 1] * np.exp(tail[:, 0].astype(np.float64))).sum()
    assert total == pytest.approx(float(logits.double().exp().sum()), rel=0.01)
    assert not found.gaps and not found.written and found.grid is None and found.rollout is None


def test_what_stands_in_the_gaps():
    found = look(request(MASKED))
    places = [place for place, token in enumerate(found.tokens["source"]) if token.id == MASK_ID]
    assert [gap.place for gap in found.gaps] == places and len(places) == 2 and found.next is None
    p = ask_library(MASKED, "sdpa").logits[0].softmax(-1)
    for gap in found.gaps:
        assert len(gap.top) == SHOWN and [id for _, id, _ in gap.top] == p[gap.place].topk(SHOWN).indices.tolist()
        assert [value for _, _, value in gap.top] == pytest.approx(p[gap.place].topk(SHOWN).values.tolist(), abs=1e-5)
    assert look(request(MASKED, "No gap here.")).gaps == ()
    assert [gap.place for gap in look(request(MASKED, "The fox met", hidden=(2,))).gaps] == [2]


def test_what_a_translator_wrote():
    found = look(request(TRANSLATION))
    source, target, read = found.tokens["source"], found.tokens["target"], found.tokens["read"]
    assert source[-1].id == EOS_ID and read[0].id == BOS_ID and [token.id for token in read[1:]] == [token.id for token in target[:-1]]
    assert [(maps.stack.name, maps.queries, maps.keys) for maps in found.maps] == [
        ("cross", "target", "source"), ("encoder", "source", "source"), ("decoder", "read", "read")]
    assert found.written == tiny_model(TRANSLATION).decode([token.id for token in target])


def test_what_a_picture_shows():
    found = look(request(VISION))
    rows, columns = found.grid
    assert found.tokens == {} and found.label is None and found.pixels.shape == (64, 64, 3) and found.pixels.dtype == np.uint8
    assert found.maps[0].p.shape[2:] == (1 + rows * columns,) * 2 and found.limit == 1 + rows * columns
    assert found.rollout.shape == (found.limit,) and found.rollout.sum() == pytest.approx(1, abs=1e-5)
    numbers = found.maps[0].statistics
    assert np.isnan(numbers["previous"]).all()                         # patches have no order
    assert (0 < numbers["distance"]).all() and (numbers["distance"] < np.hypot(rows, columns)).all()


def test_a_classifier_names_the_picture(tmp_path):
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessor

    ViTImageProcessor(size={"height": 16, "width": 16}).save_pretrained(tmp_path)
    network = ViTForImageClassification(ViTConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, image_size=16, patch_size=4,
        id2label={0: "cat", 1: "dog", 2: "hen"}, label2id={"cat": 0, "dog": 1, "hen": 2}))
    write_folder(tmp_path, network)
    name, p = look(Request(picture=pictures.scene(), checkpoint=str(folder_checkpoint(tmp_path).folder))).label
    assert name in ("cat", "dog", "hen") and 1 / 3 <= p <= 1


def test_statistics_are_those_of_the_text():
    found = look(request(CAUSAL, "fox hen fox hen fox hen")).maps[0]
    last = found.p.shape[2] - 1
    assert found.statistics["previous"] == pytest.approx(found.p[..., range(2, last), range(1, last - 1)].mean(-1), abs=1e-5)
    assert not np.isnan(found.statistics["induction"]).any() and np.isnan(found.statistics["next"]).all()
    assert np.isnan(look(request(CAUSAL, "the fox")).maps[0].statistics["induction"]).all()


# -- one head, one query -----------------------------------------------------------------------------
@pytest.mark.parametrize(("kind", "stack"), EVERY_STACK)
def test_a_head_in_full_is_its_map(kind, stack):
    maps = next(maps for maps in look(request(kind)).maps if maps.stack.name == stack)
    for layer, head in ((0, 0), (1, 1), (maps.stack.layers - 1, maps.stack.heads - 1)):
        detail = look_at_head(request(kind), stack, layer, head)
        assert detail.p == pytest.approx(maps.p[layer, head], abs=1e-5) and detail.causal == maps.stack.causal
        assert detail.scores.shape == detail.p.shape and detail.norms.shape == detail.p.shape[1:] and detail.p.dtype == np.float32


@pytest.mark.parametrize(("kind", "stack"), EVERY_STACK)
def test_one_query_in_all_heads_is_a_row_of_each(kind, stack):
    maps = next(maps for maps in look(request(kind)).maps if maps.stack.name == stack)
    for query in (0, 2, maps.p.shape[2] - 1, 10**6):
        rows = look_from(request(kind), stack, query)
        assert rows.p == pytest.approx(maps.p[:, :, min(query, maps.p.shape[2] - 1)], abs=1e-5)
        assert (rows.rollout is None) == (kind != VISION)
    if kind == VISION:
        assert look_from(request(kind), stack, 0).rollout == pytest.approx(look(request(kind)).rollout, abs=1e-6)
        assert look_from(request(kind), stack, 5).rollout.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(("stack", "layer", "head"), [("cross", 0, 0), ("", 0, 0), ("self", LAYERS, 0), ("self", 0, HEADS), ("self", -1, 0), ("self", 0, -1)])
def test_a_head_that_is_none_is_said(stack, layer, head):
    assert error_of(look_at_head, request(CAUSAL), stack, layer, head) == "head_unknown"
    if stack != "self":
        assert error_of(look_from, request(CAUSAL), stack, 0) == "head_unknown"


# -- what was added, hidden, switched off ------------------------------------------------------------
def test_what_a_continuation_added_is_read_with_the_text():
    model = tiny_model(CAUSAL)
    plain = look(request(CAUSAL, "The fox"))
    ids = model.read_text(" met a hen").ids[0, 1:].tolist()
    longer = look(request(CAUSAL, "The fox", after=tuple(ids)))
    assert [token.id for token in longer.tokens["source"]] == [*(token.id for token in plain.tokens["source"]), *ids]
    same = look(request(CAUSAL, "The fox met a hen"))
    assert longer.maps[0].p == pytest.approx(same.maps[0].p, abs=1e-6)
    assert look_at_head(request(CAUSAL, "The fox", after=tuple(ids)), "self", 0, 0).p.shape == (len(longer.tokens["source"]),) * 2


def test_ids_that_are_none_are_left_out_and_what_does_not_fit_is_cut():
    plain = len(look(request(CAUSAL, "The fox")).tokens["source"])
    found = look(request(CAUSAL, "The fox", after=(-1, VOCABULARY, 10**7, 7)))
    assert len(found.tokens["source"]) == plain + 1 and found.tokens["source"][-1].id == 7
    assert len(look(request(CAUSAL, "The fox", after=(7,) * MOST_HIDDEN)).tokens["source"]) == CONTEXT
    assert len(look(request(MASKED, "The fox", after=(7,))).tokens["source"]) == len(look(request(MASKED, "The fox")).tokens["source"])


@pytest.mark.parametrize(("kind", "stack"), [(CAUSAL, "self"), (TRANSLATION, "encoder"), (TRANSLATION, "cross")])
def test_no_one_looks_at_what_is_hidden(kind, stack):
    found = next(maps for maps in look(request(kind, hidden=(1, 3, 99, -1))).maps if maps.stack.name == stack)
    assert not found.p[..., [1, 3]].any() and found.p.sum(-1) == pytest.approx(1, abs=1e-5)
    detail = look_at_head(request(kind, hidden=(1, 3)), stack, 1, 1)
    assert not detail.p[:, [1, 3]].any() and detail.scores[:, 1].any()


def test_hiding_everything_hides_nothing():
    plain, hidden = look(request(CAUSAL, "fox")), look(request(CAUSAL, "fox", hidden=tuple(range(10))))
    assert hidden.maps[0].p == pytest.approx(plain.maps[0].p)


def test_what_is_switched_off_is_missing_from_the_answer():
    plain, without = look(request(CAUSAL)), look(request(CAUSAL, off=(("self", 0, 1),)))
    assert plain.next.guess.top != without.next.guess.top
    assert without.maps[0].p[0] == pytest.approx(plain.maps[0].p[0], abs=1e-6)          # the layer itself still looks
    unknown = look(request(CAUSAL, off=(("cross", 0, 0), ("self", 9, 0), ("self", -1, 0), ("self", 0, 10**400))))
    assert unknown.next.guess.top == plain.next.guess.top


@pytest.mark.parametrize(("kind", "stack"), EVERY_STACK)
@pytest.mark.parametrize("taken", ["off", "hidden"])
def test_every_question_goes_without_what_a_look_goes_without(kind, stack, taken):
    """One head, one query, and the file of all maps are of the same pass as the look's."""
    given = request(kind, **{"off": tuple((stack, 0, head) for head in (0, 1))} if taken == "off" else {"hidden": (1, 2)})
    looked, plain = (next(maps for maps in look(one).maps if maps.stack.name == stack).p for one in (given, request(kind)))
    layer = len(looked) - 1
    detail, row, file = look_at_head(given, stack, layer, 1), look_from(given, stack, 3), load(base64.b64decode(tensors(given)))
    assert detail.p == pytest.approx(looked[layer, 1], abs=1e-5)
    assert row.p == pytest.approx(looked[:, :, min(3, looked.shape[2] - 1)], abs=1e-5)
    assert file[f"{stack}.{layer}"].float().numpy() == pytest.approx(looked[layer], abs=1e-3)
    if kind == VISION and taken == "hidden":       # patches are not hidden
        assert looked == pytest.approx(plain)
    else:
        assert looked.shape != plain.shape or not np.allclose(looked[layer], plain[layer], atol=1e-3)


def test_a_translation_is_written_without_what_is_taken_away():
    """The maps are of the sentence that the network writes without it, as the comparison shows it."""
    for taken in ({"off": tuple(("cross", layer, head) for layer in range(LAYERS) for head in range(HEADS))}, {"hidden": (1, 2, 3)}):
        found = look(request(TRANSLATION, **taken))
        assert found.written == knock_out(request(TRANSLATION, **taken)).written[1] != look(request(TRANSLATION)).written
        assert len(found.tokens["target"]) == found.maps[0].p.shape[2]


# -- limits ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", TEXT_KINDS)
def test_a_text_that_does_not_fit_is_cut(kind):
    found = look(request(kind, "fox " * 5000))
    assert len(found.tokens["source"]) == found.limit == CONTEXT and found.cut > 1000
    assert max(maps.p.shape[2] for maps in found.maps) <= CONTEXT


@pytest.mark.parametrize(("characters", "cut"), [(0, 0), (1, 1), (4, 1), (5, 2), (1_000_000, 250_000)])
def test_what_was_not_even_kept_counts_as_cut(characters, cut):
    assert look(request(CAUSAL, "fox", beyond=characters)).cut == cut
    assert look(request(CAUSAL, "fox " * 100, beyond=characters)).cut == look(request(CAUSAL, "fox " * 100)).cut + cut


def test_a_picture_of_more_maps_than_fit_is_refused(monkeypatch):
    """A picture cannot be cut as a text can."""
    size = look(request(VISION)).maps[0].p.nbytes
    monkeypatch.setattr(reading, "MOST_MAP_BYTES", size)
    look(request(VISION))
    monkeypatch.setattr(reading, "MOST_MAP_BYTES", size - 1)
    assert error_of(look, request(VISION)) == error_of(look_from, request(VISION), "self", 0) == "picture_maps_large"
    look(request(CAUSAL))


@pytest.mark.parametrize(("kind", "given", "key"), [
    (CAUSAL, {"text": ""}, "text_empty"), (CAUSAL, {"text": " \n\t "}, "text_empty"), (CAUSAL, {"text": "<bos><eos>"}, "text_empty"),
    (MASKED, {"text": ""}, "text_empty"), (TRANSLATION, {"text": " "}, "text_empty"),
    (CAUSAL, {"text": "", "picture": np.zeros((4, 4, 3), np.uint8)}, "text_missing"),
    (VISION, {"text": "a cat"}, "picture_missing"), (VISION, {}, "picture_missing")])
def test_nothing_to_read_is_said(kind, given, key):
    assert error_of(look, Request(**given, checkpoint=POCKETS[kind].id)) == key


@pytest.mark.parametrize("given", [
    {"text": None}, {"text": 3}, {"text": ["a"]}, {"checkpoint": None}, {"off": (("self", 0, 0),) * (MOST_OFF + 1)},
    {"hidden": (1,) * (MOST_HIDDEN + 1)}, {"after": (1,) * (MOST_HIDDEN + 1)}])
def test_what_is_out_of_range_is_refused(given):
    assert error_of(lambda: Request(**{"text": "a", "checkpoint": "pocket-causal", **given})) == "question_broken"


def test_a_tiny_picture_and_a_large_one():
    for size in ((1, 1), (3, 700)):
        assert look(Request(picture=np.full((*size, 3), 7, np.uint8), checkpoint=POCKETS[VISION].id)).pixels.shape == (64, 64, 3)


# -- to take along -----------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", [*TEXT_KINDS, VISION])
def test_all_maps_come_as_a_file(kind):
    found, maps = load(base64.b64decode(tensors(request(kind)))), look(request(kind)).maps
    assert set(found) - {"ids"} == {f"{one.stack.name}.{layer}" for one in maps for layer in range(one.stack.layers)}
    for one in maps:
        for layer in range(one.stack.layers):
            tensor = found[f"{one.stack.name}.{layer}"]
            assert tensor.dtype == torch.float16 and tensor.float().numpy() == pytest.approx(one.p[layer], abs=1e-3)
    assert ("ids" in found) == (kind != VISION)


def test_a_file_that_is_too_large_is_not_made(monkeypatch):
    monkeypatch.setattr(infer, "MOST_TENSOR_BYTES", 100)
    assert error_of(tensors, request(CAUSAL)) == "tensors_large"


def test_a_folders_place_on_this_machine_stays_here():
    folder = tiny_checkpoint(CAUSAL).folder
    data = base64.b64decode(tensors(Request("The fox", checkpoint=str(folder))))
    assert folder.name.encode() in data and str(folder.parent).encode() not in data


def test_the_first_model_is_loaded_beforehand(monkeypatch):
    asked: list[Request] = []
    monkeypatch.setattr(infer, "look", asked.append)
    infer.warm()
    monkeypatch.setattr(infer, "zero_gpu", lambda: True)
    infer.warm()
    assert [one.checkpoint for one in asked] == [POCKETS[CAUSAL].id]
