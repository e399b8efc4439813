"""JSON of shops' APIs, with variants in a list."""

from __future__ import annotations

import json
from pathlib import Path

from tests.feeds.presets.exports import found, left_out, pictures, read

SHOPIFY = {
    "products": [
        {
            **{"id": 1, "title": "Tee", "vendor": "Acme", "product_type": "T-Shirts", "status": "active"},
            "options": [{"name": "Color", "values": ["Pink", "Red"]}, {"name": "Size", "values": ["S"]}],
            "images": [{"id": 10, "src": "https://x.example/1.jpg"}, {"id": 11, "src": "https://x.example/2.jpg"}],
            "variants": [
                {"id": 2, "title": "Pink / S", "price": "19.00", "option1": "Pink", "option2": "S", "image_id": 11}
                | {"inventory_policy": "continue", "inventory_quantity": -2, "sku": "P"},
                {"id": 3, "title": "Red / S", "price": "21.00", "option1": "Red", "option2": "S"}
                | {"inventory_policy": "deny", "inventory_quantity": 0, "compare_at_price": "30.00"},
            ],
        },
        {
            **{"id": 5, "title": "Belt", "status": "active", "options": [{"name": "Title"}]},
            "images": [{"src": "https://x.example/b.jpg"}],
            "variants": [{"id": 6, "title": "Default Title", "price": "5.00", "option1": "Default Title"}],
        },
        {
            "id": 7,
            "title": "Draft",
            "status": "draft",
            "images": [{"src": "d.jpg"}],
            "variants": [{"id": 8, "price": "1"}],
        },
    ]
}


def test_products_of_shopifys_api(tmp_path: Path) -> None:
    feed = read(tmp_path, json.dumps(SHOPIFY), "feed.json")
    products = found(feed)
    assert list(products) == ["2", "3", "5"]
    pink, red, belt = products.values()
    assert (pink.design, red.design, belt.design) == ("1", "1", "")
    assert [(p.price, p.in_stock) for p in (pink, red)] == [(19.0, True), (21.0, False)]
    assert (pink.title, pink.attributes["color"], pink.attributes["size"]) == ("Tee", "Pink", "S")
    assert pictures(pink) == ["https://x.example/2.jpg", "https://x.example/1.jpg"]
    assert pictures(red) == ["https://x.example/1.jpg"]
    assert (belt.price, belt.title) == (5.0, "Belt")
    assert left_out(feed) == {"7": "draft"}


def test_selected_options_and_attributes_of_variants(tmp_path: Path) -> None:
    rows = [
        {
            **{"id": "a", "title": "Tee", "image": "a.jpg"},
            "variants": [
                {"sku": "a-s", "price": {"amount": "9.5", "currencyCode": "EUR"}, "availableForSale": True}
                | {"selectedOptions": [{"name": "Size", "value": "S"}]},
                {"sku": "a-m", "price": {"amount": "9.9", "currencyCode": "EUR"}, "available": False}
                | {"attributes": {"size": "M"}, "image": {"src": "m.jpg"}},
            ],
        },
        {"id": "b", "title": "Cap", "image": "b.jpg", "variants": []},
    ]
    products = found(read(tmp_path, "\n".join(map(json.dumps, rows)), "feed.jsonl"))
    assert list(products) == ["a-s", "a-m", "b"]
    assert [(p.price, p.currency, p.attributes["size"]) for p in (products["a-s"], products["a-m"])] == [
        (9.5, "EUR", "S"),
        (9.9, "EUR", "M"),
    ]
    assert products["a-m"].in_stock is False
    assert pictures(products["a-m"]) == ["m.jpg", "a.jpg"]
    assert pictures(products["a-s"]) == ["a.jpg"]
