"""A CLIP in memory: pictures and texts in, unit vectors out (Radford et al. 2021, arXiv:2103.00020;
SigLIP: Zhai et al. 2023, arXiv:2303.15343).

Any open_clip network works alike (the pocket model, LAION's ViT-B-32, SigLIP), and so does Chinese-CLIP
behind the adapter of `chinese.py`.

    logits = logit_scale * image_features @ text_features.T + (logit_bias or 0)
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..devices import Device
from ..loader import measure

if TYPE_CHECKING:
    from PIL.Image import Image

TEXT_BATCH, IMAGE_BATCH = 64, 16
# Vectors kept per model: 40 MB at 512 numbers each.
CACHED_TEXTS = 20_000
# A token of any vocabulary in use is shorter than this on average; what lies beyond cannot be read,
# and byte-pair merging takes time quadratic in the length of an unbroken word.
_CHARACTERS_PER_TOKEN = 16


class ClipModel:
    """A network with open_clip's interface, its preprocessing and tokenizer; safe to share between threads.

    Attributes:
        logit_scale: inverse temperature, already exponentiated (100 for OpenAI's).
        logit_bias: SigLIP's bias; None for softmax-trained models.
        parameters: number of weights.
        image_size: side of the square the picture is brought to, in pixels.
        context_length: tokens a text may have, begin and end marks included.
        embed_dim: E, length of a feature vector.
        nbytes: memory of the weights.
    """

    def __init__(self, network: Any, preprocess: Callable, tokenizer: Any, device: Device) -> None:
        self._network, self._preprocess, self._tokenizer = network, preprocess, tokenizer
        self.device = device
        self.logit_scale = float(network.logit_scale.detach().exp())
        bias = getattr(network, "logit_bias", None)
        self.logit_bias = None if bias is None else float(bias.detach())
        self.parameters = sum(p.numel() for p in network.parameters())
        size = network.visual.image_size
        self.image_size = int(size[0] if isinstance(size, (tuple, list)) else size)
        self.context_length = int(tokenizer.context_length or network.context_length)
        self.nbytes = measure(network)
        self.embed_dim = self._encode_texts(["a"]).shape[1]
        self._texts: OrderedDict[str, np.ndarray] = OrderedDict()  # least recently used first
        self._lock = threading.Lock()

    def image_features(self, pictures: Sequence[Image]) -> np.ndarray:
        """Features of RGB pictures of any size: (B, E) float32 of unit length."""
        import torch

        batches = [np.empty((0, self.embed_dim), np.float32)]
        for start in range(0, len(pictures), IMAGE_BATCH):
            pixels = torch.stack([self._preprocess(picture.convert("RGB"))
                                  for picture in pictures[start:start + IMAGE_BATCH]])
            with torch.inference_mode():
                features = self._network.encode_image(pixels.to(self.device.name), normalize=True)
            batches.append(features.float().cpu().numpy())
        return np.concatenate(batches)

    def text_features(self, texts: Sequence[str]) -> np.ndarray:
        """Features of texts: (B, E) float32 of unit length. A text once encoded is remembered.

        Texts longer than the context are cut at its end (see `truncated`).
        """
        with self._lock:
            rows = {text: self._texts[text] for text in texts if text in self._texts}
        # Texts of a length together, as tokens go: a batch costs as much as its longest.
        new = sorted((text for text in dict.fromkeys(texts) if text not in rows),
                     key=lambda text: (len(text.split()), len(text)))
        for start in range(0, len(new), TEXT_BATCH):
            batch = new[start:start + TEXT_BATCH]
            # Copies: a row that is a view would keep its whole batch alive.
            rows.update({text: row.copy() for text, row in zip(batch, self._encode_texts(batch), strict=True)})
        with self._lock:
            for text in dict.fromkeys(texts):
                self._texts[text] = rows[text]
                self._texts.move_to_end(text)
            while len(self._texts) > CACHED_TEXTS:
                self._texts.popitem(last=False)
        return np.stack([rows[text] for text in texts]) if texts else np.empty((0, self.embed_dim), np.float32)

    def truncated(self, texts: Sequence[str]) -> list[bool]:
        """For each text, whether its end lies beyond the context and is not read."""
        # A token is at least a byte: short texts need no counting.
        return [len(text.encode("utf-8", "replace")) + 4 > self.context_length
                and self._count_tokens(text) > self.context_length for text in texts]

    def _encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        import torch

        tokens = self._tokenizer([self._shorten(text) for text in texts])
        with torch.inference_mode():
            features = _encode_unpadded(self._network, tokens.to(self.device.name))
        return features.float().cpu().numpy()

    def _count_tokens(self, text: str) -> int:
        text = self._tokenizer.clean_fn(self._shorten(text))
        inner = getattr(self._tokenizer, "tokenizer", None)  # a transformers tokenizer inside
        if inner is not None:
            return len(inner(text, truncation=False, verbose=False).input_ids)
        return len(self._tokenizer.encode(text)) + 2  # begin and end marks

    def _shorten(self, text: str) -> str:
        limit = _CHARACTERS_PER_TOKEN * self.context_length
        # White space first: the tokenizers fold it, so a run of it must not use up the allowance.
        return text if len(text) <= limit else " ".join(text[:64 * limit].split())[:limit]


def _encode_unpadded(network: Any, tokens: Any) -> Any:
    """Unit text features (B, E) of tokens (B, L), without computing on the padding all texts share.

    In a causal tower what follows the end mark changes nothing, and labels are a sixth of the context
    long. Towers of other kinds go through open_clip's own `encode_text`, padding and all.
    """
    import open_clip
    import torch.nn.functional as F
    from open_clip.transformer import text_global_pool

    if (type(network) is not open_clip.CLIP or network.attn_mask is None
            or network.text_pool_type not in ("argmax", "eos")):
        return network.encode_text(tokens, normalize=True)
    length = int((tokens != 0).any(dim=0).nonzero().max()) + 1
    tokens = tokens[:, :length]
    x = network.token_embedding(tokens) + network.positional_embedding[:length]
    x = network.ln_final(network.transformer(x, attn_mask=network.attn_mask[:length, :length]))
    x = text_global_pool(x, tokens, network.text_pool_type, eos_token_id=getattr(network, "text_eos_id", None))
    projection = network.text_projection
    x = projection(x) if callable(projection) else x if projection is None else x @ projection
    return F.normalize(x, dim=-1)
