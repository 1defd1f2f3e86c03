"""What the pocket causal model learned: bits per byte, what it says, what its heads look at."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F

from ..base.corpus.bits import bits_per_byte, ngram_bits, size_of, xz_bits
from ..base.tokenizer import BOS_ID, PAD_ID, load_tokenizer
from .found_heads import induction, maps_of, mean_over, neighbour, say_twice
from .held_out import Extent, Texts, windows
from .lessons import IGNORED
from .networks import CONTEXT

TOKENS = 4096                 # of one batch
ORDER = 4                     # bytes that the n-gram beside the model sees: a 5-gram counts five, the one they foretell too
SAMPLE, TEMPERATURE, SEED = 60, 0.8, 0
COPIED = 40                   # characters in a row that no sample may share with the data
STRIDE = 8
DRAWS = 50


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
    rows = [row for ids in load_tokenizer()(list(documents)).input_ids for row in sliding(ids[1:])]
    rows.sort(key=lambda row: len(row[0]))
    nats, batch = 0.0, []
    for place, row in enumerate(rows):
        batch.append(row)
        if len(batch) * len(row[0]) >= TOKENS or place == len(rows) - 1:
            inputs, labels = (torch.nn.utils.rnn.pad_sequence(list(part), batch_first=True, padding_value=fill)
                              for part, fill in zip(zip(*batch), (PAD_ID, IGNORED)))
            losses = F.cross_entropy(model(inputs).logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED, reduction="none")
            nats, batch = nats + losses.double().sum().item(), []
    return bits_per_byte(nats, documents)


def sliding(ids: list[int], context: int = CONTEXT) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Inputs and labels of the windows over one document, whose ids lack the mark of beginning.

    Every window begins with that mark, as in training. It moves on by half its length and only the new half
    counts, so that all but a document's first tokens are predicted from half a window of text at least.
    """
    rows, half = [], context // 2
    for start in range(0, max(1, len(ids) - half), half):
        labels = torch.tensor(ids[start:start + context])
        inputs = torch.cat([torch.tensor([BOS_ID]), labels[:-1]])
        if start:
            labels = torch.cat([torch.full((half,), IGNORED), labels[half:]])
        rows.append((inputs, labels))
    return rows


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
    """What the model adds to each prompt, as it is.

    A sample that repeats COPIED characters of the data in a row is drawn again, since no passage of the data may lie
    here: `draws` says how many it took, `seed` with which one it was kept.
    """
    corpus = "\n\n".join(text for split in texts.split.values() for text in (*split.training, *split.held_out))
    prompts = tomllib.loads(Path(__file__).with_name("prompts.toml").read_text(encoding="utf-8"))
    asked = [(domain, prompt) for domain in texts.held_out for prompt in prompts[domain]]
    return [{"domain": domain, "prompt": prompt, **sample(model, prompt, SEED + number * DRAWS, corpus)}
            for number, (domain, prompt) in enumerate(asked)]


def sample(model, prompt: str, seed: int, corpus: str) -> dict[str, object]:
    tokenizer = load_tokenizer()
    ids = torch.tensor([tokenizer(prompt).input_ids[:-1]])
    for draw in range(DRAWS):
        torch.manual_seed(seed + draw)
        said = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=SAMPLE, do_sample=True,
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
