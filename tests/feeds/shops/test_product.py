"""Products of shops as rows of a feed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streetshop.feeds.shops.product import (
    ShopVariant,
    amount_of,
    members,
    moment_of,
    picture_addresses,
    text_of,
    variant_rows,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def test_variants_share_what_is_theirs() -> None:
    red = ShopVariant("1", 10.0, True, {"Size": "M", "Colour": "red"}, ("r.jpg",))
    blue = ShopVariant("2", 12.0, False, {"Size": "M", "Colour": "blue"}, ("b.jpg",), url="https://x/2")
    rows = variant_rows({"title": "T", "url": "https://x"}, "9", [red, blue], ["r.jpg", "b.jpg", "both.jpg"])
    assert [row["image"] for row in rows] == [["r.jpg", "both.jpg"], ["b.jpg", "both.jpg"]]
    assert [(row["id"], row["design"], row["price"], row["in_stock"]) for row in rows] == [
        ("1", "9", 10.0, True),
        ("2", "9", 12.0, False),
    ]
    assert [(row["size"], row["colour"], row["url"]) for row in rows] == [
        ("M", "red", "https://x"),
        ("M", "blue", "https://x/2"),
    ]


def test_the_only_variant_is_the_product() -> None:
    (row,) = variant_rows({"title": "T"}, "9", [ShopVariant("1", options={"Title": "x", "!": "y"})], ["a", "a"])
    assert row == {"title": "T", "id": "9", "image": ["a"], "option title": "x", "option ": "y"}
    assert variant_rows({}, "9", [ShopVariant("1")], [])[0]["image"] == [], "the column is there"


def test_only_addresses_are_pictures() -> None:
    given_ = ["https://a/b.jpg", "//c/d.jpg", " http://e/f ", "/etc/passwd", "../x.jpg", "file:///x", None, 3, "data:,"]
    assert picture_addresses(given_) == ("https://a/b.jpg", "https://c/d.jpg", "http://e/f")


def test_values() -> None:
    assert [amount_of(each) for each in ("19.90", "", None, "x", "-1", "nan", "1e400", True, 3, [])] == [
        *(19.9, None, None, None, None, None, None, None, 3.0, None)
    ]
    assert moment_of("2026-03-01T12:00:00+02:00") == "2026-03-01T10:00:00Z"
    assert moment_of("2026-03-01T12:00:00") == "2026-03-01T12:00:00Z"
    assert moment_of(None) == "1970-01-01T00:00:00Z"
    assert text_of("Shirts &amp; Tops ") == "Shirts & Tops"


@given(value=JSON)
def test_whatever_the_api_gives_is_read(value: object) -> None:
    assert isinstance(text_of(value), str)
    assert amount_of(value) is None or amount_of(value) >= 0  # type: ignore[operator]
    assert len(moment_of(value)) == 20
    assert isinstance(members(value), list)
    picture_addresses([value])
