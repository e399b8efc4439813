"""Tokens of a filter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetshop.catalog.filters.lexer import MAX_LENGTH, printable, tokenize
from streetshop.core.errors import FilterError


def test_tokens_and_their_positions() -> None:
    tokens = [(t.kind, t.text, t.position) for t in tokenize("`a b`<=3 and x ~ 'it''s'")]
    assert tokens == [
        ("name", "`a b`", 0),
        ("op", "<=", 5),
        ("word", "3", 7),
        ("word", "and", 9),
        ("word", "x", 13),
        ("op", "~", 15),
        ("string", "'it''s'", 17),
        ("end", "", 24),
    ]


@pytest.mark.parametrize(
    ("text", "position", "part"),
    [("a = 'b", 4, "never closed"), ("a ! b", 2, "cannot stand here"), ("x" * (MAX_LENGTH + 1), 0, "at most 2000")],
)
def test_text_without_tokens(text: str, position: int, part: str) -> None:
    with pytest.raises(FilterError, match=part) as caught:
        list(tokenize(text))
    assert caught.value.position == position


@given(st.text(max_size=40))
def test_tokens_cover_the_text(text: str) -> None:
    shown = printable(text)
    assert len(shown) == len(text)
    try:
        tokens = list(tokenize(shown))
    except FilterError as error:
        assert 0 <= error.position <= len(shown)
        return
    at = 0
    for token in tokens:
        assert shown[at : token.position].strip() == ""
        assert shown[token.position :].startswith(token.text)
        at = token.position + len(token.text)
    assert shown[at:].strip() == ""
