"""Shopify's API, as a stub of it answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings

from streetshop.core.errors import SyncError
from streetshop.feeds.shops.shopify import Shopify
from tests.feeds.shops.stubs import TOKEN, StubShopify, reply, silent
from tests.feeds.shops.test_product import JSON


@pytest.fixture
def stub() -> Iterator[StubShopify]:
    shop = StubShopify()
    with shop.running():
        yield shop


def opened(stub: StubShopify, token: str = TOKEN) -> Shopify:
    return Shopify(stub.url, token, pause=0.01)


def test_all_products_in_pages_by_id(stub: StubShopify) -> None:
    for number in range(1, 61):
        stub.add(number, f"/pictures/{number}.png")
    products = [*opened(stub).changed(None)]
    assert [product.id for product in products] == [str(number) for number in range(1, 61)]
    assert products[0].rows[0] == {
        "id": "1",
        "title": "Dress 1",
        "category": "Dresses",
        "product_type": "Apparel & Accessories > Clothing > Dresses",
        "brand": "Nord",
        "currency": "EUR",
        "url": "https://mine.example/products/dress-1",
        "handle": "dress-1",
        "tags": "new, linen",
        "image": [f"{stub.url}/pictures/1.png"],
        "price": 19.9,
        "in_stock": True,
        "sku": "SKU-10",
    }
    assert [*opened(stub).ids()] == [str(number) for number in range(1, 61)]


def test_changes_and_products_by_id(stub: StubShopify) -> None:
    stub.add(1, updated="2026-01-01T00:00:00Z")
    stub.add(2, updated="2026-02-01T00:00:00Z")
    assert [product.id for product in opened(stub).changed("2026-01-15T00:00:00Z")] == ["2"]
    assert [product.id for product in opened(stub).by_ids(["2", "7", "x", "1"])] == ["2", "1"]
    assert [*opened(stub).by_ids(["x"])] == []


def test_variants_with_their_pictures_on_several_pages(stub: StubShopify) -> None:
    first, second = stub.variant(11, "10", Size="S"), stub.variant(12, "12.5", False, Size="M")
    second["media"] = {"nodes": [{"image": {"url": f"{stub.url}/pictures/m.png"}}]}
    stub.add(
        *(1, "/pictures/a.png", "/pictures/m.png"),
        variants={"pageInfo": {"hasNextPage": True, "endCursor": "c"}, "nodes": [first]},
    )
    stub.products[1]["more variants"] = {"pageInfo": {"hasNextPage": False}, "nodes": [second]}
    (product,) = opened(stub).changed(None)
    assert [(row["id"], row["design"], row["size"], row["price"], row["in_stock"]) for row in product.rows] == [
        ("11", "1", "S", 10.0, True),
        ("12", "1", "M", 12.5, False),
    ]
    assert product.rows[0]["image"] == [f"{stub.url}/pictures/a.png"]
    assert product.rows[1]["image"] == [f"{stub.url}/pictures/m.png", f"{stub.url}/pictures/a.png"]


def test_what_is_not_for_sale(stub: StubShopify) -> None:
    stub.add(1, status="DRAFT")
    stub.add(2, status="ARCHIVED")
    stub.add(3, publishedAt=None)
    assert [(each.state, each.rows) for each in opened(stub).changed(None)] == [
        ("draft", ()),
        ("archived", ()),
        ("hidden", ()),
    ]


def test_the_rate_limit(stub: StubShopify) -> None:
    stub.add(1)
    cost = {"requestedQueryCost": 60, "throttleStatus": {"currentlyAvailable": 10, "restoreRate": 1000.0}}
    throttled = {
        "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
        "extensions": {"cost": cost},
    }
    stub.failures = [reply(throttled), reply({"errors": [{"message": "Throttled"}]}), reply({}, 429, Retry_After="0")]
    assert len([*opened(stub).changed(None)]) == 1
    assert [body["query"] for _, body in stub.requests[:4]] == [stub.requests[0][1]["query"]] * 4
    stub.failures = [reply(throttled)] * 50
    assert "rate limit" in silent(lambda: [*opened(stub).ids()], TOKEN)


def test_pages_that_cost_too_much_become_smaller(stub: StubShopify) -> None:
    for number in range(1, 20):
        stub.add(number)
    stub.max_cost = 10 + 5
    shop = opened(stub)
    assert len([*shop.changed(None)]) == 19
    assert "too much" in silent(lambda: [*shop.ids()])


@pytest.mark.parametrize(
    ("failure", "says"),
    [
        (reply({"errors": [{"message": "Access denied for products field."}]}), "Access denied"),
        (reply({"errors": "no"}), "no"),
        (reply({"data": {"products": None}}), "has no products"),
        (reply({"data": {"products": {"nodes": [{"id": "x"}]}}}), "no id of Shopify's"),
        (reply([]), "no object"),
        (reply({"data": None}), "no data"),
        ((302, {"Location": "/password"}, b""), "redirects"),
    ],
)
def test_what_is_no_answer_is_an_error(stub: StubShopify, failure, says: str) -> None:  # type: ignore[no-untyped-def]
    stub.failures = [failure]
    assert says in silent(lambda: [*opened(stub).ids()], TOKEN)


def test_a_wrong_token_and_address(stub: StubShopify) -> None:
    assert "refused the key (401: [API] Invalid API key" in silent(lambda: [*opened(stub, "shpat_x").ids()], "shpat_x")
    assert Shopify("mine", "t").name == "shopify mine.myshopify.com"
    with pytest.raises(SyncError):
        Shopify("http://mine.myshopify.com", "t")


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=JSON, name=JSON)
def test_odd_products_are_read_or_refused_in_words(stub: StubShopify, value: object, name: object) -> None:
    for field in ("title", "media", "variants", "tags", "category", "updatedAt", "status", "publishedAt"):
        stub.add(1, **{field: value, "vendor": name})
        try:
            (product,) = opened(stub).by_ids(["1"])
        except SyncError:
            continue
        assert product.id == "1"
