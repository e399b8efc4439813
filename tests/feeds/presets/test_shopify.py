"""Shopify's exports: handles with variants and pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.feeds.presets.exports import export, found, left_out, pictures, read

OLD = (
    "Handle,Title,Vendor,Product Category,Type,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,"
    "Variant SKU,Variant Inventory Tracker,"
    "Variant Inventory Qty,Variant Inventory Policy,Variant Price,Variant Compare At Price,"
    "Image Src,Image Position,Variant Image,Cost per item,Status"
)
NEW = (
    "Title,URL handle,Vendor,Product category,Type,Published on online store,Status,SKU,Option1 name,Option1 value,"
    "Option2 name,Option2 value,Price,Compare-at price,Inventory tracker,Inventory quantity,"
    "Continue selling when out of stock,Product image URL,Image position,Variant image URL,Cost per item"
)
NEW_NAMES = {
    **{
        "Handle": "URL handle",
        "Variant SKU": "SKU",
        "Published": "Published on online store",
        "Image Src": "Product image URL",
    },
    **{"Variant Price": "Price", "Variant Compare At Price": "Compare-at price", "Variant Image": "Variant image URL"},
    **{"Variant Inventory Tracker": "Inventory tracker", "Variant Inventory Qty": "Inventory quantity"},
    **{"Variant Inventory Policy": "Continue selling when out of stock", "Product Category": "Product category"},
    **{f"Option{n} {part}": f"Option{n} {part.lower()}" for n in (1, 2) for part in ("Name", "Value")},
    "Image Position": "Image position",
}
ROWS = [
    {
        **{
            "Handle": "dress",
            "Title": "Linen Dress",
            "Vendor": "Nord",
            "Type": "",
            "Published": "true",
            "Status": "active",
        },
        **{
            "Product Category": "Apparel & Accessories > Clothing > Dresses",
            "Option1 Name": "Color",
            "Option2 Name": "Size",
        },
        **{
            "Option1 Value": "Red",
            "Option2 Value": "S",
            "Variant SKU": "RS",
            "Variant Price": "59.00",
            "Image Src": "red.jpg",
        },
        **{"Variant Compare At Price": "79.00", "Variant Inventory Tracker": "shopify", "Variant Inventory Qty": "-3"},
        **{
            "Variant Inventory Policy": "deny",
            "Image Position": "2",
            "Variant Image": "red.jpg",
            "Cost per item": "20",
        },
    },
    {
        **{
            "Handle": "dress",
            "Option1 Value": "Red",
            "Option2 Value": "M",
            "Variant SKU": "RM",
            "Variant Price": "59.00",
        },
        **{"Variant Inventory Tracker": "shopify", "Variant Inventory Qty": "4", "Variant Inventory Policy": "deny"},
        **{"Image Src": "blue.jpg", "Image Position": "3", "Variant Image": "red.jpg"},
    },
    {
        **{
            "Handle": "dress",
            "Option1 Value": "Blue",
            "Option2 Value": "S",
            "Variant SKU": "BS",
            "Variant Price": "49.00",
        },
        **{
            "Variant Inventory Tracker": "shopify",
            "Variant Inventory Qty": "0",
            "Variant Inventory Policy": "continue",
        },
        **{"Image Src": "worn.jpg", "Image Position": "1", "Variant Image": "blue.jpg"},
    },
    {"Handle": "dress", "Image Src": "detail.jpg", "Image Position": "4"},
    {
        **{"Handle": "belt", "Title": "Belt", "Type": "Belts", "Published": "true", "Option1 Name": "Title"},
        **{"Option1 Value": "Default Title", "Variant Price": "20.00", "Image Src": "belt.jpg", "Status": "active"},
    },
    {"Handle": "draft", "Title": "Draft", "Image Src": "d.jpg", "Variant Price": "1", "Status": "draft"},
    {"Handle": "old", "Title": "Old", "Image Src": "d.jpg", "Variant Price": "1", "Status": "archived"},
    {
        "Handle": "secret",
        "Title": "S",
        "Image Src": "d.jpg",
        "Variant Price": "1",
        "Status": "active",
        "Published": "false",
    },
]


def as_new(row: dict[str, str]) -> dict[str, str]:
    policy = {"deny": "DENY", "continue": "CONTINUE"}
    return {NEW_NAMES.get(name, name): policy.get(value, value) for name, value in row.items()}


@pytest.mark.parametrize("text", [export(OLD, *ROWS), export(NEW, *map(as_new, ROWS))], ids=["old", "new"])
def test_one_handle_is_one_design_with_all_its_variants(tmp_path: Path, text: str) -> None:
    feed = read(tmp_path, text)
    assert feed.preset == "shopify"
    assert feed.notes[0].startswith("read as an export of Shopify (--preset shopify)")
    products = found(feed)
    assert list(products) == ["dress/Red/S", "dress/Red/M", "dress/Blue/S", "belt"]
    red, medium, blue, belt = products.values()
    assert {product.design for product in (red, medium, blue)} == {"dress"}
    assert [(p.attributes["color"], p.attributes["size"]) for p in (red, medium, blue)] == [
        ("Red", "S"),
        ("Red", "M"),
        ("Blue", "S"),
    ]
    assert [(p.price, p.in_stock) for p in (red, medium, blue)] == [(59.0, False), (59.0, True), (49.0, True)]
    assert (medium.title, medium.brand, medium.category, medium.kind) == ("Linen Dress", "Nord", "Dresses", "dress")
    assert pictures(red) == ["red.jpg", "worn.jpg", "detail.jpg"]
    assert pictures(blue) == ["blue.jpg", "worn.jpg", "detail.jpg"]
    assert (belt.design, belt.category, belt.in_stock, pictures(belt)) == ("", "Belts", True, ["belt.jpg"])
    assert left_out(feed) == {"draft": "draft", "old": "archived", "secret": "hidden"}
    assert not any("cost" in name for product in products.values() for name in product.attributes)
    prices = [
        product.attributes.get(name)
        for product in (red, blue)
        for name in ("variant_compare_at_price", "compare_at_price")
    ]
    assert [price for price in prices if price] == [79.0], "the price that is struck through is a variant's own"


def test_columns_that_the_user_names_too_change_nothing(tmp_path: Path) -> None:
    mapping = {"id": "Handle", "image": "Image Src", "price": "Variant Price"}
    assert found(read(tmp_path, export(OLD, *ROWS), columns=mapping)) == found(read(tmp_path, export(OLD, *ROWS)))


def test_variants_of_equal_options_and_rows_out_of_order(tmp_path: Path) -> None:
    rows = [
        {"Handle": "a", "Title": "A", "Variant Price": "1", "Variant SKU": "1", "Image Src": "a.jpg"},
        {"Handle": "a", "Variant Price": "2", "Variant SKU": "2"},
        {"Handle": "b", "Title": "B", "Variant Price": "3", "Image Src": "b.jpg"},
        {"Handle": "a", "Variant Price": "4", "Image Src": "late.jpg"},
    ]
    feed = read(tmp_path, export(OLD, *rows))
    ids = [row.product.id for row in feed if hasattr(row, "product")]
    assert ids == ["a/1", "a/2", "b", "a"]
    assert read(tmp_path, export(OLD, *rows), preset="none").preset == ""
