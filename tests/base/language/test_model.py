"""A text network asked for whole distributions says what the library's own network says, whatever its family."""

from __future__ import annotations

import json
import shutil
from functools import cache

import pytest
import torch

from demos.base.checkpoints import find_checkpoint
from demos.base.devices import Device
from demos.base.errors import UserError
from demos.base.language import load as loading
from demos.base.language.kinds import CAUSAL, MASKED, text_kind
from demos.base.language.load import load_language_model
from demos.base.language.model import MOST_TOKENS
from demos.base.language.thinking import put_question
from demos.base.tokenizer import BOS_ID, EOS_ID
from tests.full_attention import write_pythia, write_qwen3, write_roberta, write_smollm2
from tests.full_language import PAIRS, R1_MARKS
from tests.tiny_language import CONTEXT, IDS, tiny_language

CPU = Device("cpu", "CPU", "float32", 0, 0)
WRITERS = {"gpt2": PAIRS["gpt2"][0], "distilgpt2": PAIRS["gpt2"][1], "bert": PAIRS["bert"][0], "distilbert": PAIRS["bert"][1],
           "qwen_math": PAIRS["qwen2"][0], "r1": PAIRS["qwen2"][1], "pythia": write_pythia, "qwen3": write_qwen3, "smollm2": write_smollm2,
           "roberta": write_roberta}
TEXT = "the cat sat on the mat"


@pytest.fixture(scope="module", autouse=True)
def root(tmp_path_factory):
    folder.root = tmp_path_factory.mktemp("language")
    yield
    for made in (folder, ours):
        made.cache_clear()
    shutil.rmtree(folder.root)


@cache
def folder(name):
    return WRITERS[name](folder.root / name)


def load(path):
    return load_language_model(find_checkpoint(str(path), (), allow_any=True), CPU)


@cache
def ours(name):
    return load_language_model(tiny_language(name), CPU) if name in (*IDS, "masked") else load(folder(name))


def library(model):
    """The library's own scores (T, L) of the text with its marks."""
    ids = model.tensor(model.encode(TEXT).ids)
    with torch.inference_mode():
        return ids, model.network(input_ids=ids).logits[0].float()


@pytest.mark.parametrize("name", [*WRITERS, IDS[0], "masked"])
def test_the_answers_are_the_librarys(name):
    model = ours(name)
    ids, expected = library(model)
    with torch.inference_mode():
        read = model.answers(ids)
        torch.testing.assert_close(read(slice(0, 3)), expected[:3], atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(read([1, 3]), expected[[1, 3]], atol=1e-4, rtol=1e-4)
        twice = model.answers(ids.repeat(2, 1))
        torch.testing.assert_close(twice([0, 2], [0, 1]), expected[[0, 2]], atol=1e-4, rtol=1e-4)
    assert model.rows == expected.shape[1] >= len(model.tokenizer) and model.dtype_name == "float32"
    assert model.kind == text_kind(model.network.config.to_dict() | {"architectures": [type(model.network).__name__]})
    assert model.parameters == sum(p.numel() for p in model.network.parameters()) and model.stored > 0


@pytest.mark.parametrize("name", [name for name in [*WRITERS, IDS[0]] if name not in ("bert", "distilbert", "roberta")])
def test_steps_that_keep_what_was_read_say_the_same(name):
    model = ours(name)
    ids, expected = library(model)
    with torch.inference_mode():
        scores, past = model.step(ids[:, :3])
        torch.testing.assert_close(scores, expected[2], atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(model.step(ids[:, 3:4], past)[0], expected[3], atol=1e-4, rtol=1e-4)


def test_a_network_that_bends_its_answer_after_the_head_is_asked_as_a_whole(monkeypatch):
    """Gemma 2 does: the head alone would say something else."""
    from transformers import Gemma2Config, Gemma2ForCausalLM

    from demos.base.language.model import LanguageModel

    torch.manual_seed(0)
    network = Gemma2ForCausalLM(Gemma2Config(
        vocab_size=8000, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2, head_dim=8, intermediate_size=16,
        max_position_embeddings=64, final_logit_softcapping=0.01)).eval()
    model = LanguageModel(network, CAUSAL, CPU, ours(IDS[0]).tokenizer)
    ids = model.tensor(model.encode(TEXT).ids)
    with torch.inference_mode():
        expected = network(input_ids=ids).logits[0]
        torch.testing.assert_close(model.answers(ids)(slice(None)), expected)
        torch.testing.assert_close(model.step(ids)[0], expected[-1])


def test_a_text_is_cut_to_what_the_context_holds_beside_its_marks():
    model = ours(IDS[0])
    assert (model.context, model.limit, model.cutting.lead, model.cutting.trail) == (CONTEXT, CONTEXT - 1, (BOS_ID,), ())
    found = model.encode("fox " * 500)
    assert len(found.ids) == model.limit and found.cut > 400
    assert len(model.encode(TEXT, 3).ids) == 3 and model.tensor(found.ids).shape == (1, CONTEXT)
    assert ours("qwen_math").limit == MOST_TOKENS and ours("r1").limit == MOST_TOKENS - 1
    masked = ours("masked")
    assert masked.cutting.trail == (EOS_ID,) and masked.limit == CONTEXT - 2
    with pytest.raises(UserError, match="text_empty"):
        model.encode("")


def test_large_weights_stay_in_half_precision_on_a_processor(monkeypatch):
    monkeypatch.setattr(loading, "HALF_FROM", 1000)
    assert load(folder("r1")).dtype_name == "bfloat16"


# -- what cannot be opened -------------------------------------------------------------------------
@pytest.mark.parametrize(("change", "key"), [
    (lambda path: (path / "model.safetensors").write_bytes(b"x" * 100), "checkpoint_broken"),
    (lambda path: (path / "tokenizer.json").write_text("{}"), "checkpoint_broken"),
    (lambda path: (path / "config.json").write_text(json.dumps({"architectures": ["ViTModel"], "patch_size": 8})), "checkpoint_unsupported"),
    (lambda path: (path / "config.json").write_text(json.dumps({"architectures": ["MarianMTModel"], "is_encoder_decoder": True})), "checkpoint_unsupported"),
    (lambda path: (path / "model.safetensors").unlink(), "folder_not_a_model")])
def test_a_folder_that_is_none_is_said(tmp_path, change, key):
    copy = shutil.copytree(folder("qwen_math"), tmp_path / "copy")
    change(copy)
    with pytest.raises(UserError) as error:
        load(copy)
    assert error.value.key == key


# -- a question ------------------------------------------------------------------------------------
def test_a_question_is_put_between_the_models_own_marks():
    model = ours("r1")
    ids = model.encode(TEXT).ids
    found, thinks = put_question(model, ids)
    shown = [token.text for token in model.show(found)]
    assert thinks and [shown[0], shown[1]] == [R1_MARKS[3], R1_MARKS[1]] and shown[-3:] == [R1_MARKS[2], "<think>", "\n"]
    assert tuple(found[2:-3]) == ids


@pytest.mark.parametrize("name", ["qwen_math", IDS[0]])
def test_a_model_without_such_marks_reads_the_text_as_it_is(name):
    model = ours(name)
    ids = model.encode(TEXT).ids
    assert put_question(model, ids) == ([*model.cutting.lead, *ids], False)


def test_masked_is_not_causal():
    assert ours("bert").kind == ours("roberta").kind == MASKED and ours("gpt2").kind == CAUSAL
