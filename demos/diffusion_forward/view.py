"""What happened, in words: facts, the answer to the prediction, notes. Values for the stages come from `boards`."""

from __future__ import annotations

import numpy as np

from ..base import provenance
from ..base.diffusion.checkpoints import POCKET
from ..base.provenance import live_badge
from ..base.text import Text, isolate
from .boards import BackBoard, Board, DrownBoard, WalkBoard
from .schema import SLERP, STRAIGHT

# A picture restored worse than this has lost more than nineteen in twenty drawings of the pocket model's styles do.
LOW_PSNR = 22.0

__all__ = ["BackBoard", "Board", "DrownBoard", "WalkBoard", "facts_value", "guess_value", "strangeness_note"]


def facts_value(board: Board, text: Text) -> dict:
    """The sentence and the rows of what happened."""
    sentence = {DrownBoard: _drowned, BackBoard: _back, WalkBoard: _walked}[type(board)](board, text)
    return provenance.facts_value(text, sentence, board.checkpoint.name, board.run())


def guess_value(board: DrownBoard, text: Text) -> dict | None:
    """The answer to the prediction as this run computed it; None where it did not."""
    if board.takeover is None or not board.network.conditional or not board.request.prompt:
        return None
    share = 100 * board.takeover / len(board.drowned.alpha_bar)
    percents = [option["percent"] for option in text.records("guess.options")]
    return {"choice": int(np.argmin([abs(share - p) for p in percents])),
            "sentence": text("guess.answer", percent=f"{share:.0f}", t=f"{board.takeover:,.0f}",
                             length=f"{len(board.drowned.alpha_bar):,}"),
            "badge": live_badge(text)}


def strangeness_note(board: DrownBoard, drawn: bool, text: Text) -> str:
    """What a visitor should know about a picture the model cannot keep, or has seen nothing like; "" for others."""
    drowned = board.drowned
    if drowned is None:
        return ""
    if drowned.psnr < LOW_PSNR:
        poor = text("domain.poor", psnr=f"{drowned.psnr:.1f}", low=f"{LOW_PSNR:g}")
        pocket = board.request.checkpoint == POCKET.id
        return text("result.both", first=poor, second=text("domain.drawings")) if pocket else poor
    return text("domain.stranger", psnr=_decibels(drowned.psnr)) if drowned.stranger and not drawn else ""


def _drowned(board: DrownBoard, text: Text) -> str:
    drowned = board.drowned
    first = text("result.restored", psnr=_decibels(drowned.psnr)) if not drowned.exact else text("result.exact")
    if not board.finished:
        return text("result.both", first=first, second=text("result.stopped"))
    if board.takeover is None:
        return text("result.both", first=first, second=text("result.never"))
    length = len(drowned.alpha_bar)
    asked = {"t": f"{board.takeover:,.0f}", "percent": f"{100 * board.takeover / length:.0f}"}
    prompted = board.network.conditional and board.request.prompt
    second = (text("result.takeover", **asked, prompt=isolate(board.request.prompt)) if prompted
              else text("result.takeover_free", **asked))
    return text("result.both", first=first, second=second)


def _back(board: BackBoard, text: Text) -> str:
    if not board.finished:
        return text("result.stopped_after", step=board.taken, steps=len(board.value()["times"]))
    return text("result.back", t=f"{board.request.t:,}", steps=board.taken, distance=f"{board.distance:.1f}")


def _walked(board: WalkBoard, text: Text) -> str:
    if not board.finished:
        return text("result.stopped_after", step=board.taken, steps=board.total)
    least = {path: f"{100 * min(norms):.0f}" for path, norms in board.norms.items()}
    key = "result.slerp" if board.request.path == SLERP else "result.straight"
    return text(key, n=board.request.count, slerp=least[SLERP], straight=least[STRAIGHT])


def _decibels(value: float) -> str:
    return "∞" if np.isinf(value) else f"{value:.1f}"
