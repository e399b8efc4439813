"""The synonyms of fields and columns."""

from __future__ import annotations

from streetshop.feeds import synonyms
from streetshop.feeds.columns import plain_name
from streetshop.feeds.words import fold


def test_names_are_plain_and_no_column_means_two_things() -> None:
    columns = [column for names in synonyms.FIELDS.values() for column in names]
    columns += [*synonyms.PICTURES, *synonyms.MORE_PICTURES]
    assert [plain_name(column) for column in columns] == columns
    assert len({*columns}) == len(columns)
    assert {*columns} >= synonyms.CATEGORY_PATHS


def test_words_for_stock() -> None:
    assert not synonyms.IN_STOCK & synonyms.NOT_IN_STOCK
    assert all(word == fold(word) and word.isalnum() for word in synonyms.IN_STOCK | synonyms.NOT_IN_STOCK)
