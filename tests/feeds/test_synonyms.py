"""The synonyms of fields and columns."""

from __future__ import annotations

from streetshop.feeds import synonyms
from streetshop.feeds.synonyms import name_key, plain_name


def test_names_are_plain_and_no_column_means_two_things() -> None:
    columns = [column for names in synonyms.FIELDS.values() for column in names]
    columns += [*synonyms.PICTURES, *synonyms.MORE_PICTURES]
    assert [plain_name(column) for column in columns] == columns
    assert len({*columns}) == len(columns)
    assert {*columns} >= synonyms.CATEGORY_PATHS


def test_keys_are_those_of_names_without_accents() -> None:
    assert name_key("Verfügbarkeit") == "verfugbarkeit" == name_key("Verfugbarkeit")
    assert name_key("imageLink") == name_key("image_link") == name_key("Image Link") == "imagelink"
    assert {name_key("Verfuegbarkeit"), name_key("Verfügbarkeit")} <= {*synonyms.FIELD_KEYS["in_stock"]}
    assert name_key("cost_price") in synonyms.PRIVATE_KEYS


def test_one_key_means_one_field() -> None:
    keys = [key for each in synonyms.FIELD_KEYS.values() for key in each]
    keys += [*synonyms.PICTURE_KEYS, *synonyms.MORE_PICTURE_KEYS]
    assert len({*keys}) == len(keys), [key for key in keys if keys.count(key) > 1]
