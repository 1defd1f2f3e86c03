"""What each text model is fitted to: cross-entropy per token, in bf16 where the network multiplies."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from ..base.fit import precision
from ..base.tokenizer import PAD_ID
from .lessons import IGNORED, PairBatch

SMOOTHING = 0.1               # of the translator's labels (Szegedy et al., arXiv:1512.00567)


class CausalLoss(nn.Module):
    """Of (B, T) ids and labels under a causal model."""

    def forward(self, model: nn.Module, ids: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        with precision(ids.device.type):
            states = model.base_model(ids, use_cache=False).last_hidden_state
            logits = model.lm_head(states)
        return F.cross_entropy(logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORED)


class MaskedLoss(nn.Module):
    """Of (B, T) ids at (N,) hidden places of the flattened batch; only these are projected onto the vocabulary."""

    def forward(self, model: nn.Module, ids: torch.Tensor, places: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        with precision(ids.device.type):
            states = model.model(ids).last_hidden_state.flatten(0, 1)[places]
            logits = model.decoder(model.head(states))
        return F.cross_entropy(logits.float(), labels, ignore_index=IGNORED)


class TranslationLoss(nn.Module):
    """Of a batch of pairs under an encoder-decoder that is given the true beginning of each translation."""

    def forward(self, model: nn.Module, batch: PairBatch) -> torch.Tensor:
        seen = batch.target[:, :-1]
        with precision(seen.device.type):
            logits = model(input_ids=batch.source, attention_mask=(batch.source != PAD_ID).long(),
                           decoder_input_ids=seen, use_cache=False).logits
        return F.cross_entropy(logits.flatten(0, 1).float(), batch.labels.flatten(), ignore_index=IGNORED,
                               label_smoothing=SMOOTHING)
