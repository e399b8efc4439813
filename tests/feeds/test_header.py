"""Which line is the header, and its separator."""

from __future__ import annotations

import pytest

from streetshop.feeds.header import Header, free_text, is_comment, separator


@pytest.mark.parametrize(
    ("lines", "sign"),
    [
        (["id,image"], ","),
        (["# a | b,# c | d", "id,image", "1,a"], ","),
        (["Products, all of them", "id;title;image", "1;a, b, c, d;e"], ";"),
        (["id|image|title"], "|"),
        (["nummer\tname"], "\t"),
        (["only"], ","),
        ([], ","),
    ],
)
def test_the_separator_that_gives_known_names(lines: list[str], sign: str) -> None:
    assert separator(lines) == sign


def test_the_first_row_is_the_header_unless_a_later_one_is_known() -> None:
    assert Header.find([(1, ["nummer", "bild"]), (2, ["1", "a.jpg"])]).row == 1
    assert Header.find([(1, ["id", "image"]), (2, ["title", "price"])]).row == 1
    assert Header.find([(1, ["Export", ""]), (2, [" id ", "image"])]).names == ["id", "image"]


def test_values_of_a_name_that_repeats_are_a_list() -> None:
    header = Header.find([(1, ["id", "image", "image", "", "image"])])
    assert header.values(["1", "a", "", "lost", "b"]) == {"id": "1", "image": ["a", "b"]}
    assert header.values(["1", "", "a", "lost", ""]) == {"id": "1", "image": "a"}


def test_comments() -> None:
    assert is_comment(["# Required | id", "# x"])
    assert not is_comment(["#id", "title"])


def test_free_text() -> None:
    assert free_text("productDisplayName")
    assert free_text("title")
    assert not free_text("image")
