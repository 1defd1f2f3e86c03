"""The pocket text models, untrained: transformers' own classes at about 4 to 5 million parameters each.

Causal: GPT-NeoX with rotary positions (Su et al., arXiv:2104.09864). Masked: BERT (Devlin et al.,
arXiv:1810.04805). Translator: Marian's encoder-decoder (Vaswani et al., arXiv:1706.03762).
"""

from __future__ import annotations

import torch

from ..base.tokenizer import BOS_ID, EOS_ID, PAD_ID, VOCABULARY

WIDTH, HEADS, INNER, CONTEXT = 192, 6, 768, 256
# What the names of the matrices inside the blocks hold, for the optimiser that trains them.
INSIDE = (".layers.", ".layer.")
_MARKS = {"pad_token_id": PAD_ID, "bos_token_id": BOS_ID, "eos_token_id": EOS_ID}


def build_causal():
    """GPTNeoXForCausalLM, 4.2 M parameters."""
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

    return GPTNeoXForCausalLM(GPTNeoXConfig(
        vocab_size=VOCABULARY, hidden_size=WIDTH, num_hidden_layers=6, num_attention_heads=HEADS, intermediate_size=INNER,
        max_position_embeddings=CONTEXT, use_parallel_residual=False, tie_word_embeddings=True, hidden_dropout=0.0,
        attention_dropout=0.0, rope_parameters={"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 1.0},
        **_MARKS))


def build_masked():
    """BertForMaskedLM, 4.2 M parameters; its learned positions start as sinusoids.

    Neighbours then look alike from the first step on, which a head that looks one place back needs.
    """
    from transformers import BertConfig, BertForMaskedLM

    model = BertForMaskedLM(BertConfig(
        vocab_size=VOCABULARY, hidden_size=WIDTH, num_hidden_layers=6, num_attention_heads=HEADS, intermediate_size=INNER,
        max_position_embeddings=CONTEXT, type_vocab_size=1, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
        tie_word_embeddings=True, **_MARKS))
    places = model.bert.embeddings.position_embeddings.weight
    words = model.bert.embeddings.word_embeddings.weight
    with torch.no_grad():
        places.copy_(sinusoids(CONTEXT, WIDTH) * words.std() * 2 ** 0.5)
    return model


def build_translator():
    """MarianMTModel, 5.1 M parameters."""
    from transformers import MarianConfig, MarianMTModel

    return MarianMTModel(MarianConfig(
        vocab_size=VOCABULARY, d_model=WIDTH, encoder_layers=4, decoder_layers=3, encoder_attention_heads=HEADS,
        decoder_attention_heads=HEADS, encoder_ffn_dim=INNER, decoder_ffn_dim=INNER, max_position_embeddings=CONTEXT,
        activation_function="gelu", dropout=0.15, attention_dropout=0.0, activation_dropout=0.0, scale_embedding=True,
        share_encoder_decoder_embeddings=True, tie_word_embeddings=True, decoder_start_token_id=BOS_ID,
        forced_eos_token_id=None, num_beams=1, **_MARKS))


def sinusoids(places: int, width: int) -> torch.Tensor:
    """(places, width): sine then cosine of each place at geometric wavelengths (Vaswani et al., section 3.5)."""
    angles = torch.arange(places)[:, None] / 10000 ** (torch.arange(0, width, 2) / width)
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def parameters(model) -> int:
    """Of the network, tied ones counted once."""
    return sum(p.numel() for p in model.parameters())
