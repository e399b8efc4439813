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


def test_stock_that_is_not_counted(tmp_path: Path) -> None:
    shopify = [
        {"id": 1, "title": "Free", "variants": [{"id": 11, "price": "1", "inventory_management": None}]},
        {"id": 2, "title": "Kept", "variants": [{"id": 21, "price": "1", "inventory_management": "shopify"}]},
    ]
    for product in shopify:
        product["images"] = [{"src": "https://x.example/1.jpg"}]
        product["variants"][0]["inventory_quantity"] = 0  # type: ignore[index]
    products = found(read(tmp_path, json.dumps({"products": shopify}), "shopify.json"))
    assert [each.in_stock for each in products.values()] == [True, False]
    bigcommerce = [
        {
            "id": 1,
            "name": "Jar",
            "price": 7.95,
            "sale_price": 0,
            "availability": "available",
            "inventory_tracking": track,
        }
        | {"inventory_level": 0, "images": [{"url_standard": "https://x.example/j.jpg"}]}
        | {"variants": [{"id": 3, "sku": "J", "price": None, "inventory_level": 0, "option_values": []}]}
        for track in ("none", "product")
    ]
    bigcommerce[1]["id"] = 2
    products = found(read(tmp_path, json.dumps({"data": bigcommerce}), "bigcommerce.json"))
    assert [(each.price, each.in_stock) for each in products.values()] == [(7.95, True), (7.95, False)]


def test_commercetools(tmp_path: Path) -> None:
    price = {"value": {"type": "centPrecision", "fractionDigits": 2, "centAmount": 4990, "currencyCode": "EUR"}}
    current = {
        "name": {"de": "Kleid", "en": "Dress"},
        "categories": [{"typeId": "category", "id": "cf6d"}],
        "masterVariant": {"id": 1, "sku": "D-S", "prices": [price], "images": [{"url": "https://x.example/s.jpg"}]}
        | {"attributes": [{"name": "size", "value": "S"}]},
        "variants": [
            {"id": 2, "sku": "D-M", "prices": [price], "images": [{"url": "https://x.example/m.jpg"}]}
            | {"attributes": [{"name": "size", "value": "M"}]}
        ],
    }
    row = {"id": "e7ba", "version": 2, "masterData": {"current": current, "published": True}}
    products = found(read(tmp_path, json.dumps({"results": [row]}), "feed.json"))
    assert [(each.title, each.price, each.currency, each.category) for each in products.values()] == [
        ("Dress", 49.9, "EUR", "")
    ] * 2
    assert [each.attributes["size"] for each in products.values()] == ["S", "M"]


def test_etsys_listings(tmp_path: Path) -> None:
    price = {"amount": 4990, "divisor": 100, "currency_code": "USD"}
    images = [{"rank": 1, "url_75x75": "https://x.example/75.jpg", "url_fullxfull": "https://x.example/full.jpg"}]
    row = {"listing_id": 4, "title": "Linen dress", "state": "active", "price": price, "images": images}
    [product] = found(read(tmp_path, json.dumps({"count": 1, "results": [row]}), "feed.json")).values()
    assert (product.price, product.currency, pictures(product)) == (49.9, "USD", ["https://x.example/full.jpg"])


def test_saleor(tmp_path: Path) -> None:
    def pricing(amount: float) -> dict[str, object]:
        return {"price": {"gross": {"amount": amount, "currency": "USD"}}}

    node = {
        **{"id": "UHJv", "name": "Apple Juice", "category": {"id": "Q2", "name": "Juices"}},
        "media": [{"url": "https://x.example/m.png", "type": "IMAGE"}],
        "variants": [
            {"id": "v1", "name": "500ml", "sku": "43", "quantityAvailable": 5, "pricing": pricing(5.99)},
            {"id": "v2", "name": "1l", "sku": "80", "quantityAvailable": 0, "pricing": pricing(7)},
        ],
    }
    products = found(read(tmp_path, json.dumps({"data": {"products": {"edges": [{"node": node}]}}}), "feed.json"))
    assert [(each.title, each.price, each.in_stock, each.attributes["variant"]) for each in products.values()] == [
        ("Apple Juice", 5.99, True, "500ml"),
        ("Apple Juice", 7.0, False, "1l"),
    ]
    assert {each.category for each in products.values()} == {"Juices"}
    assert {tuple(pictures(each)) for each in products.values()} == {("https://x.example/m.png",)}


def test_medusas_store(tmp_path: Path) -> None:
    variants = [
        {"id": f"v{n}", "title": size, "manage_inventory": True, "inventory_quantity": n, "options": []}
        | {"calculated_price": {"id": "p", "calculated_amount": 10 + n, "original_amount": 20, "currency_code": "eur"}}
        for n, size in enumerate("SM")
    ]
    row = {"id": "p1", "title": "Tee", "thumbnail": "https://x.example/t.jpg", "variants": variants}
    products = found(read(tmp_path, json.dumps({"products": [row]}), "feed.json"))
    assert [(each.price, each.currency, each.in_stock) for each in products.values()] == [
        (10.0, "EUR", False),
        (11.0, "EUR", True),
    ]
    assert {tuple(pictures(each)) for each in products.values()} == {("https://x.example/t.jpg",)}
