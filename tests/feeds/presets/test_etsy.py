"""Etsy: one row a listing."""

from __future__ import annotations

from pathlib import Path

from streetshop.feeds.presets.etsy import listing_id
from tests.feeds.presets.exports import export, found, pictures, read

HEADER = (
    "TITLE,PRICE,CURRENCY_CODE,QUANTITY,TAGS,IMAGE1,IMAGE2,IMAGE3,VARIATION 1 TYPE,VARIATION 1 NAME,VARIATION 1 VALUES,"
    "VARIATION 2 TYPE,VARIATION 2 NAME,VARIATION 2 VALUES,SKU"
)


def test_listings(tmp_path: Path) -> None:
    text = export(
        HEADER,
        {"TITLE": "Linen shirt, handmade", "PRICE": "65", "CURRENCY_CODE": "GBP", "QUANTITY": "4", "IMAGE1": "1.jpg"}
        | {"IMAGE3": "3.jpg", "VARIATION 1 TYPE": "Custom", "VARIATION 1 NAME": "Size", "VARIATION 1 VALUES": "S,M"}
        | {"VARIATION 2 NAME": "Price", "VARIATION 2 VALUES": "low"},
        {"TITLE": "Scarf", "PRICE": "20", "CURRENCY_CODE": "GBP", "QUANTITY": "0", "IMAGE1": "4.jpg", "SKU": "SC-1"},
    )
    feed = read(tmp_path, text)
    assert feed.preset == "etsy"
    shirt, scarf = found(feed).values()
    assert (shirt.id, scarf.id) == ("linen-shirt-handmade", "SC-1")
    assert (shirt.price, shirt.currency, shirt.in_stock, scarf.in_stock) == (65.0, "GBP", True, False)
    assert pictures(shirt) == ["1.jpg", "3.jpg"]
    assert (shirt.attributes["size"], shirt.attributes["option_price"]) == ("S,M", "low")
    assert not any(name.startswith("variation") for name in shirt.attributes)


def test_ids_of_listings_are_short_and_differ() -> None:
    long = "wool " * 100
    assert listing_id("A", "title") == "A"
    assert len(listing_id("", long)) < 220
    assert listing_id("", long) != listing_id("", long + "x")
    assert listing_id("", "Ärmel & Co.") == "armel-co"
