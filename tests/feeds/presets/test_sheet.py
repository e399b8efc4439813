"""Rows of variants."""

from __future__ import annotations

from collections.abc import Iterator

from streetshop.core.errors import RowRefused
from streetshop.feeds.presets.sheet import JoinedSheet, Sheet, Variant, filled, shown_pictures
from streetshop.feeds.values import Values


class Rows:
    def __init__(self, *rows: Values | RowRefused) -> None:
        self.rows = rows

    def __iter__(self) -> Iterator[tuple[int, Values | RowRefused]]:
        return iter(enumerate(self.rows, start=2))


def test_columns_are_found_by_the_keys_of_their_names() -> None:
    sheet = Sheet(Rows(), ["Image Src", "Größe", "Price"])
    assert sheet.column("nothing", "imagesrc") == "Image Src"
    assert sheet.column("nothing") == ""
    assert sheet.text({"Größe": " 38 ", "Price": ""}, "price", "große", "grosse") == "38"
    assert sheet.pictures({"Image Src": "a.jpg|b.jpg", "Price": {"x": 1}}, ["Price", "Image Src"]) == ["a.jpg", "b.jpg"]


def test_groups_are_rows_that_follow_one_another() -> None:
    bad = RowRefused("broken")
    rows: list[Values | RowRefused] = [{"h": "a"}, {"h": ""}, {"h": "a"}, bad, {"h": "b"}, {"h": "a"}]
    groups = list(Sheet(Rows(*rows), ["h"]).groups("h"))
    assert groups == [(5, bad), [(2, rows[0]), (3, rows[1]), (4, rows[2])], [(6, rows[4])], [(7, rows[5])]]


def test_variants_have_ids_of_their_own_and_their_own_pictures_first() -> None:
    sheet = Sheet(Rows(), ["id", "image", "Colour"])
    variants = [
        Variant(2, {"price": 1}, {"colour": "Red/Blue", "Title": "x"}, ["r.jpg"]),
        Variant(3, {"price": 2}, {"colour": "Red/Blue", "Title": "x"}, [], "sku-2"),
    ]
    (first, one), (second, two) = sheet.variants("d", variants, ["g.jpg", "r.jpg"], "id", "image")
    assert (first, second) == (2, 3)
    assert one == {
        **{"price": 1, "Colour": "Red/Blue", "option_title": "x", "image": ["r.jpg", "g.jpg"]},
        **{"item_group_id": "d", "id": "d/Red-Blue/x"},
    }
    assert isinstance(two, dict)
    assert (two["id"], two["image"]) == ("d/Red-Blue/x/sku-2", ["g.jpg"])
    ((_, alone),) = sheet.variants("d", [Variant(2, {}, {"size": "M"})], ["g.jpg"], "id", "image")
    assert alone == {"size": "M", "image": ["g.jpg"], "id": "d"}


def test_options_without_end_stand_in_one_column() -> None:
    sheet = Sheet(Rows(), [])
    for i in range(300):
        values = sheet.with_options({}, {f"Option {i}": "v"})
    assert values == {"options": "Option 299: v"}


def test_pictures_of_a_variant() -> None:
    assert shown_pictures(["a"], ["b", "a", "c", "c"], {"a", "b"}) == ["a", "c"]
    assert shown_pictures([], ["b"], {"b"}) == ["b"], "rather another's than none"


def test_a_joined_sheet_has_all_pictures_in_one_column() -> None:
    sheet = Sheet(Rows({"image": "/a.jpg", "more": "b.jpg,/a.jpg", "x": "1", "y": "2"}), ["image", "more", "x", "y"])
    joined = JoinedSheet(sheet, "image", ["image", "more"], ["x"], lambda each: each.strip("/"))
    assert list(joined) == [(2, {"image": ["a.jpg", "b.jpg", "a.jpg"], "y": "2"})]


def test_empty_cells_are_filled() -> None:
    assert filled({"a": "1", "b": "2"}, {"a": "", "b": "3", "c": ""}) == {"a": "1", "b": "3"}
