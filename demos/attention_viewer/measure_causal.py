"""What the pocket causal model learned: bits per byte, what it says, what its heads look at."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from ..base.corpus.bits import bits_per_byte, ngram_bits, size_of, xz_bits
from ..base.language.held_out import Texts, batches, sliding
from ..base.language.samples import corpus_of, prompts, sample
from ..base.tokenizer import load_tokenizer
from .found_heads import induction, maps_of, mean_over, neighbour, say_twice
from .held_out import Extent, windows
from .lessons import IGNORED
from .networks import CONTEXT

TOKENS = 4096                 # of one batch
ORDER = 4                     # bytes that the n-gram beside the model sees: a 5-gram counts five, the one they foretell too
SAMPLE, SEED = 60, 0


def figures(model, texts: Texts, extent: Extent) -> dict[str, object]:
    """The `causal` part of metrics.json."""
    return {"bits": {domain: domain_bits(model, texts, domain) for domain in texts.held_out},
            "repeat": repeat(model, extent), "heads": heads(model, texts, extent), "samples": samples(model, texts)}


# -- bits per byte -----------------------------------------------------------------------------------
def domain_bits(model, texts: Texts, domain: str) -> dict[str, object]:
    """Bits per byte of the model, of the 5-gram, of the n-gram that is best on this very text, and of xz.

    `order`, `best_order`: how many bytes before it an n-gram sees, one less than its n.
    """
    documents = texts.held_out[domain]
    orders = ngram_bits(texts.split[domain].training, documents)
    found = min(range(len(orders)), key=orders.__getitem__)
    return {"model": round(text_bits(model, documents), 4), "ngram": round(orders[ORDER], 4), "order": ORDER,
            "best_ngram": round(orders[found], 4), "best_order": found, "xz": round(xz_bits(documents), 4),
            "bytes": size_of(documents), "documents": len(documents)}


def text_bits(model, documents: Sequence[str]) -> float:
    """Each token of the documents once, and each document's end."""
    rows = [row for ids in load_tokenizer()(list(documents)).input_ids for row in sliding(ids[1:], CONTEXT)]
    nats = 0.0
    for _, inputs, labels in batches(rows, TOKENS):
        losses = F.cross_entropy(model(inputs).logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED, reduction="none")
        nats += losses.double().sum().item()
    return bits_per_byte(nats, documents)


# -- heads -------------------------------------------------------------------------------------------
def repeat(model, extent: Extent) -> dict[str, object]:
    """Nats a token of random sequences, said and said again, and how often the next token is named the second time.

    What is said again counts from its second token on: nothing tells that it begins.
    """
    period = extent.period
    ids = say_twice(extent.sequences, period, SEED)
    losses, right = [], []
    for rows in ids.split(8):
        logits, labels = model(rows[:, :-1]).logits, rows[:, 1:]
        losses.append(F.cross_entropy(logits.transpose(1, 2), labels, reduction="none"))
        right.append(logits.argmax(2) == labels)
    losses, right = torch.cat(losses), torch.cat(right)
    return {"first": round(losses[:, :period].mean().item(), 4), "again": round(losses[:, period + 1:].mean().item(), 4),
            "accuracy": round(right[:, period + 1:].float().mean().item(), 4), "period": period, "sequences": len(ids)}


def heads(model, texts: Texts, extent: Extent) -> dict[str, list[list[float]]]:
    """Scores of every layer and head: `previous` on held-out text, `induction` on random sequences said twice."""
    read = torch.cat([windows(documents)[:extent.windows] for documents in texts.held_out.values()])
    said = say_twice(extent.sequences, extent.period, SEED)
    return {"previous": mean_over(read, lambda ids: neighbour(maps_of(model, ids), -1)),
            "induction": mean_over(said, lambda ids: induction(maps_of(model, ids), extent.period))}


# -- samples -----------------------------------------------------------------------------------------
def samples(model, texts: Texts) -> list[dict[str, object]]:
    """What the model adds to each prompt, as it is; none repeats the data, see `sample`."""
    corpus = corpus_of(texts)
    return [{"domain": domain, "prompt": prompt, **sample(model, prompt, seed, corpus, SAMPLE)}
            for domain, prompt, seed in prompts(list(texts.held_out))]
