"""What is said of a run: what was read, what went through the network, what it went without, how far to trust a pocket model."""

from __future__ import annotations

from collections.abc import Mapping

from ..base.attention.checkpoints import CAUSAL, KIND_OF, MASKED, POCKETS, TRANSLATION, VISION
from ..base.provenance import measured_badge
from ..base.spec import Checkpoint
from ..base.text import Text, percent, say_count
from .schema import Grown, Request, Result

LATIN_END = "\u0250"          # letters before it are Latin, with or without marks


def read_words(request: Request, result: Result, text: Text) -> str:
    if result.kind == VISION:
        return text("result.read_picture", n=result.limit)
    if not request.after:
        return text("result.read", n=len(result.tokens["source"]))
    return text("result.read_own", n=len(result.tokens["source"]), own=len(request.after))


def passes(result: Result, text: Text, last: Grown | None = None) -> int | str:
    """What went through the network; with the newest token of the continuation that was written just before (`last`)."""
    if result.kind == TRANSLATION:                 # written token by token, then read as a whole for its maps
        steps = len(result.tokens["target"])
        return text("facts_more.passes_translation", encoder=2, decoder=steps + 1, n=steps)
    return text("facts_more.passes_continued", all=last.passes + 1, n=last.passes - 1) if last else 1


def model_note(checkpoint: Checkpoint, text: Text) -> str:
    """On a model's card: what it does, and that of a whole CLIP only one tower does it."""
    kind = KIND_OF.get(checkpoint.id)
    notes = [text(f"kind.{kind}")] if kind else []
    return " · ".join([*notes, *([text("controls.tower_note")] if checkpoint == POCKETS[VISION] else [])])


def whole_words(result: Result, checkpoint: Checkpoint, text: Text) -> list[tuple[str, str]]:
    """The row that tells the parameters that run from those of the whole checkpoint, where a picture needs only a part."""
    whole = 1e6 * checkpoint.parameters
    is_part = result.kind == VISION and whole > 1.2 * result.parameters
    return [(text("facts_more.whole"), text("facts_more.whole_value", parameters=say_count(text, whole)))] if is_part else []


def taken_away(request: Request, text: Text) -> str:
    """The heads and tokens that the request does without, counted in words; "" where it does without none."""
    count = (("head", len(request.off)), ("token", len(request.hidden)))
    found = [text(f"stage.without_{what}" if n == 1 else f"stage.without_{what}s", n=n) for what, n in count if n]
    return text("stage.without_and").join(found)


def is_foreign(request: Request, result: Result) -> bool:
    """Whether a translator is given what it cannot read: each of those we know reads English, whose letters are Latin."""
    letters = [letter for letter in request.text if letter.isalpha()]
    known = KIND_OF.get(request.checkpoint) == TRANSLATION == result.kind
    return known and 2 * sum(letter < LATIN_END for letter in letters) < len(letters)


def pocket_words(metrics: Mapping[str, Mapping], text: Text) -> dict[str, dict]:
    """What a reader should know of each pocket model's answers: id -> {"words", "badge" of what was measured on held-out texts}."""
    found = {}
    if "causal" in metrics:
        found[POCKETS[CAUSAL].id] = {"words": text("pocket.causal", parameters=say_count(text, 1e6 * POCKETS[CAUSAL].parameters))}
    if "masked" in metrics:
        hits = metrics["masked"]["accuracy"]["all"]
        found[POCKETS[MASKED].id] = {"words": text("pocket.masked", n=f"{hits['hidden']:,}", share=percent(hits["top1"])),
                                     "badge": measured_badge(metrics["masked"]["measured"], text)}
    if "translator" in metrics:
        held_out = metrics["translator"]["held_out"]
        words = text("pocket.translation", n=f"{held_out['sentences']:,}", chrf=f"{held_out['greedy']['chrf']:.4g}")
        found[POCKETS[TRANSLATION].id] = {"words": words, "badge": measured_badge(metrics["translator"]["measured"], text)}
    return found
