"""WooCommerce's API, as a stub of it answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings

from streetshop.core.errors import SyncError
from streetshop.feeds.shops.woocommerce import WooCommerce
from tests.feeds.shops.stubs import KEY, SECRET, StubWooCommerce, reply, silent
from tests.feeds.shops.test_product import JSON


@pytest.fixture
def stub() -> Iterator[StubWooCommerce]:
    shop = StubWooCommerce()
    with shop.running():
        yield shop


def opened(stub: StubWooCommerce, secret: str = SECRET) -> WooCommerce:
    return WooCommerce(stub.url, KEY, secret, pause=0.01)


def test_all_products_in_pages(stub: StubWooCommerce) -> None:
    stub.page = 7
    for number in range(1, 31):
        stub.add(number, f"/pictures/{number}.png")
    products = [*opened(stub).changed(None)]
    assert [product.id for product in products] == [str(number) for number in range(1, 31)]
    assert [*opened(stub).ids()] == [str(number) for number in range(1, 31)]
    assert products[0].rows[0] == {
        "id": "1",
        "title": "Shirt & tie 1",
        "category": "Shirts",
        "product_type": "Uncategorized > Shirts",
        "brand": "Nord",
        "currency": "EUR",
        "url": "https://mine.example/shirt-1/",
        "handle": "shirt-1",
        "material": "Linen, Cotton",
        "image": [f"{stub.url}/pictures/1.png"],
        "price": 29.5,
        "in_stock": True,
        "sku": "S1",
    }
    assert products[0].updated == "2026-01-01T00:00:00Z"


def test_a_shop_without_the_header_of_pages(stub: StubWooCommerce) -> None:
    stub.failures = [reply([{"id": number} for number in range(1, 101)]), reply([{"id": 101}])]
    assert len([*opened(stub).ids()]) == 101


def test_changes_and_products_by_id(stub: StubWooCommerce) -> None:
    stub.add(1, updated="2026-01-01T00:00:00")
    stub.add(2, updated="2026-02-01T00:00:00")
    assert [product.id for product in opened(stub).changed("2026-01-15T00:00:00Z")] == ["2"]
    assert [product.id for product in opened(stub).by_ids(["2", "7", "x"])] == ["2"]
    assert [*opened(stub).by_ids(["x"])] == []


def test_variations(stub: StubWooCommerce) -> None:
    stub.add(1, "/pictures/a.png", type="variable", variations=[11, 12, 13], price="10")
    size = [{"id": 1, "name": "Size", "option": "M"}]
    stub.products[1]["their variations"] = [
        {"id": 11, "price": "10", "stock_status": "instock", "attributes": size, "image": None, "status": "publish"},
        {
            **{"id": 12, "price": "12", "stock_status": "onbackorder", "attributes": size, "sku": "S-12"},
            **{"image": {"src": f"{stub.url}/pictures/b.png"}, "permalink": "https://mine.example/?size=m"},
        },
        {"id": 13, "price": "", "attributes": [], "status": "private"},
    ]
    (product,) = opened(stub).changed(None)
    assert [(row["id"], row["design"], row["size"], row["price"], row["in_stock"]) for row in product.rows] == [
        ("11", "1", "M", 10.0, True),
        ("12", "1", "M", 12.0, False),
    ]
    assert product.rows[1]["image"] == [f"{stub.url}/pictures/b.png", f"{stub.url}/pictures/a.png"]
    assert [row["url"] for row in product.rows] == ["https://mine.example/shirt-1/", "https://mine.example/?size=m"]


def test_what_is_not_for_sale(stub: StubWooCommerce) -> None:
    stub.add(1, status="draft")
    stub.add(2, status="trash")
    stub.add(3, catalog_visibility="hidden")
    stub.add(4, type="grouped")
    assert [(each.id, each.state) for each in opened(stub).changed(None)] == [
        ("1", "draft"),
        ("3", "hidden"),
        ("4", "hidden"),
    ]


def test_errors_in_words(stub: StubWooCommerce) -> None:
    secrets = (KEY, SECRET, "cs_wrong")
    assert "refused the key (401: Sorry" in silent(lambda: [*opened(stub, "cs_wrong").ids()], *secrets)
    stub.failures = [reply({"id": 1})]
    assert "no list" in silent(lambda: [*opened(stub).ids()], *secrets)
    stub.failures = [reply([{"id": "x"}])]
    assert "no id of WooCommerce's" in silent(lambda: [*opened(stub).ids()], *secrets)
    stub.failures = [reply({}, 429, Retry_After="0"), None, reply({}, 500)]
    assert [*opened(stub).ids()] == []


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=JSON, name=JSON)
def test_odd_products_are_read_or_refused_in_words(stub: StubWooCommerce, value: object, name: object) -> None:
    for field in ("name", "images", "attributes", "categories", "tags", "date_modified_gmt", "stock_status", "price"):
        stub.add(1, **{field: value, "brands": name})
        try:
            (product,) = opened(stub).by_ids(["1"])
        except SyncError:
            continue
        assert product.id == "1"
