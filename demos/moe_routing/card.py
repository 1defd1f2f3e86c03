"""The card of the pocket mixtures, every figure read from recipe.json and metrics.json."""

from __future__ import annotations

from pathlib import Path

from ..base.cards import TEXT_DATA, made, one_line, read_record, table
from ..base.language.samples import COPIED, TEMPERATURE
from .corpus import DOMAINS, SUMS_HELD_OUT
from .evaluate import DENSE

TARGET = ("mixtral", "deepseek")                   # which were to beat the dense model
KINDS = {"dense": "`MistralForCausalLM`: Mixtral's blocks, one feed-forward part each", "switch": "`OlmoeForCausalLM`: 1 of 8 experts",
         "mixtral": "`MixtralForCausalLM`: 2 of 8 experts", "deepseek": "`DeepseekV3ForCausalLM`: 5 of 24 narrow experts and a shared one",
         "unbalanced": "as `mixtral`, without the balancing loss", "mixtral_early": "`mixtral` as it was early",
         "mixtral_midway": "`mixtral` as it was midway"}
CARD = """---
license: apache-2.0
library_name: transformers
language: [en, zh]
tags: [text-generation, mixture-of-experts]
arxiv: "2401.04088"
---

# Pocket mixtures of experts

A dense model and four mixtures that activate as many parameters for a token, from the same rows of text in the same order.
They read the shared tokenizer's 8,000 byte-level tokens, 256 at most, and compute on an ordinary processor.
`AutoModelForCausalLM.from_pretrained` opens each folder.

{models}

## Made by

`python -m demos.moe_routing.train`; measured by `python -m demos.moe_routing.measure`. Settings, versions, hashes and the
experts' loads during training are in `recipe.json`.

{recipe}
{notes}
Every row lies in one of {domains}, a quarter of the rows of a batch each. Muon steps the matrices of attention and experts,
each expert's apart; AdamW the word vectors and routers. All models have one learning rate, chosen for none of them in
particular. `switch` and `mixtral` add a balancing loss (arXiv:2101.03961) and a z-loss (arXiv:2202.08906), `unbalanced` the
z-loss alone; `deepseek` has no such loss: after every update each expert's bias moves up or down by a fixed step, as it was
chosen less or more than the mean (arXiv:2408.15664).

## Measured

Text nobody learned from: whole passages of the same books, poems and files, and sums of which none (one problem in {sums})
stands in the training text, whichever way round it is written. Everything in float32. {machine}

{measured}

## Limits

They have read a few million words, most of them more than once: old stories, classical poems, Python's own library, sums.
What they say is often wrong. One run of each, one first draw of the weights: the intervals are over held-out text, not over
runs. OLMoE's blocks normalise queries and keys, DeepSeek's attention keeps a latent: `switch` and `deepseek` differ from the
dense model in more than their experts. A favourite token says what an expert was chosen for, not what it does with it.

## Data

{data} The sums are written by a generator of this project.
"""


def write_card(folder: Path) -> None:
    """README.md; says so where a stage was not run or a part not measured."""
    recipe, metrics = read_record(folder / "recipe.json"), read_record(folder / "metrics.json")
    stages, measured = recipe.get("stages", {}), metrics.get("measured", {})
    parts = {"text": _text, "routing": _routing, "bill": lambda bill: _bill(bill, stages), "samples": _samples}
    kept = stages.get("mixtral", {}).get("kept_after", {})
    (folder / "README.md").write_text(CARD.format(
        models=table(("folder", "what it is"), [(f"`{name}`", kind + _after(kept, name)) for name, kind in KINDS.items()]),
        recipe=table(("stage", "updates", "tokens", "minutes", "machine", "begun from"), [_stage(name, stages.get(name)) for name in
                                                                                         KINDS if not name.startswith("mixtral_")]),
        notes="".join(f"\n`{name}`: {stage['notes']}.\n" for name, stage in stages.items() if stage.get("notes")),
        domains=", ".join(DOMAINS), sums=SUMS_HELD_OUT, data=TEXT_DATA,
        machine=f"Last on {measured['machine']}, {measured['date']}." if measured else "",
        measured="\n\n".join(describe(metrics[name]) if name in metrics else f"`{name}`: not measured yet."
                             for name, describe in parts.items())), encoding="utf-8")


def _after(kept: dict[str, int], name: str) -> str:
    updates = kept.get(name.removeprefix("mixtral_"))
    return f", after {updates:,} updates" if updates and name.startswith("mixtral_") else ""


def _stage(name: str, stage: dict | None) -> tuple[str, ...]:
    steps, minutes, machine, begun = made(stage)
    return f"`{name}`", steps, f"{stage['tokens'] / 1e6:.1f} million" if stage else "", minutes, machine, begun


def _text(found: dict) -> str:
    names = list(found["all"]["bits"])
    bits = [(f"`{name}`", *(f"{row['bits'][name]:.3f}" for row in found.values())) for name in names]
    saved = [(f"`{name}`", *(_interval(row["saved"][name]) for row in found.values())) for name in names if name != DENSE]
    verdict = "; ".join(f"`{name}` {_verdict(found['all']['saved'][name])}" for name in TARGET if name in names)
    sums = found["arithmetic"]["answer_digits"]
    return f"""### Text nobody learned from

Bits per UTF-8 byte, less is better. Windows of 256 tokens that begin with the mark of beginning and move on by half their
length, of which the new half counts; where a document ends is paid for too. `all` is as many bytes of each domain. Most of
what sums cost is their numbers, which nobody can foretell.

{table(("model", *found), bits)}

What each saves against the dense model, with 95 % intervals (Student's t) over {found['all']['saved'][names[-1]]['groups']:,} windows; below
0 it is worse. That Mixtral and the DeepSeek-style mixture beat the dense model over all of it was the target: {verdict}.

{table(("model", *found), saved)}

Digits of the answers to held-out sums that are named before they are read: {", ".join(f"`{name}` {100 * share:.1f} %" for name, share in sums.items())}."""


def _interval(row: dict) -> str:
    return f"{row['mean']:.4f} ({row['low']:.4f} to {row['high']:.4f})"


def _verdict(row: dict) -> str:
    if row["low"] > 0:
        return f"does, by **{row['mean']:.4f}**"
    return f"**is worse**, by {-row['mean']:.4f}" if row["high"] < 0 else "**cannot be told from it**: the interval includes 0"


def _routing(found: dict) -> str:
    rows = []
    for name, mixture in found.items():
        for number, layer in enumerate(mixture["layers"], 1):
            rows.append((f"`{name}`" if number == 1 else "", number, f"{layer['load']['max_over_mean']:.2f}", f"{layer['load']['entropy']:.3f}",
                         layer["load"]["unused"], *(f"{layer[of]['bits']:.3f} ({layer[of]['shuffled']:.3f})" for of in ("domain", "type"))))
    first = next(iter(found.values()))
    layer = first["layers"][0]
    return f"""### Experts

Over {first['tokens']:,} held-out tokens, as many of each domain. The busiest expert's load by the mean (1 is even), the entropy of the
loads as a share of the highest possible, experts with less than a hundredth of an even share; then how many bits a choice
tells of its token's domain (of {layer['domain']['of']:.2f}) and of its kind, such as word, digit or Chinese (of {layer['type']['of']:.2f}), in brackets
the mean of choices handed to other tokens at random. Loads are of this text; on another mixture of domains they are others.

{table(("mixture", "layer", "busiest", "entropy", "unused", "domain", "kind"), rows)}

Each expert's favourite tokens are in `metrics.json`, as `id:times it was chosen for it:times it was read`."""


def _bill(found: dict, stages: dict) -> str:
    full = found["models"][DENSE]["milliseconds"]
    rows = [(f"`{name}`", f"{row['parameters'] / 1e6:.2f} million", f"{row['active'] / 1e6:.2f} million", f"{row['nbytes'] / 1e6:.2f} MB",
             *(f"{row['milliseconds'][way]:.3f} ({row['milliseconds'][way] / full[way]:.2f})" for way in ("read", "written")),
             f"{stages[name]['tokens'] / 60 / stages[name]['minutes']:,.0f}" if stages.get(name, {}).get("minutes") else "")
            for name, row in found["models"].items()]
    slower = [name for name, row in found["models"].items() if row["milliseconds"]["read"] > full["read"]]
    said = (f"On this machine {', '.join(f'`{name}`' for name in slower)} take longer for a token than the dense model, though they activate "
            "as many parameters: sorting tokens and many small products cost time that large accelerators hide." if slower else
            "On this machine no mixture takes longer for a token than the dense model.")
    return f"""### What a token costs

Milliseconds a token, one text at a time on {found['threads']} threads, in brackets as a share of the dense model's; `read` in a text of 256
tokens, `written` one after another. The last column is of training. {said}

{table(("model", "parameters", "active", "on disk", "ms, read", "ms, written", "tokens a second in training"), rows)}"""


def _samples(found: list[dict]) -> str:
    names = [name for name in found[0] if name not in ("domain", "prompt")]
    first = {row["domain"]: row for row in reversed(found)}
    again = sum(row[name]["draws"] > 1 for row in found for name in names)
    said = [f"{domain}, after `{one_line(row['prompt'])}`:\n\n" + "\n\n".join(
        f"`{name}` (seed {row[name]['seed']}):\n\n~~~~text\n{row[name]['text']}\n~~~~" for name in names) for domain, row in reversed(first.items())]
    return f"""### Samples

The first prompt of each domain, written by us; temperature {TEMPERATURE}, as they are (all {len(found)} prompts are in `metrics.json`). Seeds are
fixed; a sample that repeats {COPIED} characters of the data in a row is drawn again, since no passage of it may lie here ({again} of
{len(found) * len(names)} were).

""" + "\n\n".join(said)
