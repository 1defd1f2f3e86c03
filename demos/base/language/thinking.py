"""Models that think before they answer: how a question is put to them, and where their thoughts end.

DeepSeek-R1 and the models distilled from its answers (arXiv:2501.12948) write their chain of thought between two marks of
their vocabulary. Their published way to ask is a user's mark, the question, an assistant's mark, and the mark that opens the
thoughts.
"""

from __future__ import annotations

from collections.abc import Sequence

from .model import LanguageModel

THINK, END = "<think>", "</think>"
# The bars and the spaces in these names are full-width ones and U+2581.
BEGIN, USER, ASSISTANT = "<\uff5cbegin\u2581of\u2581sentence\uff5c>", "<\uff5cUser\uff5c>", "<\uff5cAssistant\uff5c>"


def put_question(model: LanguageModel, ids: Sequence[int]) -> tuple[list[int], bool]:
    """The ids to read, and whether the model goes on inside its thoughts; a text as it is where it has no such marks.

    Args: ids: of the text alone.
    """
    marks = [model.cutting.id_of(mark) for mark in (BEGIN, USER, ASSISTANT, THINK)]
    if None in marks:
        return [*model.cutting.lead, *ids], False
    begin, user, assistant, think = marks
    line = model.cutting.backend.encode("\n", add_special_tokens=False).ids
    return [begin, user, *ids, assistant, think, *line], True
