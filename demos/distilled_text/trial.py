"""Which temperature and which share of the next token: short runs, compared on training text held back from them.

The held-out text that is measured on decides nothing. Source of the range: Hinton et al., arXiv:1503.02531 (low
temperatures for students much smaller than their teacher, a low weight on the labels); Sanh et al., arXiv:1910.01108.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from ..base.fit import Settings, fit, say
from .arms import Ground, begin_student, loss_of, text_batch
from .losses import Mixture, logits_of
from .networks import INSIDE

CHOICES = tuple(Mixture(temperature, hard) for temperature in (1.0, 2.0) for hard in (0.1, 0.5))
KEPT = 0.95                   # of every domain's training text is read, the rest compared on
SEED, BATCHES = 8, 20         # of the text compared on


def try_mixtures(ground: Ground, settings: Settings, work: Path) -> dict[str, object]:
    """`tried`: every choice with its nats a token; `chosen`: the best; `minutes` of all."""
    apart = replace(ground, streams=ground.streams.part(0, KEPT))
    held_back = ground.streams.part(KEPT, 1)
    tried, seconds = [], 0.0
    for number, mixture in enumerate(CHOICES):
        student, schedule = fit(begin_student(apart), loss_of(apart, mixture), settings, work / f"trial.{number}.pt",
                                say(f"trial {mixture}"), INSIDE)
        tried.append({**asdict(mixture), "nats": round(nats(student, ground, held_back), 4)})
        seconds += schedule.spent
    best = min(tried, key=lambda row: row["nats"])
    return {"tried": tried, "chosen": {key: best[key] for key in ("temperature", "hard")}, "minutes": round(seconds / 60, 1)}


@torch.no_grad()
def nats(model: nn.Module, ground: Ground, streams) -> float:
    """Mean cross-entropy of the next token over BATCHES batches of the text."""
    found = []
    for step in range(BATCHES):
        ids, labels = (part.to(ground.device) for part in text_batch(streams, step, model.config.max_position_embeddings, SEED))
        found.append(F.cross_entropy(logits_of(model, ids).flatten(0, 1).float(), labels.flatten()).item())
    return sum(found) / len(found)
