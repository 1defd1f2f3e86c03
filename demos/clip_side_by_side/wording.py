"""The same labels and templates in the other language, as far as this project knows the words."""

from __future__ import annotations

from functools import cache

from ..base.clip.gallery import gallery
from ..base.clip.templates import read_templates
from ..base.text import LANGUAGES, has_chinese, load_text


def reword_labels(labels: tuple[str, ...], language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """-> the labels in `language`, and those of them that had to stay as written."""
    known = _dictionary(language)
    worded = tuple(known.get(label.casefold(), label) for label in labels)
    return worded, tuple(old for old, new in zip(labels, worded, strict=True)
                         if old.casefold() not in known and has_chinese(old) != (language == "zh"))


def reword_templates(templates: tuple[str, ...], language: str) -> tuple[str, ...]:
    """The templates in `language`; those that are not this project's own stay as written."""
    lists = read_templates()
    places = {template: i for other in LANGUAGES for i, template in enumerate(lists[other])}
    return tuple(lists[language][places[template]] if template in places else template for template in templates)


@cache
def _dictionary(language: str) -> dict[str, str]:
    """Words of either language -> the word in `language`: names of emoji, and the ready-made labels,
    whose plainer words win."""
    words: dict[str, str] = {}
    for entry in gallery().entries:
        for other in LANGUAGES:
            if entry["name_en"] and entry["name_zh"]:
                words.setdefault(entry[f"name_{other}"].casefold(), entry[f"name_{language}"])
    presets = {other: load_text(other).records("clip.presets") for other in LANGUAGES}
    for i, preset in enumerate(presets[language]):
        for k, label in enumerate(preset["labels"]):
            for other in LANGUAGES:
                words[presets[other][i]["labels"][k].casefold()] = label
    return words
