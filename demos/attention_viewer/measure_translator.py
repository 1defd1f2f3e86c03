"""What the pocket translator learned: chrF and BLEU on held-out sentences, everyday ones as they are, its heads."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

import numpy as np
import torch

from ..base.corpus.texts import plain, read_pairs
from ..base.tokenizer import PAD_ID, load_tokenizer
from .found_heads import neighbour, rounded
from .held_out import Extent
from .lessons import pad

BATCH, LONGEST = 64, 96
EVERYDAY = Path(__file__).with_name("everyday.toml")
# Which self-attention looks which way; the decoder cannot look on.
STACKS = {"encoder": {"previous": -1, "next": 1}, "decoder": {"previous": -1}}


def read_everyday(data: Path) -> list[dict[str, str]]:
    """The everyday sentences, `en` and `zh`.

    Raises: ValueError when one of them, in either language, is among the pairs.
    """
    sentences = tomllib.loads(EVERYDAY.read_text(encoding="utf-8"))["sentences"]
    known = {plain(sentence) for pairs in read_pairs(data) for pair in pairs for sentence in pair}
    if found := [sentence["en"] for sentence in sentences if {plain(sentence["en"]), plain(sentence["zh"])} & known]:
        raise ValueError(f"everyday.toml holds what the pairs hold too: {found}")
    return sentences


def figures(model, data: Path, extent: Extent) -> dict[str, object]:
    """The `translator` part of metrics.json."""
    everyday = read_everyday(data)
    grouped: dict[str, list[str]] = {}
    for english, chinese in read_pairs(data)[1]:
        grouped.setdefault(english, []).append(chinese)
    chosen = list(grouped)[:extent.pairs or None]
    references = [grouped[english] for english in chosen]
    found = {"held_out": {"sentences": len(chosen), "references": sum(map(len, references)),
                          "greedy": scores(translate(model, chosen), references)}}
    if extent.beams > 1:
        found["held_out"][f"beam_{extent.beams}"] = scores(translate(model, chosen, extent.beams), references)
    written = translate(model, [sentence["en"] for sentence in everyday])
    wanted = [[sentence["zh"]] for sentence in everyday]
    return found | {
        "everyday": {**scores(written, wanted), "sentences": [
            {**sentence, "written": text, "chrf": scores([text], [reference])["chrf"]}
            for sentence, text, reference in zip(everyday, written, wanted)]},
        "heads": heads(model, read_pairs(data)[1], extent.sentences)}


def translate(model, english: Sequence[str], beams: int = 1) -> list[str]:
    """In batches of like length."""
    tokenizer = load_tokenizer()
    ids = [row[1:] for row in tokenizer(list(english)).input_ids]      # the end mark alone, as in training
    order = sorted(range(len(ids)), key=lambda place: len(ids[place]))
    written = [""] * len(ids)
    for start in range(0, len(order), BATCH):
        chosen = order[start:start + BATCH]
        source = pad([ids[place] for place in chosen])
        found = model.generate(source, attention_mask=(source != PAD_ID).long(), max_new_tokens=LONGEST, num_beams=beams,
                               do_sample=False)
        for place, text in zip(chosen, tokenizer.batch_decode(found, skip_special_tokens=True)):
            written[place] = text
    return written


def scores(written: Sequence[str], references: Sequence[Sequence[str]]) -> dict[str, object]:
    """chrF and BLEU of sacrebleu over all sentences, BLEU over single characters; a sentence may have several references."""
    from sacrebleu.metrics import BLEU, CHRF

    streams = list(zip_longest(*references))
    found = {}
    for name, metric in (("chrf", CHRF()), ("bleu", BLEU(tokenize="zh"))):
        found[name] = round(metric.corpus_score(list(written), streams).score, 2)
        found[f"{name}_signature"] = str(metric.get_signature())
    return found


def heads(model, pairs: Sequence[tuple[str, str]], count: int) -> dict[str, dict[str, list[list[float]]]]:
    """Scores of the self-attention of either side over held-out pairs, the translation given; (L, H) each."""
    tokenizer = load_tokenizer()
    found: dict[str, list[torch.Tensor]] = {}
    for place in np.unique(np.linspace(0, len(pairs) - 1, count).round().astype(int)):
        source, target = (tokenizer(sentence).input_ids for sentence in pairs[place])
        output = model(input_ids=torch.tensor([source[1:]]), decoder_input_ids=torch.tensor([target[:-1]]), output_attentions=True)
        maps = {"encoder": torch.stack(output.encoder_attentions), "decoder": torch.stack(output.decoder_attentions)}
        for stack, ways in STACKS.items():
            for way, step in ways.items():
                found.setdefault(f"{stack}.{way}", []).append(neighbour(maps[stack], step))
    return {stack: {way: rounded(torch.cat(found[f"{stack}.{way}"], 2).mean(2)) for way in ways}
            for stack, ways in STACKS.items()}
