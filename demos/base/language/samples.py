"""What a causal model adds to prompts of ours, kept only where it repeats no passage of the data."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import torch

from ..tokenizer import load_tokenizer
from .held_out import Texts

TEMPERATURE, SEED = 0.8, 0
COPIED = 40                   # characters in a row that no sample may share with the data
STRIDE = 8
DRAWS = 50


def prompts(domains: list[str]) -> Iterator[tuple[str, str, int]]:
    """(domain, prompt, seed) of every prompt of the domains."""
    written = tomllib.loads(Path(__file__).with_name("prompts.toml").read_text(encoding="utf-8"))
    asked = [(domain, prompt) for domain in domains for prompt in written[domain]]
    return ((domain, prompt, SEED + number * DRAWS) for number, (domain, prompt) in enumerate(asked))


def corpus_of(texts: Texts) -> str:
    """All documents of all domains, which no sample may repeat."""
    return "\n\n".join(text for split in texts.split.values() for text in (*split.training, *split.held_out))


def sample(model, prompt: str, seed: int, corpus: str, tokens: int) -> dict[str, object]:
    """`text`, up to `tokens` tokens that the model adds, as it is.

    A sample that repeats COPIED characters of the data in a row is drawn again, since no passage of the data may lie
    beside the weights: `draws` says how many it took, `seed` with which one it was kept.
    """
    tokenizer = load_tokenizer()
    ids = torch.tensor([tokenizer(prompt).input_ids[:-1]])
    for draw in range(DRAWS):
        torch.manual_seed(seed + draw)
        said = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=tokens, do_sample=True,
                              temperature=TEMPERATURE, top_k=0, top_p=1.0)
        text = tokenizer.decode(said[0, ids.shape[1]:], skip_special_tokens=True)
        if not copies(prompt + text, corpus):
            return {"text": text, "seed": seed + draw, "draws": draw + 1}
    return {"text": "", "seed": seed + draw, "draws": DRAWS}


def copies(text: str, corpus: str, length: int = COPIED) -> bool:
    """Whether `length` characters in a row of the text stand in the corpus."""
    part = length - STRIDE + 1                     # every stretch of `length` holds one such part whole
    near = [i for i in range(0, len(text) - part + 1, STRIDE) if text[i:i + part] in corpus]
    return any(text[j:j + length] in corpus for i in near for j in range(max(0, i - STRIDE + 1), i + 1)
               if j + length <= len(text))
