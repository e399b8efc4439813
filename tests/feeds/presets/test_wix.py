"""Wix: products, variants and media, in both generations of its export."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.feeds.presets.exports import export, found, left_out, pictures, read

FIRST = (
    "handleId,fieldType,name,productImageUrl,collection,sku,price,surcharge,visible,discountMode,discountValue,inventory,"
    "productOptionName1,productOptionType1,productOptionDescription1,productOptionName2,productOptionDescription2,brand"
)
THIRD = (
    "handle,fieldType,name,visible,media,brand,price,strikethroughPrice,inventory,sku,productOptionName[1],"
    "productOptionType[1],productOptionChoices[1]"
)


def test_first_generation(tmp_path: Path) -> None:
    text = export(
        FIRST,
        {
            **{"handleId": "p1", "fieldType": "Product", "name": "Wool Hat", "productImageUrl": "a~mv2.jpg;b~mv2.png"},
            **{
                "collection": "All Products;Hats",
                "price": "30",
                "visible": "true",
                "discountMode": "PERCENT",
                "brand": "Acme",
            },
            **{"discountValue": "10", "productOptionName1": "Color", "productOptionDescription1": "#f00:Red;#00f:Blue"},
            **{"productOptionName2": "Size", "productOptionDescription2": "S;M"},
        },
        {"handleId": "p1", "fieldType": "Variant", "surcharge": "0", "visible": "true", "inventory": "5"}
        | {"productOptionDescription1": "#ff0000:Red", "productOptionDescription2": "S"},
        {"handleId": "p1", "fieldType": "Variant", "surcharge": "5", "visible": "true", "inventory": "OutOfStock"}
        | {"productOptionDescription1": "#0000ff:Blue", "productOptionDescription2": "M"},
        {"handleId": "p1", "fieldType": "Variant", "surcharge": "5", "visible": "false", "inventory": "5"}
        | {"productOptionDescription1": "#0000ff:Blue", "productOptionDescription2": "S"},
        {"handleId": "p2", "fieldType": "Product", "name": "Scarf", "productImageUrl": "https://x.example/s.jpg"}
        | {"price": "20", "discountMode": "AMOUNT", "discountValue": "5", "visible": "true", "inventory": "InStock"},
        {"handleId": "p3", "fieldType": "Product", "name": "Secret", "productImageUrl": "s.jpg", "visible": "false"},
    )
    feed = read(tmp_path, text)
    assert feed.preset == "wix"
    products = found(feed)
    assert list(products) == ["p1/Red/S", "p1/Blue/M", "p2"]
    red, blue, scarf = products.values()
    media = "https://static.wixstatic.com/media/"
    assert pictures(red) == pictures(blue) == [f"{media}a~mv2.jpg", f"{media}b~mv2.png"]
    assert [(p.price, p.in_stock) for p in products.values()] == [(27.0, True), (31.5, False), (15.0, True)]
    assert (blue.title, blue.brand, blue.category, blue.design) == ("Wool Hat", "Acme", "Hats", "p1")
    assert (blue.attributes["color"], blue.attributes["size"]) == ("Blue", "M")
    assert pictures(scarf) == ["https://x.example/s.jpg"]
    assert left_out(feed) == {"p3": "hidden"}


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2)])
def test_third_generation_with_media_in_rows(tmp_path: Path, order: tuple[int, ...]) -> None:
    rows = [
        {"handle": "tee", "fieldType": "PRODUCT", "name": "Tee", "visible": "TRUE", "price": "19.99"}
        | {"productOptionName[1]": "Size", "productOptionChoices[1]": "S;M"},
        {"handle": "tee", "fieldType": "VARIANT", "price": "19.99", "inventory": "3", "productOptionChoices[1]": "S"},
        {"handle": "tee", "fieldType": "VARIANT", "price": "21.99", "inventory": "0", "productOptionChoices[1]": "M"},
        {"handle": "tee", "fieldType": "MEDIA", "media": "a~mv2.jpg"},
    ]
    products = found(read(tmp_path, export(THIRD, rows[0], *(rows[i] for i in order))))
    assert {name: (p.price, p.in_stock) for name, p in products.items()} == {
        "tee/S": (19.99, True),
        "tee/M": (21.99, False),
    }
    assert all(pictures(p) == ["https://static.wixstatic.com/media/a~mv2.jpg"] for p in products.values())
