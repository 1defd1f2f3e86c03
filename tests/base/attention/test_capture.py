"""What is noted of an attention: the library's own numbers, for the thread that asks, and nothing changed for the others."""

from __future__ import annotations

import threading

import pytest
import torch

from demos.base.attention import capture
from demos.base.attention.capture import Watch, watching
from demos.base.attention.checkpoints import CAUSAL, KINDS, MASKED, TRANSLATION, VISION
from demos.base.attention.model import Reading
from tests.base.attention.library import PROJECTIONS, ask_library, library_maps, library_network, question
from tests.tiny_attention import HEADS, MARKS, folder_checkpoint, load_tiny, write_folder

every_kind = pytest.mark.parametrize("kind", KINDS)
every_stack = pytest.mark.parametrize(("kind", "stack"), [(kind, stack) for kind in KINDS for stack in PROJECTIONS[kind]])


@pytest.fixture(autouse=True)
def inference():
    with torch.inference_mode():
        yield


def states(kind: str, watch: Watch | None = None, **more: object) -> torch.Tensor:
    model, reading = question(kind)
    return model.states(reading, watch, **more).last_hidden_state


# -- the library's numbers ---------------------------------------------------------------------------
@every_kind
def test_the_maps_are_the_librarys_own(kind):
    model, _ = question(kind)
    watch = Watch(model.sites)
    states(kind, watch)
    expected = library_maps(kind)
    assert {(stack, layer) for stack, maps in expected.items() for layer in range(len(maps))} == set(watch.maps)
    for (stack, layer), p in watch.maps.items():
        assert p.dtype == torch.float32 and p.sum(-1) == pytest.approx(1, abs=1e-5)
        assert torch.allclose(p, expected[stack][layer], atol=1e-5)


@every_kind
def test_a_watched_network_answers_as_the_library_does(kind):
    model, _ = question(kind)
    found, expected = states(kind, Watch(model.sites)), ask_library(kind, "eager")
    if kind == VISION:
        assert torch.allclose(found, expected.last_hidden_state, atol=1e-5)
    else:
        assert torch.allclose(model.logits(found), expected.logits, atol=1e-5)


@every_kind
@pytest.mark.parametrize("watched", [False, True], ids=["nobody", "nothing"])
def test_where_nobody_looks_it_is_the_fast_kernel_bit_for_bit(kind, watched):
    model, _ = question(kind)
    found, expected = states(kind, Watch(model.sites, stacks=()) if watched else None), ask_library(kind, "sdpa")
    assert torch.equal(found, expected.last_hidden_state) if kind == VISION else torch.equal(model.logits(found), expected.logits)


@every_kind
def test_a_row_is_the_maps_row(kind):
    model, _ = question(kind)
    whole = Watch(model.sites)
    fast = states(kind, whole)
    for query in (0, 1, 3, 10_000):
        one = Watch(model.sites, row=query)
        assert torch.allclose(states(kind, one), fast, atol=1e-4)
        for site, p in whole.maps.items():
            assert one.maps[site].shape[2] == 1
            assert torch.allclose(one.maps[site][:, :, 0], p[:, :, min(query, p.shape[2] - 1)], atol=1e-5)


def test_only_the_stacks_that_are_asked_for_are_noted():
    model, _ = question(TRANSLATION)
    watch = Watch(model.sites, stacks=("cross",))
    states(TRANSLATION, watch)
    assert set(watch.maps) == {("cross", 0), ("cross", 1)}


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_maps_are_as_exact_as_the_kernel_whatever_the_networks_precision(dtype):
    """Products rounded to half precision would move a score of 30 by an eighth."""
    q, k, v = (6 * torch.randn(1, 2, 9, 16, generator=torch.Generator().manual_seed(n)).to(dtype) for n in range(3))
    module, exact = torch.nn.Identity(), (q.double() @ k.double().transpose(-1, -2) / 4).softmax(-1)
    watch, note = Watch({module: ("self", 0)}), Watch({module: ("self", 0)}, stacks=(), head=(("self", 0), 1))
    with watching(watch):
        output = capture.attend(module, q, k, v, None, is_causal=False)[0]
    with watching(note):
        capture.attend(module, q, k, v, None, is_causal=False)
    assert torch.allclose(watch.maps["self", 0].double(), exact, atol=2e-5) and torch.allclose(note.note.p.double(), exact[0, 1], atol=2e-5)
    step = torch.finfo(dtype).eps
    truth = (exact @ v.double()).transpose(1, 2)
    assert output.dtype == dtype and torch.allclose(output.double(), truth, atol=1e-4, rtol=step)     # rounded once, at the end


def test_in_float32_nothing_is_copied_to_be_exact(monkeypatch):
    q, k, v = (torch.randn(1, 2, 5, 4) for _ in range(3))
    cast = torch.Tensor.float
    monkeypatch.setattr(torch.Tensor, "float", lambda self: (copies.append(1), cast(self))[1] if cast(self) is not self else self)
    copies: list[int] = []
    module = torch.nn.Identity()
    watch = Watch({module: ("self", 0)}, head=(("self", 0), 0))
    with watching(watch):
        capture.attend(module, q, k, v, None, is_causal=False)
    assert torch.equal(watch.maps["self", 0], (q @ k.transpose(-1, -2) * 0.5).softmax(-1)) and not copies


# -- one head in full --------------------------------------------------------------------------------
@every_stack
def test_a_head_in_full_adds_up(kind, stack):
    model, _ = question(kind)
    whole = Watch(model.sites)
    states(kind, whole)
    for head in (0, 1):
        watch = Watch(model.sites, stacks=(), head=((stack, 1), head))
        states(kind, watch)
        note, expected = watch.note, whole.maps[stack, 1][0, head]
        causal = next(found.causal for found in model.stacks if found.name == stack)
        scores = note.scores.masked_fill(torch.ones_like(note.scores, dtype=torch.bool).triu(1), float("-inf")) if causal else note.scores
        assert torch.allclose(note.p, expected, atol=1e-5) and torch.allclose(scores.softmax(-1), note.p, atol=1e-5)
        assert note.norms.shape == (expected.shape[-1],)
        assert bool(note.scores.triu(1).any())                         # before the mask: what is hidden has a score too


def test_the_norms_are_those_of_the_value_vectors():
    model, reading = question(MASKED)
    found: list[torch.Tensor] = []
    projection = model.network.get_submodule("model.layers.0.attn.Wqkv")
    handle = projection.register_forward_hook(lambda module, inputs, output: found.append(output))
    watch = Watch(model.sites, stacks=(), head=(("self", 0), 1))
    states(MASKED, watch)
    handle.remove()
    vectors = found[0][0].view(reading.length, 3, HEADS, -1)[:, 2, 1]   # queries, keys and values of every head
    assert torch.allclose(watch.note.norms, vectors.norm(dim=-1), atol=1e-5)


# -- heads switched off ------------------------------------------------------------------------------
@every_stack
@pytest.mark.parametrize("watched", [None, ()], ids=["noted", "not noted"])
def test_a_head_switched_off_is_its_slice_gone_before_the_output_projection(kind, stack, watched):
    model, _ = question(kind)
    heads = next(found.heads for found in model.stacks if found.name == stack)
    factors = torch.ones(1, heads)
    factors[0, 1] = 0
    found = states(kind, Watch(model.sites, stacks=watched, keep={(stack, 0): factors}))

    def without(module, inputs):
        parts = inputs[0].clone().unflatten(-1, (heads, -1))
        parts[..., 1, :] = 0
        return (parts.flatten(-2),)

    network = library_network(kind, "eager")
    handle = network.get_submodule(PROJECTIONS[kind][stack]).register_forward_pre_hook(without)
    try:
        expected = ask_library(kind, "eager")
    finally:
        handle.remove()
    if kind == VISION:
        assert torch.allclose(found, expected.last_hidden_state, atol=1e-5)
    else:
        assert torch.allclose(model.logits(found), expected.logits, atol=1e-5)
    assert not torch.allclose(found, states(kind), atol=1e-3)


def test_each_row_of_a_batch_loses_its_own_heads():
    model, _ = question(CAUSAL)
    factors = torch.tensor([[1.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    three = states(CAUSAL, Watch(model.sites, stacks=(), keep={("self", 1): factors}), rows=3)
    for row in range(3):
        alone = states(CAUSAL, Watch(model.sites, stacks=(), keep={("self", 1): factors[row:row + 1]}))
        assert torch.allclose(three[row], alone[0], atol=1e-5)


# -- threads -----------------------------------------------------------------------------------------
def in_a_thread(work) -> object:
    found: list[object] = []

    def run() -> None:
        with torch.inference_mode():
            found.append(work())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    return found[0]


def test_another_threads_pass_is_not_touched_while_one_watches():
    model, _ = question(CAUSAL)
    alone = states(CAUSAL)
    watch = Watch(model.sites, keep={("self", 0): torch.zeros(1, 2)})
    with watching(watch):
        assert torch.equal(in_a_thread(lambda: states(CAUSAL)), alone)
        assert not watch.maps
        mine = states(CAUSAL)
    assert set(watch.maps) == {("self", 0), ("self", 1)} and not torch.allclose(mine, alone, atol=1e-3)
    assert torch.equal(states(CAUSAL), alone)                          # and it is over when it is over


def test_threads_at_once_see_their_own():
    model, reading = question(CAUSAL)
    variants = [torch.tensor([[float(first), float(second)]]) for first in (0, 1) for second in (0, 1)]
    expected = [states(CAUSAL, Watch(model.sites, keep={("self", 0): factors})) for factors in variants]
    start, wrong = threading.Barrier(len(variants)), []

    def work(number: int) -> None:
        start.wait()
        with torch.inference_mode():
            for _ in range(10):
                watch = Watch(model.sites, keep={("self", 0): variants[number]})
                if not torch.allclose(model.states(reading, watch).last_hidden_state, expected[number], atol=1e-5) or len(watch.maps) != 2:
                    wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(variants))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not wrong


def test_a_watch_ends_with_an_error_too():
    model, reading = question(CAUSAL)
    with pytest.raises(IndexError):
        model.states(reading, Watch(model.sites), ids=torch.tensor([[10**6]]))
    watch = Watch(model.sites)
    with watching(watch), watching(Watch(model.sites, stacks=())):
        states(CAUSAL)
    assert not watch.maps                                              # the inner one watched, and is gone now
    assert capture._thread.watch is None


# -- who may look where ------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", [CAUSAL, TRANSLATION])
def test_no_one_looks_at_a_hidden_token(kind):
    model, reading = question(kind)
    hide = torch.zeros_like(reading.ids, dtype=torch.bool)
    hide[0, 2] = True
    watch = Watch(model.sites)
    found = states(kind, watch, hide=hide)
    assert torch.allclose(found, states(kind, hide=hide), atol=1e-4)
    for (stack, _), p in watch.maps.items():
        if stack != "decoder":
            assert not p[..., 2].any()
        assert p.sum(-1) == pytest.approx(1, abs=1e-5)


def test_who_may_look_nowhere_does_not_look():
    """A causal model's first tokens, hidden: the fast kernel gives them nothing, and so does a watched pass."""
    model, reading = question(CAUSAL)
    hide = torch.zeros_like(reading.ids, dtype=torch.bool)
    hide[0, :2] = True
    watch, row = Watch(model.sites), Watch(model.sites, row=1)
    assert torch.allclose(states(CAUSAL, watch, hide=hide), states(CAUSAL, hide=hide), atol=1e-4)
    states(CAUSAL, row, hide=hide)
    for site, p in watch.maps.items():
        assert not p[:, :, :2].any() and p[:, :, 2:].sum(-1) == pytest.approx(1, abs=1e-5)
        assert not row.maps[site].any()


def test_grouped_queries_share_keys_and_values(tmp_path):
    """Four heads, two pairs of keys and values (Llama)."""
    from transformers import LlamaConfig, LlamaForCausalLM

    with torch.inference_mode(False):
        network = LlamaForCausalLM(LlamaConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
                                               intermediate_size=64, max_position_embeddings=64, **MARKS))
        model = load_tiny(folder_checkpoint(write_folder(tmp_path / "llama", network)))
    assert [(stack.layers, stack.heads) for stack in model.stacks] == [(2, 4)]
    eager = LlamaForCausalLM.from_pretrained(tmp_path / "llama", attn_implementation="eager")
    reading = model.read_text("The fox met a hen")
    expected = eager(input_ids=reading.ids, output_attentions=True)
    watch = Watch(model.sites)
    found = model.states(reading, watch)
    assert torch.allclose(model.logits(found.last_hidden_state), expected.logits, atol=1e-5)
    assert all(torch.allclose(watch.maps["self", layer], expected.attentions[layer], atol=1e-5) for layer in range(2))
    notes = []
    for head in range(4):
        watch = Watch(model.sites, stacks=(), head=(("self", 0), head))
        model.states(reading, watch)
        notes.append(watch.note)
        assert torch.allclose(watch.note.p, expected.attentions[0][0, head], atol=1e-5)
    assert torch.equal(notes[0].norms, notes[1].norms) and torch.equal(notes[2].norms, notes[3].norms)
    assert not torch.allclose(notes[1].norms, notes[2].norms)


def test_other_terms_are_refused_only_where_they_would_be_missed():
    """A network that adds biases or sinks would be shown wrong maps."""
    q = torch.zeros(1, 2, 3, 4)
    module = torch.nn.Identity()
    with watching(Watch({})), pytest.raises(ValueError, match="does not support being watched"):
        capture.attend(module, q, q, q, None, s_aux=torch.zeros(2))
    with watching(Watch({})):
        assert capture.attend(module, q, q, q, None, softcap=None)[0].shape == (1, 3, 2, 4)


def test_a_mask_that_is_left_out_acts_as_the_kernels_own():
    """Causal unless the network says otherwise; an additive mask acts like one of yes and no."""
    torch.manual_seed(0)
    q, k, v = (torch.randn(1, 2, 3, 4) for _ in range(3))
    module = torch.nn.Identity()
    below = torch.ones(3, 3, dtype=torch.bool).tril()[None, None]
    added = torch.zeros(1, 1, 3, 3).masked_fill(~below, torch.finfo(torch.float32).min)
    fast = capture.attend(module, q, k, v, None)[0]
    for mask, more in ((None, {}), (below, {}), (added, {}), (None, {"is_causal": True})):
        watch = Watch({module: ("self", 0)})
        with watching(watch):
            output = capture.attend(module, q, k, v, mask, **more)[0]
        assert torch.allclose(output, fast, atol=1e-6) and not watch.maps["self", 0].triu(1).any()
    watch = Watch({module: ("self", 0)})
    with watching(watch):
        output = capture.attend(module, q, k, v, None, is_causal=False)[0]
    assert bool(watch.maps["self", 0].triu(1).any())
    assert torch.allclose(output, capture.attend(module, q, k, v, None, is_causal=False)[0], atol=1e-6)


def test_reading_of_nothing_has_no_length():
    assert Reading().length == 0
