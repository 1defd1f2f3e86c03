"""The card of the pocket text models, every figure read from recipe.json and metrics.json."""

from __future__ import annotations

from math import prod
from pathlib import Path

from safetensors import safe_open

from ..base.attention.checkpoints import POSITIONS_FOLDER
from ..base.cards import TEXT_DATA, made, one_line, read_record, table
from .found_heads import best
from .lessons import LESSONS, LONG_LESSON, LONG_SHARE, MATCHING, SAYINGS

NAMES = {"causal": ("Pocket GPT", "`GPTNeoXForCausalLM`, rotary positions, 6 layers of 6 heads"),
         "masked": ("Pocket BERT", "`ModernBertForMaskedLM`, rotary positions, 6 layers of 6 heads"),
         "translator": ("Pocket T5Gemma", "`T5GemmaForConditionalGeneration`, rotary positions, English to Chinese, 4 + 3 layers of 5 heads")}
WAYS = {"previous": "one place back", "next": "one place on", "induction": "at what followed an earlier copy",
        "twin": "from a hidden token at its other saying"}

# What is said again in each kind of lesson.
SAID = {"text": "a stretch of text as it stands", "shuffled": "the tokens of a stretch of text, shuffled",
        "few": "at most 19 different tokens of a stretch of text, in no order",
        "even": "tokens drawn evenly from the vocabulary"}

POSITIONS_NOTE = """
`positions` holds one tensor, the 256 learned places of a twin of the pocket GPT (`GPT2LMHeadModel`, stage `twin`): what
the page about positions shows. The rest of the twin is not kept.
"""
CARD = """---
license: apache-2.0
library_name: transformers
language: [en, zh]
tags: [text-generation, fill-mask, translation]
arxiv: "1706.03762"
---

# Pocket text models

Three small Transformers whose attention can be looked at: one continues a text, one fills gaps, one translates
English into Chinese. They read the shared tokenizer's 8,000 byte-level tokens, 256 at most, and compute on an
ordinary processor. `from_pretrained` of the class named below opens each folder.

{models}
{positions}
## Made by

`python -m demos.attention_viewer.train`; measured by `python -m demos.attention_viewer.measure`. Settings,
versions and hashes are in `recipe.json`.

{recipe}
{notes}
Some of what they read are lessons in matching: {matching}.
Each says something again and again until the row is full, in turn:

{said}

What is said again can be read after its earlier copy (arXiv:2209.11895), and nothing else counts: the first saying has no
label, and the masked model is asked for tokens hidden in one saying at most. The matching figures below are therefore of
what they were taught.

{long} of the translator's lessons are such rows, of several translations beside their sources, {longest} tokens long; the
others single translations, each said {sayings} times with its end mark in between, of which everything counts. Dropout is off in
both. They are there for its head that looks one place back, which is measured on held-out pairs said once.

## Measured

Text nobody learned from: whole passages of the same books, poems and files, and sentence pairs of which neither
side is among the training pairs. None stands in the training text letter for letter; near
copies, such as another version of a poem, were not looked for. Everything in float32. {machine}

{causal}

{masked}

{translator}

## Limits

They have read a few million words: old stories and novels, classical poems, Python's own library, short
sentences. What they say is often wrong, and at times out of date in what it takes for granted. The translator knows
everyday sentences of about ten words and leaves out or invents what it has not met. Held-out passages are from
books whose other passages were read, names and habits included: text from elsewhere costs more. A head's weights
say where it looks, not why, nor whether the answer depends on it.

## Data

{data}
"""


def write_card(folder: Path) -> None:
    """README.md; says so where a model has not been trained or measured."""
    recipe, metrics = read_record(folder / "recipe.json"), read_record(folder / "metrics.json")
    stages = recipe.get("stages", {})
    taught = {name: stage["matching"] for name, stage in stages.items() if stage.get("matching")}
    parts = {"causal": _causal, "masked": _masked, "translator": _translator}
    measured = {name: describe(metrics[name]) if name in metrics else f"{NAMES[name][0]}: not measured yet."
                for name, describe in parts.items()}
    machine = f"Last on {metrics['measured']['machine']}, {metrics['measured']['date']}." if "measured" in metrics else ""
    (folder / "README.md").write_text(CARD.format(
        models=table(("folder", "name", "what it is", "parameters"),
                      [(f"`{name}`", *NAMES[name], _parameters(folder / name)) for name in NAMES]),
        recipe=table(("stage", "steps", "minutes", "machine", "begun from"),
                      [(f"`{name}`", *made(stages.get(name))) for name in dict.fromkeys((*NAMES, *MATCHING))]),
        notes="".join(f"\n`{name}`: {stage['notes']}.\n" for name, stage in stages.items() if stage.get("notes")),
        positions=POSITIONS_NOTE if (folder / POSITIONS_FOLDER.name).exists() else "",
        matching=", ".join(_share_of_lessons(stage, share) for stage, share in taught.items()) or "none",
        long=f"{100 * LONG_SHARE:.0f} %", longest=LONG_LESSON, sayings=SAYINGS, said="\n".join(f"- {SAID[kind]}" for kind in LESSONS),
        machine=machine, data=TEXT_DATA, **measured), encoding="utf-8")


def _share_of_lessons(stage: str, share: float) -> str:
    return f"{100 * share:.0f} % of the {'batches' if stage == 'translator' else 'rows'} of `{stage}`"


def _parameters(folder: Path) -> str:
    total = 0
    for path in folder.glob("*.safetensors"):
        with safe_open(path, "numpy") as tensors:
            total += sum(prod(tensors.get_slice(name).get_shape()) for name in tensors.keys())
    return f"{total / 1e6:.2f} million" if total else "not here"


def _causal(found: dict) -> str:
    first = next(iter(found["bits"].values()))
    bits = table(("domain", "held-out bytes", "Pocket GPT", f"{first['order'] + 1}-gram", "best n-gram", "`xz -9e`"),
                  [(domain, f"{row['bytes']:,}", f"**{row['model']:.2f}**", f"{row['ngram']:.2f}",
                    f"{row['best_ngram']:.2f} ({row['best_order'] + 1}-gram)", f"{row['xz']:.2f}") for domain, row in found["bits"].items()])
    again = found["repeat"]
    return f"""### Pocket GPT

Bits per UTF-8 byte, less is better. Windows of 256 tokens that begin with the mark of beginning and move on by
half their length, of which the new half counts; where a document ends is paid for too. The n-grams are over bytes,
interpolated Witten-Bell, and have counted the same training text: a {first['order'] + 1}-gram sees the {first['order']} bytes before the one it
foretells, and the best of 1 to 9 is chosen on the held-out text, in its favour. `xz` starts empty.

{bits}

Random tokens said and said again ({again['sequences']} sequences of {again['period']} tokens): {again['first']:.2f} nats a token the first time,
**{again['again']:.2f}** the second; {100 * again['accuracy']:.1f} % of the second saying is named before it is read.

{_heads({'': found['heads']})}

Samples: {len(found['samples'])} prompts of ours, 60 tokens at most, temperature 0.8, as they are. {_kept(found['samples'])}

{_samples(found['samples'])}"""


def _kept(samples: list[dict]) -> str:
    again = sum(sample["draws"] > 1 for sample in samples)
    return (f"Seeds are fixed; a sample that repeats 40 characters of the data in a row is drawn again, since no passage of it may "
            f"lie here ({again} of {len(samples)} were).")


def _samples(samples: list[dict]) -> str:
    return "\n\n".join(f"{sample['domain']}, after `{one_line(sample['prompt'])}` (seed {sample['seed']}):\n\n~~~~text\n{sample['text']}\n~~~~"
                       for sample in samples)


def _masked(found: dict) -> str:
    accuracy = table(("domain", "hidden tokens", "first", "among the first five", "always the commonest token"),
                      [(domain, f"{row['hidden']:,}", f"**{100 * row['top1']:.1f} %**", f"{100 * row['top5']:.1f} %",
                        f"{100 * row['constant']:.1f} %") for domain, row in found["accuracy"].items()])
    again = found["repeat"]
    return f"""### Pocket BERT

How often a hidden token is named, where 15 % of the tokens of each window of 256 read as the mask:

{accuracy}

Of random tokens said twice, each hidden in one of its sayings at most, **{100 * again['accuracy']:.1f} %** of {again['hidden']:,} are named.

{_heads({'': found['heads']})}"""


def _translator(found: dict) -> str:
    held, everyday = found["held_out"], found["everyday"]
    ways = [("greedily" if way == "greedy" else f"with {way.removeprefix('beam_')} beams", row)
            for way, row in held.items() if isinstance(row, dict)]
    rows = table(("English", "written", "our reference", "chrF"),
                  [(one_line(row["en"]), one_line(row["written"]), one_line(row["zh"]), f"{row['chrf']:.0f}") for row in everyday["sentences"]])
    return f"""### Pocket T5Gemma

{held['sentences']:,} held-out English sentences with {held['references']:,} translations in all (sacrebleu; chrF2, and BLEU over single
characters), written {_and(f"{how}: chrF **{row['chrf']:.1f}**, BLEU **{row['bleu']:.1f}**" for how, row in ways)}.

Twenty everyday sentences, chosen before the first training run and absent from the pairs, written greedily, as they
are: chrF {everyday['chrf']:.1f}, BLEU {everyday['bleu']:.1f} against one reference of ours each.

{rows}

{_heads(found['heads'])}"""


def _heads(stacks: dict[str, dict]) -> str:
    rows = []
    for stack, ways in stacks.items():
        for way, scores in ways.items():
            layer, head, score = best(scores)
            every = [score for heads in scores for score in heads]
            rows.append((f"{stack} {WAYS[way]}".strip(), f"layer {layer}, head {head}", f"{score:.2f}",
                         f"{sum(every) / len(every):.2f}"))
    return "Heads by where they look, mean weight; layers and heads count from 1 (all are in `metrics.json`):\n\n" + table(
        ("looks", "most", "weight", "mean of all heads"), rows)


def _and(parts) -> str:
    return "; ".join(parts)
