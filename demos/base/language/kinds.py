"""What a text network does, told by its configuration: it continues a text, fills gaps, or translates."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

CAUSAL, MASKED, TRANSLATION = TEXT_KINDS = ("causal", "masked", "translation")


def read_configuration(folder: Path) -> dict:
    """The folder's config.json; {} where there is none that can be read."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return config if isinstance(config, dict) else {}


def class_name(config: Mapping) -> str:
    """The class that a configuration names first, "" where it names none."""
    names = config.get("architectures")
    return names[0] if isinstance(names, list) and names and isinstance(names[0], str) else ""


def text_kind(config: Mapping) -> str | None:
    """One of TEXT_KINDS; None for a network that the demos cannot ask, or one that reads no text."""
    name = class_name(config)
    if config.get("is_encoder_decoder"):
        return TRANSLATION if name in ("MarianMTModel", "T5GemmaForConditionalGeneration") else None
    if name.endswith("ForMaskedLM") or name == "BertForPreTraining":
        return MASKED
    return CAUSAL if name.endswith(("ForCausalLM", "LMHeadModel")) else None
