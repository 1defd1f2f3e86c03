"""The card of the few-step student, every figure read from recipe.json and metrics.json."""

from __future__ import annotations

from pathlib import Path

from ..base.cards import read_record, table
from .runs import EQUAL, STUDENT, TEACHER
from .student import GRID, HIGH, LOW, PATH

CARD = """---
license: apache-2.0
library_name: diffusers
pipeline_tag: text-to-image
language: [en, zh]
tags: [latent-consistency-model, distillation]
datasets: [noto-emoji, twemoji, fluentui-emoji, unicode-cldr]
arxiv: "2210.03142"
---

# Pocket Stable Diffusion, distilled

A student of the pocket Stable Diffusion (`weights/ddpm_vs_ddim/pocket`, its teacher) that draws a 64x64 picture in 1 to 4
evaluations of its network. `LatentConsistencyModelPipeline.from_pretrained("student")` opens it. Its U-Net is its own; text
encoder, tokenizer and autoencoder are copies of the teacher's.

## Choices

- The network is the teacher's without its middle block (arXiv:2305.15798) and is told the guidance scale, {low:g} to {high:g}
  (arXiv:2210.03142): a step is one evaluation, without a second one for the empty prompt.
- It is fitted to the ends of the teacher's guided runs of {grid} steps from given noise, from every sample on the way
  (arXiv:2101.02388); to the drawings the teacher learned from, drowned in noise; and to those drawings again from what its own
  run of {path} steps asks it about (arXiv:2405.05224, arXiv:2405.14867). Nothing is bootstrapped, as a consistency model's
  targets are.
- The loss is a length, bent to a square near 0 (arXiv:2310.14189): its least lies at a drawing, not between two.
- It samples as a latent consistency model does (arXiv:2310.04378): jump to the end, add noise, jump again.
- More of the captions than the teacher read are the bare name, and at a larger scale a caption leaves out the word for a
  drawing's style more rarely than the teacher's did, as far as guidance of that scale would have it.

## Made by

`python -m demos.distilled_steps.train`; measured by `python -m demos.distilled_steps.measure`. Settings, versions and hashes
are in `recipe.json`.

{recipe}

## Measured

{measured}

## Limits

What the teacher cannot draw its student cannot either: about 1,030 things in four styles on white paper, some of them in
other colours. The student saw the drawings for some minutes more than its teacher, so not all that it gained on it was
gained by distillation. A bare name means one drawing to it, whatever the seed; how much its pictures of one prompt differ is
said above. It was taught mostly at {grid} timesteps and at runs of {path} steps; other samplers and more steps it never practised.

## Data

None is included. Noto Emoji (Apache-2.0; the repository's root licence is now SIL OFL 1.1), Twemoji (CC BY 4.0, Copyright 2020
Twitter, Inc and other contributors), Fluent Emoji (MIT, Copyright (c) Microsoft Corporation), names and keywords from
Unicode CLDR (Unicode License v3) and emojibase (MIT).
"""
SAID = {"ddpm": "DDPM", "ddim": "DDIM", "dpm": "DPM-Solver++", "euler": "Euler", "lcm": "consistency"}


def write_card(folder: Path) -> None:
    """README.md; says so where a stage was not run or a part not measured."""
    recipe, metrics = read_record(folder / "recipe.json"), read_record(folder / "metrics.json")
    parts = {"compared": _compared, "student": _rows, "few": _rows, "longer": _rows, "chinese": _chinese, "seeds": _seeds,
             "novel": _novel, "bill": _bill}
    said = [describe(metrics, name) if name in metrics else f"`{name}`: not measured yet." for name, describe in parts.items()]
    head = [_machine(metrics, recipe)] if "measured" in metrics else []
    (folder / "README.md").write_text(CARD.format(low=LOW, high=HIGH, grid=GRID, path=PATH, recipe=_recipe(recipe.get("stages", {})),
                                                  measured="\n\n".join(head + said)), encoding="utf-8")


def _recipe(stages: dict) -> str:
    rows = [(f"`{name}`", stages[name].get("steps", ""), stages[name].get("minutes", ""), stages[name].get("machine", ""))
            for name in ("trajectories", "student", "scale") if name in stages]
    text = table(("stage", "steps", "minutes", "machine"), rows)
    if "student" in stages:
        kept = stages["student"]["runs_kept"] / stages["student"]["runs_drawn"]
        text += (f"\n\nOf {stages['student']['runs_drawn']:,} runs of the teacher {100 * kept:.0f} % ended nearest to a drawing of the name "
                 f"asked for and were kept.")
    if "scale" in stages:
        shares = ", ".join(f"{100 * share:.1f} % at {scale}" for scale, share in stages["scale"]["nearest_drawing_right"].items())
        text += (f" The scale for the figures is {stages['scale']['chosen']:g}, chosen without the judge: of {stages['scale']['names']} "
                 f"pictures so many lay nearest to a drawing of their name: {shares}.")
    return text


def _machine(metrics: dict, recipe: dict) -> str:
    real, unseen = metrics["real"]
    measured = metrics["measured"]
    text = (f"One picture a name, judged by {metrics['judge']} and took no part in training or choosing: top-1 among {metrics['names']:,} "
            f"names. Real drawings score {_percent(real['top1'])} ({real['style']}), those of a style the judge never saw "
            f"{_percent(unseen['top1'])} ({unseen['style']}, kernel distance {unseen['kid']:.1f}). An evaluation is one picture through the "
            f"network once, a guided step of the teacher counts two. {measured['machine']}, {measured['date']}.")
    if measured["weights_sha256"][TEACHER] != recipe.get("teacher", {}).get("weights_sha256"):
        text += " **The teacher measured is not the one that taught: it has been trained anew since.**"
    return text


def _compared(metrics: dict, name: str) -> str:
    found = metrics[name]
    rows = {row["name"]: row for part in ("student", "few", "longer") for row in metrics.get(part, [])}
    rival = rows[found["teacher"]]
    needs = (f"The teacher needs {found['needed']} evaluations for the student's score (`{found['needed_by']}`)." if found["needed"] else
             f"The teacher does not reach the student's score with any run measured here, of up to {found['most_asked']} evaluations; its "
             f"best is {_percent(rows[found['best_of_all']]['top1'])} (`{found['best_of_all']}`).")
    return f"""### At {found['evaluations']} evaluations

The student, told {found['scale']:g}, less the teacher's best run at the same evaluations (`{found['teacher']}`: {SAID[rival['sampler']]}
{rival['variance']}, {rival['steps']} steps, scale {rival['scale']:g}, {_percent(rival['top1'])}), paired over {found['n']:,} names: **{100 * found['mean']:+.1f} points**
(95 %: {100 * found['low']:+.1f} to {100 * found['high']:+.1f}); kernel distances {found['kid_student']:.1f} and {found['kid_teacher']:.1f}. {needs}"""


def _rows(metrics: dict, name: str) -> str:
    said = {"student": "### The student", "few": f"### The teacher at {EQUAL} evaluations and fewer",
            "longer": "### The teacher with more evaluations"}[name]
    rows = sorted(metrics[name], key=lambda row: (row["evaluations"], -row["top1"]))
    return said + "\n\n" + table(
        ("evaluations", "sampler", "steps", "scale", "top-1", "95 %", "kernel distance", "diversity"),
        [(row["evaluations"], f"{SAID[row['sampler']]} {row['variance']}".strip(), row["steps"], f"{row['scale']:g}", _percent(row["top1"]),
          f"{100 * row['top1_low']:.1f} to {100 * row['top1_high']:.1f}", f"{row['kid']:.1f}", f"{row['diversity']:.3f}") for row in rows])


def _chinese(metrics: dict, name: str) -> str:
    found = metrics[name]
    return "### Chinese names\n\n" + "; ".join(
        f"{model}, `{found[model]['name']}`: {_percent(found[model]['top1'])} (95 %: {100 * found[model]['top1_low']:.1f} to "
        f"{100 * found[model]['top1_high']:.1f}, {found[model]['n']:,} names)" for model in (STUDENT, TEACHER)) + "."


def _seeds(metrics: dict, name: str) -> str:
    found = metrics[name]
    return "### From seed to seed\n\nMean cosine distance between pictures of one prompt, by the judge's features: " + "; ".join(
        f"{model}, `{found[model]['name']}`: {found[model]['distance']:.3f} (95 %: {found[model]['low']:.3f} to {found[model]['high']:.3f})"
        for model in (STUDENT, TEACHER)) + f", over {found[STUDENT]['names']} names of {found[STUDENT]['seeds']} seeds."


def _novel(metrics: dict, name: str) -> str:
    rows = [(model, *(f"{100 * found[kind]['rate']:.0f} % (95 %: {100 * found[kind]['low']:.0f} to {100 * found[kind]['high']:.0f})"
                      for kind in ("new", "drawn"))) for model, found in metrics[name].items()]
    chance = 100 * metrics[name][STUDENT]["chance"]
    return ("### Prompts that the training never drew\n\nHow often the judge prefers the picture's own prompt to all near misses; chance is "
            f"{chance:.0f} %.\n\n" + table(("model", "never drawn", "drawn"), rows))


def _bill(metrics: dict, name: str) -> str:
    found = metrics[name]
    rows = [(model, f"{found[model]['parameters'] / 1e6:.2f} million", f"{found[model]['nbytes'] / 1e6:.1f} MB",
             f"{found[model]['operations'] / 1e6:.0f} million", f"{found[model]['milliseconds']:.1f}") for model in (TEACHER, STUDENT)]
    runs = [(f"`{row['name']}`", row["evaluations"], f"{row['operations'] / 1e9:.2f} billion", f"{row['seconds']:.2f}")
            for row in found["pictures"]]
    return (f"### The bill\n\nThe U-Nets, an evaluation of one picture in float32 on {found['threads']} threads; a multiply-add counts two.\n\n"
            + table(("model", "parameters", "on disk", "operations", "ms"), rows)
            + "\n\nWhole pictures, prompt to pixels:\n\n" + table(("run", "evaluations", "operations of the U-Net", "seconds"), runs))


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
