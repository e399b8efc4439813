"""WooCommerce: variations before and after the product that they name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.feeds.presets.exports import export, found, left_out, pictures, read

HEADER = (
    "ID,Type,SKU,Name,Published,Is featured?,Visibility in catalog,Date sale price starts,Date sale price ends,"
    "Tax status,"
    "In stock?,Stock,Backorders allowed?,Sale price,Regular price,Categories,Images,Parent,Position,Attribute 1 name,"
    "Attribute 1 value(s),Attribute 1 visible,Attribute 2 name,Attribute 2 value(s)"
)
PARENT = {
    **{
        "ID": "44",
        "Type": "variable",
        "SKU": "hoodie",
        "Name": "Hoodie",
        "Published": "1",
        "Visibility in catalog": "visible",
    },
    **{"Images": "front.jpg, back.jpg, red.jpg", "Categories": "Clothing, Clothing > Hoodies, Sale", "In stock?": "1"},
    **{"Attribute 1 name": "Color", "Attribute 1 value(s)": "Red, Blue", "Attribute 2 name": "Size"},
    "Attribute 2 value(s)": "S, M",
}
RED = {
    **{
        "ID": "45",
        "Type": "variation",
        "SKU": "hoodie-red",
        "Name": "Hoodie - Red, S",
        "Published": "1",
        "In stock?": "1",
    },
    **{"Stock": "5", "Sale price": "42", "Regular price": "45", "Images": "red.jpg", "Parent": "hoodie"},
    **{
        "Attribute 1 name": "Color",
        "Attribute 1 value(s)": "Red",
        "Attribute 2 name": "Size",
        "Attribute 2 value(s)": "S",
    },
}
BLUE = {
    **{
        "ID": "46",
        "Type": "variation",
        "Name": "Hoodie - Blue, M",
        "Published": "1",
        "In stock?": "0",
        "Regular price": "45",
    },
    **{
        "Sale price": "40",
        "Date sale price starts": "2020-01-01",
        "Date sale price ends": "2020-02-01",
        "Parent": "id:44",
    },
    **{
        "Attribute 1 name": "Color",
        "Attribute 1 value(s)": "Blue",
        "Attribute 2 name": "Size",
        "Attribute 2 value(s)": "M",
    },
}
BELT = {"ID": "47", "Type": "simple", "Name": "Belt", "Published": "1", "In stock?": "1", "Regular price": "55"} | {
    "Categories": "Clothing > Belts",
    "Images": "belt.jpg",
}
DRAFT = {"ID": "48", "Type": "simple", "Name": "Draft", "Published": "-1", "Regular price": "1", "Images": "d.jpg"}
HIDDEN = DRAFT | {"ID": "49", "Published": "1", "Visibility in catalog": "hidden"}


@pytest.mark.parametrize("rows", [[PARENT, RED, BLUE, BELT, DRAFT, HIDDEN], [BLUE, HIDDEN, BELT, RED, DRAFT, PARENT]])
def test_variations_are_a_design_in_any_order(tmp_path: Path, rows: list[dict[str, str]]) -> None:
    feed = read(tmp_path, export(HEADER, *rows))
    assert feed.preset == "woocommerce"
    products = found(feed)
    assert set(products) == {"45", "46", "47"}
    red, blue, belt = (products[name] for name in ("45", "46", "47"))
    assert (red.design, blue.design, belt.design) == ("44", "44", "")
    assert (red.category, red.kind, blue.category, belt.category) == ("Hoodies", "top", "Hoodies", "Belts")
    assert [(p.price, p.in_stock) for p in (red, blue, belt)] == [(42.0, True), (45.0, False), (55.0, True)]
    assert (red.attributes["color"], blue.attributes["size"]) == ("Red", "M")
    assert pictures(red) == ["red.jpg", "front.jpg", "back.jpg"]
    assert pictures(blue) == ["front.jpg", "back.jpg"], "without the red one"
    assert left_out(feed) == {"48": "draft", "49": "hidden"}
    assert not {"published", "type", "parent", "attribute_1_name", "tax_status"} & set(red.attributes)


def test_a_parent_alone_is_a_product_and_a_child_without_one_too(tmp_path: Path) -> None:
    products = found(read(tmp_path, export(HEADER, PARENT, RED | {"Parent": "gone"})))
    assert [(p.id, p.design) for p in products.values()] == [("44", ""), ("45", "gone")]


def test_variations_of_a_draft_are_left_out_with_it(tmp_path: Path) -> None:
    feed = read(tmp_path, export(HEADER, BLUE, PARENT | {"Published": "-1"}, RED, BELT))
    assert list(found(feed)) == ["47"]
    assert left_out(feed) == {"44": "draft", "45": "draft", "46": "draft"}


def test_a_german_export(tmp_path: Path) -> None:
    header = (
        "ID,Typ,Artikelnummer,Name,Veröffentlicht,Sichtbarkeit im Katalog,Vorrätig?,Angebotspreis,Regulärer Preis,"
        "Kategorien,Bilder,Übergeordnetes Produkt,Attribut 1 Name,Attribut 1 Wert(e)"
    )
    parent = {"ID": "1", "Typ": "variable", "Artikelnummer": "K", "Name": "Kleid", "Veröffentlicht": "1"} | {
        "Kategorien": "Damen > Kleider",
        "Bilder": "k.jpg",
    }
    child = {"ID": "2", "Typ": "variation", "Name": "Kleid - 38", "Veröffentlicht": "1", "Vorrätig?": "1"} | {
        **{
            "Regulärer Preis": "49,90",
            "Übergeordnetes Produkt": "K",
            "Attribut 1 Name": "Größe",
            "Attribut 1 Wert(e)": "38",
        }
    }
    (product,) = found(read(tmp_path, export(header, parent, child))).values()
    assert (product.id, product.design, product.category, product.kind) == ("2", "1", "Kleider", "dress")
    assert (product.price, product.in_stock, product.attributes["größe"]) == (49.9, True, "38")


def test_products_of_the_rest_api(tmp_path: Path) -> None:
    usual = {"status": "publish", "catalog_visibility": "visible", "parent_id": 0, "type": "simple", "external_url": ""}
    rows = [
        {"id": 1, "name": "Skirt", "permalink": "https://x.example/skirt", "price": "8", "regular_price": "10"}
        | {"sale_price": "8", "stock_status": "instock", "images": [{"src": "https://x.example/1.jpg"}]},
        {
            "id": 2,
            "name": "Tee",
            "permalink": "https://x.example/tee",
            "price": "5",
            "regular_price": "",
            "type": "variable",
        }
        | {"sale_price": "", "stock_status": "outofstock", "images": [{"src": "https://x.example/2.jpg"}]},
        {"id": 3, "name": "Elsewhere", "permalink": "https://x.example/e", "external_url": "https://other.example/e"}
        | {"price": "7", "regular_price": "7", "sale_price": "", "images": [{"src": "https://x.example/3.jpg"}]},
    ]
    feed = read(tmp_path, json.dumps([usual | row for row in rows]), "feed.json")
    assert feed.preset == "woocommerce"
    products = found(feed)
    assert [(each.price, each.url) for each in products.values()] == [
        (8.0, "https://x.example/skirt"),
        (5.0, "https://x.example/tee"),
        (7.0, "https://x.example/e"),
    ]
    assert [each.design for each in products.values()] == ["", "", ""]  # parent_id 0 is no parent
