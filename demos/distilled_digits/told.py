"""What the recipe's files say, for the story's sentences and the page's figures; where they say nothing, so do these."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean

from ..base.text import Text
from .schema import DISTILLED, HARD, TEACHER

SHOWN = (TEACHER, DISTILLED, HARD)                 # the networks that the stage sets side by side
PAPERS_DIGIT = 3              # that the paper's student never saw


def missing_digit(recipe: Mapping) -> int:
    """The digit that one student never saw."""
    return int(recipe.get("transfer_set", {}).get("missing_digit", PAPERS_DIGIT))


def taught(recipe: Mapping) -> float | None:
    """The temperature at which the student followed its teacher."""
    found = recipe.get("choice", {}).get("chosen", {}).get(DISTILLED, {}).get("temperature")
    return None if found is None else float(found)


def missing_figures(metrics: Mapping) -> dict | None:
    """Shares in [0, 1] of the digit recognised before and after its bias was raised by `bias`, and of all errors: of the
    student that lies here, which is the first seed's, and means over all seeds."""
    found = metrics.get("missing")
    if not found or not found.get("bias"):
        return None
    return {"digit": found["digit"], "bias": found["bias"][0], "held": found["held_back_images"], "seeds": len(found["bias"]),
            "before": found["recognised_before"][0], "after": found["recognised_after"][0],
            "error_before": found["error_before"][0], "error_after": found["error_after"][0],
            "mean_before": fmean(found["recognised_before"]), "mean_after": fmean(found["recognised_after"]),
            "mean_bias": fmean(found["bias"]), "mean_error_before": fmean(found["error_before"]), "mean_error_after": fmean(found["error_after"])}


def story_values(recipe: Mapping, metrics: Mapping, text: Text) -> dict[str, object]:
    """The story's placeholders: what was measured in sentences, and the missing digit."""
    said = [_models(metrics, text), _seeds(metrics, text), _missing(metrics, text)]
    return {"measured": " ".join(said), "digit": missing_digit(recipe)}


def _models(metrics: Mapping, text: Text) -> str:
    models = metrics.get("models", {})
    if any(name not in models for name in SHOWN):
        return text("story_measured.no_models")
    teacher, student, control = (models[name] for name in SHOWN)
    return text("story_measured.models", tests=f"{metrics['test_images']:,}", teacher=share(teacher["error"], 2), student=share(student["error"], 2),
                control=share(control["error"], 2), parameters=f"{teacher['parameters']:,}", small=f"{student['parameters']:,}",
                times=f"{teacher['parameters'] / student['parameters']:.0f}", agreement=share(student["agreement"], 2),
                agreement_control=share(control["agreement"], 2))


def _seeds(metrics: Mapping, text: Text) -> str:
    paired = metrics.get("paired")
    if not paired:
        return text("story_measured.no_seeds")
    verdict = "better" if paired["high"] < 0 else "worse" if paired["low"] > 0 else "open"
    low, high, mean = (f"{100 * paired[end]:+.2f}" for end in ("low", "high", "mean"))
    return text("story_measured.seeds", n=len(paired["differences"]), mean=mean, low=low, high=high, level=f"{100 * paired['level']:g}",
                verdict=text(f"story_measured.{verdict}"))


def _missing(metrics: Mapping, text: Text) -> str:
    found = missing_figures(metrics)
    if not found:
        return text("story_measured.no_missing")
    return text("story_measured.missing", digit=found["digit"], before=share(found["mean_before"]), after=share(found["mean_after"]),
                bias=f"{found['mean_bias']:+.2f}", n=found["seeds"], held=f"{found['held']:,}",
                error_before=share(found["mean_error_before"], 2), error_after=share(found["mean_error_after"], 2))


def nats(value: float) -> str:
    """A divergence in three digits, very small ones as powers of ten: as `three` of the page's script writes them."""
    if value == 0 or abs(value) >= 1e-4:
        return f"{value:.3g}"
    front, power = f"{value:.2e}".split("e-")
    raised = "".join("\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"[int(digit)] for digit in str(int(power)))
    return f"{float(front):g}\u00b710\u207b{raised}"


def share(part: float, digits: int = 1) -> str:
    """A measured part of all in percent, with as many digits as its count of pictures is worth."""
    return f"{100 * part:.{digits}f}%"
