"""Chinese-CLIP (Yang et al. 2022, arXiv:2211.01335) behind the same door as open_clip's networks.

transformers ships the network, a ViT and a Chinese RoBERTa; here it answers to the names that
`ClipModel` calls. Its text tower reads the class token and masks the padding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

# Tokens a caption had in training, [CLS] and [SEP] included (`context_length` of the authors' own
# tokenizer); positions 53 to 512 exist, but come from RoBERTa and never met a picture.
CONTEXT = 52
# Counted, not learned: older files store them, today's network makes them.
_COUNTED = "position_ids"


class ChineseClip(nn.Module):
    """transformers' ChineseCLIPModel with open_clip's interface."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.visual = SimpleNamespace(image_size=network.config.vision_config.image_size)
        self.pad_id = network.config.text_config.pad_token_id

    @property
    def logit_scale(self) -> Tensor:
        return self.network.logit_scale

    def encode_image(self, pixels: Tensor, normalize: bool = False) -> Tensor:
        """pixels: (B, 3, S, S), normalised -> (B, E)."""
        features = self.network.get_image_features(pixel_values=pixels).pooler_output
        return F.normalize(features, dim=-1) if normalize else features

    def encode_text(self, tokens: Tensor, normalize: bool = False) -> Tensor:
        """tokens: (B, L) int64, padded with `pad_id` -> (B, E)."""
        mask = (tokens != self.pad_id).long()
        features = self.network.get_text_features(input_ids=tokens, attention_mask=mask).pooler_output
        return F.normalize(features, dim=-1) if normalize else features


class ChineseTokenizer:
    """BERT's word pieces, padded to the longest text of a batch, cut at CONTEXT.

    Attributes:
        tokenizer: transformers' BertTokenizer.
    """

    context_length = CONTEXT

    def __init__(self, tokenizer: Callable) -> None:
        self.tokenizer = tokenizer

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """-> (B, L) int64, L at most CONTEXT."""
        return self.tokenizer(list(texts), max_length=CONTEXT, truncation=True, padding=True,
                              return_tensors="pt").input_ids

    def clean_fn(self, text: str) -> str:
        return text  # BertTokenizer cleans by itself


def read_chinese_clip(folder: Path) -> tuple[ChineseClip, Callable[[Image.Image], Tensor], ChineseTokenizer]:
    """The network in float32, its preprocessing and its tokenizer, from the folder alone.

    Raises:
        ValueError, RuntimeError, OSError, SafetensorError: a file is missing, a weight is missing or
            has no place, or the parts do not fit each other.
    """
    from transformers import BertTokenizer, ChineseCLIPImageProcessor, ChineseCLIPModel

    network, report = ChineseCLIPModel.from_pretrained(
        str(folder), dtype=torch.float32, use_safetensors=True, local_files_only=True,
        attn_implementation="sdpa", output_loading_info=True)
    astray = [name for name in (*report["missing_keys"], *report["unexpected_keys"])
              if not name.endswith(_COUNTED)]
    if astray:
        raise ValueError(f"weights missing or without a place: {sorted(astray)[:5]}")
    # Without a vocabulary, BertTokenizer would make one of five tokens by itself.
    tokenizer = BertTokenizer.from_pretrained(str(folder), local_files_only=True)
    if len(tokenizer) != network.config.text_config.vocab_size:
        raise ValueError(f"the tokenizer has {len(tokenizer)} tokens, the network "
                         f"{network.config.text_config.vocab_size}")
    processor = ChineseCLIPImageProcessor.from_pretrained(str(folder), local_files_only=True)
    size = network.config.vision_config.image_size

    def preprocess(picture: Image.Image) -> Tensor:
        """RGB of any size -> (3, S, S) float32, squashed and normalised as in training."""
        return processor(images=picture, return_tensors="pt")["pixel_values"][0]

    found = tuple(preprocess(Image.new("RGB", (size + 1, size))).shape)
    if found != (3, size, size):
        raise ValueError(f"the preprocessing makes {found}, the network takes {(3, size, size)}")
    return ChineseClip(network), preprocess, ChineseTokenizer(tokenizer)
