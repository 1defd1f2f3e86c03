"""Samples that may lie beside the weights, and folders that transformers opens by itself."""

from __future__ import annotations

import pytest
import torch

from demos.base.checkpoints import verify_checksums
from demos.base.corpus.texts import DOMAINS, Split
from demos.base.language import samples
from demos.base.language.folders import open_causal, write_model
from demos.base.language.held_out import Texts
from demos.base.tokenizer import VOCABULARY, load_tokenizer


def test_copied_stretches_are_found_wherever_they_stand():
    corpus = "".join(chr(0x100 + i) for i in range(300))
    for start in range(20):
        assert samples.copies("x" * start + corpus[50:90] + "y", corpus)
        assert not samples.copies("x" * start + corpus[50:89] + "y", corpus)
    assert not samples.copies("", corpus)


def test_prompts_have_seeds_of_their_own():
    asked = list(samples.prompts(list(DOMAINS)))
    assert {domain for domain, _, _ in asked} == set(DOMAINS) and len({seed for _, _, seed in asked}) == len(asked)


def test_a_sample_that_repeats_the_data_is_drawn_again():
    said = iter(["said in the data, a stretch of many letters in a row", "something else"])

    class Model:
        def generate(self, ids, **options):
            assert options["max_new_tokens"] == 7
            return torch.cat([ids, torch.tensor([load_tokenizer()(next(said), add_special_tokens=False).input_ids])], 1)

    texts = Texts({"stories": Split(["It was said in the data, a stretch of many letters in a row."], [])}, {})
    found = samples.sample(Model(), "Now ", 100, samples.corpus_of(texts), 7)
    assert found == {"text": "something else", "seed": 101, "draws": 2}


@pytest.fixture(scope="module")
def model():
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

    return GPTNeoXForCausalLM(GPTNeoXConfig(vocab_size=VOCABULARY, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
                                            intermediate_size=8, max_position_embeddings=48, tie_word_embeddings=True))


def test_a_plain_load_computes_in_float32_with_the_shared_tokenizer(model, tmp_path):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    write_model(tmp_path / "model", model)
    verify_checksums(tmp_path / "model", "model")
    opened = open_causal(tmp_path / "model")
    assert opened.dtype == AutoModelForCausalLM.from_pretrained(tmp_path / "model").dtype == torch.float32
    assert torch.equal(opened.gpt_neox.embed_in.weight.half(), model.gpt_neox.embed_in.weight)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "model")
    assert tokenizer.model_max_length == 48 and tokenizer("a cat").input_ids == load_tokenizer()("a cat").input_ids
