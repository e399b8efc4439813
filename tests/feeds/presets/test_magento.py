"""Magento: configurable products, and what hides the simple ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.feeds.presets.magento import pairs
from tests.feeds.presets.exports import export, found, left_out, pictures, read

HEADER = (
    "sku,store_view_code,attribute_set_code,product_type,categories,name,product_online,visibility,price,special_price,"
    "special_price_from_date,special_price_to_date,base_image,additional_images,additional_attributes,qty,is_in_stock,"
    "configurable_variations,related_skus"
)
SMALL = {
    **{"sku": "WS-S", "attribute_set_code": "Top", "product_type": "simple", "name": "Top-S", "product_online": "1"},
    **{
        "visibility": "Not Visible Individually",
        "price": "29.000000",
        "base_image": "/w/s/ws-s.jpg",
        "is_in_stock": "1",
    },
    **{"additional_attributes": "color=Black,has_options=0,material=Cotton, Poly,size=S", "qty": "100.0000"},
}
LARGE = {
    **{"sku": "WS-L", "attribute_set_code": "Top", "product_type": "simple", "name": "Top-L", "product_online": "1"},
    **{"visibility": "Not Visible Individually", "price": "29.000000", "special_price": "19.5", "qty": "0.0000"},
    **{"special_price_from_date": "4/1/17", "special_price_to_date": "4/30/17", "is_in_stock": "0"},
}
PARENT = {
    **{"sku": "WS", "attribute_set_code": "Top", "product_type": "configurable", "name": "Top", "product_online": "1"},
    **{
        "categories": "Default Category/Women/Tops,Default Category/New In",
        "visibility": "Catalog, Search",
        "price": "29",
    },
    **{"base_image": "/w/s/main.jpg", "additional_images": "/w/s/main.jpg,/w/s/back.jpg", "is_in_stock": "1"},
    "configurable_variations": "sku=WS-S,size=S|sku=WS-L,size=L",
}
BAG = {
    **{
        "sku": "BAG",
        "attribute_set_code": "Bag",
        "product_type": "simple",
        "name": "Bag",
        "product_online": "1",
        "price": "9",
    },
    **{"visibility": "Catalog, Search", "base_image": "no_selection", "additional_images": "/b/a/bag.jpg"},
    "categories": "Default Category/Gear/Bags",
}
OFF, UNSEEN = BAG | {"sku": "OFF", "product_online": "2"}, BAG | {"sku": "NV", "visibility": "Not Visible Individually"}
GERMAN = {"sku": "WS", "store_view_code": "german", "name": "Oberteil"}
ALL = [SMALL, LARGE, PARENT, GERMAN, BAG, OFF, UNSEEN]


@pytest.mark.parametrize("rows", [ALL, ALL[::-1]])
def test_the_variations_of_a_configurable_are_a_design(tmp_path: Path, rows: list[dict[str, str]]) -> None:
    feed = read(tmp_path, export(HEADER, *rows))
    assert feed.preset == "magento"
    products = found(feed)
    assert set(products) == {"WS-S", "WS-L", "BAG"}
    small, large, bag = (products[name] for name in ("WS-S", "WS-L", "BAG"))
    assert (small.design, large.design, bag.design) == ("WS", "WS", "")
    assert (small.category, large.category, bag.category) == ("Tops", "Tops", "Bags")
    assert [(p.price, p.in_stock) for p in (small, large)] == [(29.0, True), (29.0, False)], "the sale ended in 2017"
    assert small.attributes["size"] == "S"
    assert (small.attributes["color"], small.attributes["material"]) == ("Black", "Cotton, Poly")
    assert large.attributes["size"] == "L"
    assert pictures(small) == ["w/s/ws-s.jpg", "w/s/main.jpg", "w/s/back.jpg"]
    assert pictures(large) == ["w/s/main.jpg", "w/s/back.jpg"]
    assert pictures(bag) == ["b/a/bag.jpg"]
    assert left_out(feed) == {"OFF": "disabled", "NV": "hidden", "WS": "another store view"}


def test_a_configurable_without_its_variations_is_a_product(tmp_path: Path) -> None:
    assert list(found(read(tmp_path, export(HEADER, PARENT)))) == ["WS"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1,b=2", {"a": "1", "b": "2"}),
        ("a=1, 2,b=3", {"a": "1, 2", "b": "3"}),
        ("a=,b=x", {"b": "x"}),
        ("", {}),
        ("nothing", {}),
    ],
)
def test_pairs(text: str, expected: dict[str, str]) -> None:
    assert pairs(text) == expected
