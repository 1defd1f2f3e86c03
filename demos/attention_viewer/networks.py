"""The pocket text models, untrained: transformers' own classes at about 4 to 5 million parameters each.

Causal: GPT-NeoX with rotary positions (Su et al., arXiv:2104.09864). Masked: ModernBERT (Warner et
al., arXiv:2412.13663). Translator: T5Gemma, an encoder-decoder with rotary positions (Zhang et al.,
arXiv:2504.06225).
"""

from __future__ import annotations

from ..base.tokenizer import BOS_ID, EOS_ID, PAD_ID, VOCABULARY

WIDTH, HEADS, INNER, CONTEXT = 192, 6, 768, 256
HEAD, TRANSLATOR_HEADS, TRANSLATOR_INNER = 32, 5, 448
ROTARY_BASE = 100.0           # the slowest pair of numbers turns once in 470 tokens, nearly twice the context; at RoFormer's
# 10,000 most pairs hardly turn within it, and no head of the causal model came to look one place back for more than 0.47
# What the names of the matrices inside the blocks hold, for the optimiser that trains them.
INSIDE = (".layers.", ".h.")
_MARKS = {"pad_token_id": PAD_ID, "bos_token_id": BOS_ID, "eos_token_id": EOS_ID}


def build_causal():
    """GPTNeoXForCausalLM, 4.2 M parameters."""
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

    return GPTNeoXForCausalLM(GPTNeoXConfig(
        vocab_size=VOCABULARY, hidden_size=WIDTH, num_hidden_layers=6, num_attention_heads=HEADS, intermediate_size=INNER,
        max_position_embeddings=CONTEXT, use_parallel_residual=False, tie_word_embeddings=True, hidden_dropout=0.0,
        attention_dropout=0.0, rope_parameters={"rope_type": "default", "rope_theta": ROTARY_BASE, "partial_rotary_factor": 1.0},
        **_MARKS))


def build_twin():
    """GPT2LMHeadModel, 4.3 M parameters: the causal model's shape with a learned table of positions (Radford et al. 2019)."""
    from transformers import GPT2Config, GPT2LMHeadModel

    return GPT2LMHeadModel(GPT2Config(
        vocab_size=VOCABULARY, n_embd=WIDTH, n_layer=6, n_head=HEADS, n_inner=INNER, n_positions=CONTEXT, tie_word_embeddings=True,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, **_MARKS))


def build_masked():
    """ModernBertForMaskedLM, 4.2 M parameters: rotary positions, norms before the blocks, every layer sees the whole row.

    With learned positions a model of this size learns to look at its neighbours too late: of the same batches, in the same
    90 seconds, RoBERTa's blocks with the norms first came to a loss of 6.3 on text, which is that of single tokens, and
    these to 5.2. BERT's own blocks were at 6.1 after 450 larger steps, all heads attending evenly.
    """
    from transformers import ModernBertConfig, ModernBertForMaskedLM

    turns = {"rope_type": "default", "rope_theta": ROTARY_BASE}
    return ModernBertForMaskedLM(ModernBertConfig(
        vocab_size=VOCABULARY, hidden_size=WIDTH, num_hidden_layers=6, num_attention_heads=HEADS, intermediate_size=512,
        max_position_embeddings=CONTEXT, global_attn_every_n_layers=1, initializer_range=0.06, tie_word_embeddings=True,
        rope_parameters={"full_attention": turns, "sliding_attention": turns}, cls_token_id=BOS_ID, sep_token_id=EOS_ID, **_MARKS))


def build_translator():
    """T5GemmaForConditionalGeneration, 5.1 M parameters: either side has word vectors of its own, hence the smaller width.

    Marian, with sinusoidal positions, came to no head that looks one place back for more than 0.30 of its weight, and to
    0.27 after lessons in matching no longer than a translation.
    """
    from transformers import T5GemmaConfig, T5GemmaForConditionalGeneration, T5GemmaModuleConfig

    def side(layers: int) -> T5GemmaModuleConfig:
        return T5GemmaModuleConfig(
            vocab_size=VOCABULARY, hidden_size=HEAD * TRANSLATOR_HEADS, num_hidden_layers=layers, num_attention_heads=TRANSLATOR_HEADS,
            num_key_value_heads=TRANSLATOR_HEADS, head_dim=HEAD, query_pre_attn_scalar=HEAD, intermediate_size=TRANSLATOR_INNER,
            max_position_embeddings=CONTEXT, initializer_range=0.06, layer_types=["full_attention"] * layers, sliding_window=CONTEXT,
            final_logit_softcapping=None, attn_logit_softcapping=None,
            rope_parameters={"rope_type": "default", "rope_theta": ROTARY_BASE}, **_MARKS)

    return T5GemmaForConditionalGeneration(T5GemmaConfig(
        encoder=side(4), decoder=side(3), dropout_rate=0.15, vocab_size=VOCABULARY, max_position_embeddings=CONTEXT,
        tie_word_embeddings=True, decoder_start_token_id=BOS_ID, **_MARKS))


def parameters(model) -> int:
    """Of the network, tied ones counted once."""
    return sum(p.numel() for p in model.parameters())
