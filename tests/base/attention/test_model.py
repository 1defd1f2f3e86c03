"""A network that can be watched: what it reads, what it says, what it writes, and what a batch does to a row."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import replace

import pytest
import torch
import transformers

from demos.base.attention import model as model_module
from demos.base.attention.capture import Watch
from demos.base.attention.checkpoints import CAUSAL, KINDS, MASKED, TRANSLATION, VISION
from demos.base.attention.model import MOST_TOKENS, MOST_WRITTEN
from demos.base.tokenizer import BOS_ID, EOS_ID, MASK_ID, PAD_ID
from tests.base.attention.library import library_network, question
from tests.tiny_attention import (
    CONTEXT, HEADS, LAYERS, MARKS, folder_checkpoint, load_tiny, tiny_checkpoint, tiny_model, write_folder)

SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64, "max_position_embeddings": 64}


@pytest.mark.parametrize(("kind", "stacks"), [
    (CAUSAL, [("self", True)]), (MASKED, [("self", False)]),
    (TRANSLATION, [("cross", False), ("encoder", False), ("decoder", True)])])
def test_every_attention_has_its_place(kind, stacks):
    model = tiny_model(kind)
    assert [(stack.name, stack.causal) for stack in model.stacks] == stacks
    assert all((stack.layers, stack.heads) == (LAYERS, HEADS) for stack in model.stacks)
    assert sorted(model.sites.values()) == sorted((name, layer) for name, _ in stacks for layer in range(LAYERS))
    assert model.limit == CONTEXT and model.grid is None and model.labels == ()
    assert model.nbytes >= 4 * model.parameters > 0 and model.dtype_name == "float32"


def test_a_picture_has_patches_and_a_class_token():
    model, reading = question(VISION)
    rows, columns = model.grid
    assert reading.pixels.shape == (1, 3, *model.side) and reading.ids is None and reading.length == 0
    assert model.limit == 1 + rows * columns and [stack.name for stack in model.stacks] == ["self"]
    shown = model.processor.undo(reading.pixels[0])
    assert shown.shape == (*model.side, 3) and shown[0, 0].tolist() == [220, 30, 30] and shown[-1, -1].tolist() == [255, 255, 255]


# -- reading -----------------------------------------------------------------------------------------
def test_each_kind_reads_the_marks_it_was_trained_with():
    found = {kind: tiny_model(kind).read_text("The fox").ids[0].tolist() for kind in (CAUSAL, MASKED, TRANSLATION)}
    words = found[CAUSAL][1:]
    assert found == {CAUSAL: [BOS_ID, *words], MASKED: [BOS_ID, *words, EOS_ID], TRANSLATION: [*words, EOS_ID]}


@pytest.mark.parametrize("kind", [CAUSAL, MASKED, TRANSLATION])
def test_what_does_not_fit_is_cut_and_counted(kind):
    model = tiny_model(kind)
    reading = model.read_text("fox " * 100)
    assert reading.length == CONTEXT and 90 < reading.cut + CONTEXT < 260
    assert (int(reading.ids[0, -1]) == EOS_ID) == (kind != CAUSAL)
    far = model.read_text("fox " * 20_000)
    assert far.length == CONTEXT and 10_000 < far.cut < 30_000
    assert model.read_text("fox").cut == 0


def test_hidden_tokens_of_a_masked_model_become_gaps():
    model = tiny_model(MASKED)
    plain = model.read_text("The fox met a hen")
    hidden = model.read_text("The fox met a hen", hidden=(0, 2, 3, plain.length - 1, 99, -1))
    assert plain.gaps == () and hidden.gaps == (2, 3)                  # the marks at the ends stay
    assert hidden.ids[0, [2, 3]].tolist() == [MASK_ID, MASK_ID] and hidden.ids[0, 0] == BOS_ID
    assert model.read_text("a ___ b").gaps and not tiny_model(CAUSAL).read_text("a ___ b").gaps


def test_a_batch_is_bounded():
    model = tiny_model(CAUSAL)
    assert model.largest_batch(MOST_TOKENS) * MOST_TOKENS <= 4096 and model.largest_batch(10**6) == model.largest_batch(4096) == 1
    assert model.largest_batch(0) == model.largest_batch(1) == 4096


# -- answering ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
def test_equal_rows_of_a_batch_are_equal(kind):
    model, reading = question(kind)
    with torch.inference_mode():
        three = model.states(reading, rows=3).last_hidden_state
        assert len(three) == 3 and torch.allclose(three[0], three[2], atol=1e-6)
        assert torch.allclose(three[0], model.states(reading).last_hidden_state[0], atol=1e-5)


@pytest.mark.parametrize("kind", [CAUSAL, MASKED, TRANSLATION])
def test_states_of_every_layer_begin_with_the_embedding(kind):
    model, reading = question(kind)
    with torch.inference_mode():
        output = model.states(reading, more_states=True)
        states = getattr(output, "hidden_states", None) or output.decoder_hidden_states
        assert len(states) == LAYERS + 1 and torch.equal(states[-1], output.last_hidden_state)
        assert torch.allclose(states[0], _embedding(kind, model, reading), atol=1e-6)
        assert not torch.allclose(states[1], states[0], atol=1e-2)


def _embedding(kind: str, model, reading) -> torch.Tensor:
    """What the first layer is given, by the library's own modules."""
    if kind == CAUSAL:
        return model.body.embed_in(reading.ids)
    if kind == MASKED:
        return model.body.embeddings(reading.ids)
    decoder, ids = model.body.decoder, model.read_by_decoder(reading)
    return decoder.embed_tokens(ids) * decoder.config.hidden_size ** 0.5


# -- the norm before the head ------------------------------------------------------------------------
# What to build, and the name of the norm in its body; None where nothing is known to make a layer's states the last ones.
NORMS: dict[str, tuple[str, dict, str | None]] = {
    "ModernBERT": ("ModernBertForMaskedLM", {"cls_token_id": BOS_ID, "sep_token_id": EOS_ID}, "final_norm"),
    "Phi": ("PhiForCausalLM", {}, "final_layernorm"), "BioGPT": ("BioGptForCausalLM", {}, "layer_norm"),
    "OPT": ("OPTForCausalLM", {"word_embed_proj_dim": 32, "ffn_dim": 64}, "decoder.final_layer_norm"),
    "RoBERTa with norms first": ("RobertaPreLayerNormForMaskedLM", {}, "LayerNorm"),
    "OPT with a narrower vocabulary": ("OPTForCausalLM", {"word_embed_proj_dim": 16, "ffn_dim": 64, "do_layer_norm_before": False}, None)}


@pytest.mark.parametrize("name", NORMS)
def test_the_norm_before_the_head_is_found_by_what_it_does(name, tmp_path):
    torch.manual_seed(0)
    kind, settings, path = NORMS[name]
    network = getattr(transformers, kind)(transformers.CONFIG_MAPPING[_family(kind)](**SMALL, **MARKS, **settings)).eval()
    for module_name, module in network.named_modules():    # fresh norms are all the same
        if "norm" in module_name.lower() and getattr(module, "weight", None) is not None:
            torch.nn.init.uniform_(module.weight, 0.5, 2)
    model = load_tiny(folder_checkpoint(write_folder(tmp_path / "tiny", network)))
    assert model.has_lens == (path is not None)
    if path is not None:
        assert model.final_norm is model.body.get_submodule(path)


def _family(name: str) -> str:
    return getattr(transformers, name).config_class.model_type


def test_a_picture_model_has_no_lens_and_a_pocket_text_model_has_one():
    assert {kind: tiny_model(kind).has_lens for kind in KINDS} == {CAUSAL: True, MASKED: True, TRANSLATION: True, VISION: False}
    assert tiny_model(TRANSLATION).final_norm is tiny_model(TRANSLATION).body.decoder.norm and tiny_model(MASKED).final_norm is tiny_model(MASKED).body.final_norm


# -- a batch that begins at a layer ------------------------------------------------------------------
@pytest.mark.parametrize("kind", [CAUSAL, MASKED, VISION])
@pytest.mark.parametrize("layer", range(LAYERS))
def test_a_batch_that_begins_at_a_layer_is_the_whole_batch(kind, layer):
    model, reading = question(kind)
    heads = model.stacks[0].heads
    factors = torch.ones(3, heads)
    factors[1, 0] = factors[2, 1] = 0
    with torch.inference_mode():
        split, whole = (model.states(reading, Watch(model.sites, stacks=(), keep={("self", layer): factors}), rows=3, **more).last_hidden_state
                        for more in ({"split": ("self", layer)}, {}))
    assert model.can_split("self") and torch.allclose(split, whole, atol=1e-4) and not torch.allclose(split[0], split[1], atol=1e-3)


@pytest.mark.parametrize("kind", [CAUSAL, MASKED])
def test_a_pass_of_another_thread_goes_by_while_a_batch_is_begun(kind, monkeypatch):
    """torch registers a hook in two steps; a pass between them calls it without the named inputs."""
    model, reading = question(kind)
    with torch.inference_mode():
        alone = model.states(reading).last_hidden_state
    layer, seen = model._blocks["self", 1], []

    def neighbour() -> None:
        with torch.inference_mode():
            seen.append(model.states(reading).last_hidden_state)

    class Between(OrderedDict):
        def __setitem__(self, key, value):
            thread = threading.Thread(target=neighbour)
            thread.start()
            thread.join(30)
            super().__setitem__(key, value)

    monkeypatch.setattr(layer, "_forward_pre_hooks_with_kwargs", Between())
    with torch.inference_mode():
        batch = model.states(reading, rows=3, split=("self", 1)).last_hidden_state
    assert len(seen) == 1 and torch.equal(seen[0], alone) and len(batch) == 3 and not layer._forward_pre_hooks


# -- what may be asked for ---------------------------------------------------------------------------
def test_a_network_of_many_heads_reads_fewer_tokens(monkeypatch):
    monkeypatch.setattr(model_module, "MOST_MAP_BYTES", 4 * LAYERS * HEADS * 20**2 + 3)
    model = load_tiny(tiny_checkpoint(CAUSAL))
    assert model.limit == 20 and model.map_bytes <= model_module.MOST_MAP_BYTES < 4 * LAYERS * HEADS * 21**2
    assert model.read_text("fox " * 30).length == 20
    assert tiny_model(CAUSAL).map_bytes == 4 * LAYERS * HEADS * CONTEXT**2


def _roberta():
    from transformers import RobertaConfig, RobertaForMaskedLM

    return RobertaForMaskedLM(RobertaConfig(**SMALL, **MARKS))


def _distilbert():
    from transformers import DistilBertConfig, DistilBertForMaskedLM

    return DistilBertForMaskedLM(DistilBertConfig(dim=32, n_layers=2, n_heads=4, hidden_dim=64, max_position_embeddings=64, **MARKS))


def _bert():
    from transformers import BertConfig, BertForMaskedLM

    return BertForMaskedLM(BertConfig(**SMALL, **MARKS))


def _modernbert():
    from transformers import ModernBertConfig, ModernBertForMaskedLM

    return ModernBertForMaskedLM(ModernBertConfig(cls_token_id=5, sep_token_id=4, **SMALL, **MARKS))


def _gpt2():
    from transformers import GPT2Config, GPT2LMHeadModel

    return GPT2LMHeadModel(GPT2Config(n_embd=32, n_layer=2, n_head=4, n_positions=64, **MARKS))


@pytest.mark.parametrize("make", [_bert, _roberta, _distilbert, _modernbert, _gpt2])
def test_every_kind_of_head_is_read_whole(make, tmp_path):
    """A masked model's head is more than its last matrix."""
    torch.manual_seed(0)
    network = make().eval()
    model = load_tiny(folder_checkpoint(write_folder(tmp_path / "tiny", network)))
    reading = model.read_text("She opened the <mask> and the")
    with torch.inference_mode():
        assert torch.allclose(model.logits(model.states(reading).last_hidden_state), network(input_ids=reading.ids).logits, atol=1e-5)


# -- writing -----------------------------------------------------------------------------------------
def test_a_translation_is_the_librarys_greedy_one():
    model, reading = question(TRANSLATION)
    expected = library_network(TRANSLATION, "sdpa").generate(
        reading.ids, num_beams=1, do_sample=False, bad_words_ids=[[PAD_ID]], max_length=1 + min(CONTEXT, 2 * reading.length + 12))
    assert reading.written[0].tolist() == expected[0, 1:].tolist()
    assert model.read_by_decoder(reading)[0].tolist() == [BOS_ID, *reading.written[0, :-1].tolist()]


def test_rows_that_lose_something_are_written_side_by_side():
    model, reading = question(TRANSLATION)
    factors = torch.tensor([[1.0, 1.0], [0.0, 0.0]])
    hide = torch.zeros(2, reading.length, dtype=torch.bool)
    hide[1, 1:] = True
    with torch.inference_mode():
        both = model.write(reading, {("cross", 0): factors}, rows=2, hide=hide)
        alone = model.write(reading, {("cross", 0): factors[1:]}, hide=hide[1:])
    row = [int(id) for id in both[0] if id != PAD_ID]
    assert row == reading.written[0].tolist()
    assert [int(id) for id in both[1] if id != PAD_ID] == alone[0].tolist() != row


def test_writing_stops_where_the_decoder_has_no_more_places():
    model = tiny_model(TRANSLATION)
    reading = model.read_text("word " * 300)
    with torch.inference_mode():
        written = model.write(reading)
    assert reading.length == CONTEXT and written.shape[1] <= min(CONTEXT, MOST_WRITTEN)
    with torch.inference_mode():
        assert model.states(replace(reading, written=written)).last_hidden_state.shape[1] == written.shape[1]


def test_writing_ends_with_its_mark(monkeypatch):
    model, reading = question(TRANSLATION)
    first = int(reading.written[0, 0])
    monkeypatch.setattr(model.network.config, "eos_token_id", first)
    with torch.inference_mode():
        assert model.write(reading).tolist() == [[first]] and model.decode([EOS_ID, BOS_ID]) == ""
