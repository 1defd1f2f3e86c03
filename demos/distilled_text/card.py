"""The card of the distilled text model, every figure read from recipe.json and metrics.json."""

from __future__ import annotations

from pathlib import Path

from ..base.cards import TEXT_DATA, made, one_line, read_record, table
from ..base.language.samples import COPIED, TEMPERATURE
from .evaluate import BINS, CONTROL, DISTILLED, MODELS, SAMPLE, STUDENTS, TEACHER
from .export import FOLDERS

NAMES = {TEACHER: "teacher", DISTILLED: "distilled", CONTROL: "control"}
CARD = """---
license: apache-2.0
library_name: transformers
language: [en, zh]
tags: [text-generation, distillation]
arxiv: "1503.02531"
---

# Pocket GPT, distilled

A student, its teacher, and a control. `teacher` is the pocket GPT of the attention viewer (`weights/attention_viewer/causal`)
after it has read on. `student` learned from its answers; `control` is the same network from the same first numbers, which
read the same rows in the same order for as many updates without a teacher. All are `GPTNeoXForCausalLM` folders; they read
the shared tokenizer's 8,000 byte-level tokens, 256 at most, and compute on an ordinary processor.

## Made by

`python -m demos.distilled_text.train`; measured by `python -m demos.distilled_text.measure`. Settings, versions and hashes
are in `recipe.json`.

{recipe}

{ways}

## Measured

{machine}

{measured}

## Limits

The student says what its teacher would say, mistakes included, and its teacher has read a few million words: old stories
and novels, classical poems, Python's own library, short sentences. Held-out passages are from books whose other passages
were read: text from elsewhere costs more. The comparison is of one pair of runs, one first draw of the weights; its
intervals are over held-out text, not over runs. The two budgets are the same in rows and updates, not in minutes: what the
teacher's passes took is said above.

## Data

{data}
"""


def write_card(folder: Path) -> None:
    """README.md; says so where a stage was not run or a part not measured."""
    recipe, metrics = read_record(folder / "recipe.json"), read_record(folder / "metrics.json")
    stages = recipe.get("stages", {})
    measured = metrics.get("measured", {})
    hashes = measured.get("weights_sha256", {})
    machine = f"Everything in float32. Last on {measured['machine']}, {measured['date']}." if measured else ""
    if hashes and hashes[TEACHER] != recipe.get("teacher", {}).get("weights_sha256"):
        machine += " **The teacher measured is not the one that taught: it has been trained anew since.**"
    parts = {"text": _text, "bill": _bill, "samples": _samples}
    (folder / "README.md").write_text(CARD.format(
        recipe=table(("stage", "folder", "updates", "minutes", "machine", "begun from"),
                      [(f"`{name}`", f"`{folder}`", *made(stages.get(name))) for name, folder in FOLDERS.items()]),
        ways="\n\n".join(filter(None, (_taught(stages), _trial(stages.get("trial"))))), machine=machine, data=TEXT_DATA,
        measured="\n\n".join(describe(metrics[name]) if name in metrics else f"`{name}`: not measured yet."
                             for name, describe in parts.items())), encoding="utf-8")


def _taught(stages: dict) -> str:
    stage = stages.get(DISTILLED)
    if stage is None:
        return ""
    mixture, cost = stage["mixture"], stage["teacher_minutes"]
    passes = f" The teacher's passes took {cost:g} of its minutes." if cost is not None else ""
    return (f"`distilled` minimises {1 - mixture['hard']:g} T^2 KL(teacher || student) at T = {mixture['temperature']:g} over the whole "
            f"vocabulary and {mixture['hard']:g} times the next token's cross-entropy; `control` minimises the latter alone.{passes}")


def _trial(trial: dict | None) -> str:
    if trial is None:
        return ""
    rows = [(f"{row['temperature']:g}", f"{row['hard']:g}", f"{row['nats']:.4f}") for row in trial["tried"]]
    return (f"Temperature and share were chosen by a trial of {trial['steps']:,} updates each ({trial['minutes']:g} minutes in all), on "
            "training text held back from it; nats a token:\n\n" + table(("T", "the next token's share", "nats"), rows))


def _text(found: dict) -> str:
    whole = found["all"]
    held = whole["gain"]
    said = ("the interval excludes 0" if held["low"] > 0 or held["high"] < 0 else "**the interval includes 0**")
    bits = [(domain, f"{row['bytes']:,}", *(f"{row['bits'][name]:.3f}" for name in MODELS), _interval(row["gain"]),
             _interval(row["gain_by_document"])) for domain, row in found.items()]
    near = [(domain, *(f"{row['kl'][name]:.3f}" for name in STUDENTS), *(f"{100 * row['agreement'][name]:.1f} %" for name in STUDENTS))
            for domain, row in found.items()]
    sure = [(NAMES[name], f"{100 * whole['accuracy'][name]:.1f} %", f"{100 * whole['calibration_error'][name]:.1f}") for name in MODELS]
    return f"""### Text nobody learned from

Bits per UTF-8 byte, less is better. Windows of a full context that begin with the mark of beginning and move on by half
their length, of which the new half counts; where a document ends is paid for too. The gain is the control's figure less the
distilled student's, with 95 % intervals (Student's t) over {held['groups']:,} windows and over
{whole['gain_by_document']['groups']:,} documents. Over all of it the gain is **{held['mean']:.4f}**, and {said}.

{table(("domain", "bytes", *(NAMES[name] for name in MODELS), "gain, by window", "gain, by document"), bits)}

How far both students lie from the teacher: nats of KL(teacher || student) a token, and how often both name the same token
first.

{table(("domain", "KL, distilled", "KL, control", "agreement, distilled", "agreement, control"), near)}

How often the token named first came, and the expected calibration error of its probability in points ({BINS} bins,
arXiv:1706.04599), over {whole['tokens']:,} tokens:

{table(("model", "named first", "calibration error"), sure)}"""


def _interval(row: dict) -> str:
    return f"{row['mean']:.4f} ({row['low']:.4f} to {row['high']:.4f})"


def _bill(found: dict) -> str:
    full = found[TEACHER]
    rows = [(NAMES[name], f"{row['parameters'] / 1e6:.2f} million", f"{row['nbytes'] / 1e6:.2f} MB", f"{row['operations'] / 1e6:.2f} million",
             *(f"{row['milliseconds'][way]:.2f} ({row['milliseconds'][way] / full['milliseconds'][way]:.2f})" for way in ("cached", "recomputed")))
            for name, row in ((name, found[name]) for name in MODELS)]
    share = found[DISTILLED]["operations"] / full["operations"]
    return f"""### What a token costs

Operations of a full context, a multiply-add counted as two; milliseconds a generated token, one text at a time on
{found['threads']} threads, in brackets as a share of the teacher's. The student needs {share:.2f} of the teacher's operations and
{found[DISTILLED]['parameters'] / full['parameters']:.2f} of its parameters.

{table(("model", "parameters", "on disk", "operations", "ms, keys and values kept", "ms, all read again"), rows)}"""


def _samples(found: list[dict]) -> str:
    first = {row["domain"]: row for row in reversed(found)}
    again = sum(row[name]["draws"] > 1 for row in found for name in MODELS)
    said = [f"{domain}, after `{one_line(row['prompt'])}`:\n\n" + "\n\n".join(
        f"{NAMES[name]} (seed {row[name]['seed']}):\n\n~~~~text\n{row[name]['text']}\n~~~~" for name in MODELS)
        for domain, row in reversed(first.items())]
    return f"""### Samples

The first prompt of each domain, written by us; {SAMPLE} tokens at most, temperature {TEMPERATURE}, as they are (all {len(found)} prompts are in
`metrics.json`). Seeds are fixed; a sample that repeats {COPIED} characters of the data in a row is drawn again, since no passage of
it may lie here ({again} of {len(found) * len(MODELS)} were).

""" + "\n\n".join(said)
