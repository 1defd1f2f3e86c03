"""Sentences to search by: what is refused, and in which words."""

from __future__ import annotations

import pytest

from demos.base.errors import UserError
from demos.clip_zero_shot import schema
from demos.clip_zero_shot.schema import check_query


def refusal(query: str | None) -> UserError:
    with pytest.raises(UserError) as caught:
        check_query(query)
    return caught.value


def test_sentences() -> None:
    assert check_query("  something\nsweet ") == "something sweet"
    for empty in ("", None, " \n\t "):
        assert refusal(empty).key == "query_empty"
    assert refusal("x" * (schema.MAX_QUERY_CHARS + 1)).key == "query_long"
