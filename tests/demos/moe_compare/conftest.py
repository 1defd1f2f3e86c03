"""Tiny models in the places of the pocket ones."""

from __future__ import annotations

import pytest

from demos.base.errors import UserError
from demos.moe_compare import infer
from tests.tiny_moe import tiny_mixture


@pytest.fixture
def small(monkeypatch):
    """-> the checkpoints that stand for dense, Switch, Mixtral, DeepSeek, the younger Mixtrals and the unbalanced one, by name."""
    names = {"dense": "dense", "switch": "olmoe", "mixtral": "mixtral", "deepseek": "deepseek_v3"}
    found = {name: tiny_mixture(kind) for name, kind in names.items()}
    found |= {name: tiny_mixture("mixtral", seed) for seed, name in enumerate(("early", "midway", "unbalanced"), 11)}
    monkeypatch.setattr(infer, "LINEUP", tuple(found[name] for name in names))
    monkeypatch.setattr(infer, "AGES", tuple(found[name] for name in ("early", "midway", "mixtral")))
    monkeypatch.setattr(infer, "UNBALANCED", found["unbalanced"])
    known = {checkpoint.id: checkpoint for checkpoint in (*found.values(), tiny_mixture("granitemoe"))}

    def mixture_of(id: str):
        if id not in known:
            raise UserError("checkpoint_id_invalid", name=id)
        return known[id]

    monkeypatch.setattr(infer, "mixture_of", mixture_of)
    return found
