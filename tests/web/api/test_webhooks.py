"""Webhooks of shops: signed ones have their product read again, others change nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from streetshop.feeds.shops.shopify import Shopify
from streetshop.feeds.shops.woocommerce import WooCommerce
from streetshop.indexing.sync_state import SyncState
from streetshop.web.webhooks import DELIVERIES, SIGNATURES, TOPICS, Kind, ShopHooks
from tests.feeds.shops.stubs import KEY, SECRET, TOKEN, Stub, StubShopify, StubWooCommerce, reply
from tests.indexing.test_sync import own_machine, picture
from tests.web.serving import Running, running

HIDDEN = b"the secret of the webhooks"
TOPIC: dict[Kind, str] = {"shopify": "products/update", "woocommerce": "product.updated"}


def signed(body: bytes, secret: bytes = HIDDEN) -> str:
    return base64.b64encode(hmac.new(secret, body, hashlib.sha256).digest()).decode()


class Hooked:
    """A server with a shop behind it."""

    def __init__(self, kind: Kind, stub: Stub, server: Running, state: SyncState) -> None:
        self.kind, self.stub, self.server, self.state = kind, stub, server, state
        self.deliveries = 0

    def send(self, body: bytes, topic: str | None = None, **headers: str | None) -> httpx.Response:
        self.deliveries += 1
        found: dict[str, str | None] = {
            "signature": signed(body),
            "topic": topic or TOPIC[self.kind],
            "delivery": f"delivery {self.deliveries}",
            **headers,
        }
        names = {"signature": SIGNATURES, "topic": TOPICS, "delivery": DELIVERIES}
        sent = {names[name][self.kind]: value for name, value in found.items() if value is not None}
        with self.server.client() as client:
            return client.post(
                f"/v1/webhooks/{self.kind}", content=body, headers={"Content-Type": "application/json", **sent}
            )

    def get(self, product_id: str) -> httpx.Response:
        with self.server.client() as client:
            return client.get(f"/v1/products/{product_id}")

    def settled(self) -> None:
        """Wait until no product is due."""
        deadline = time.monotonic() + 60
        while self.state.due() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not self.state.due()


@pytest.fixture(params=["shopify", "woocommerce"])
def hooked(request: pytest.FixtureRequest, own_shop) -> Iterator[Hooked]:  # type: ignore[no-untyped-def]
    kind: Kind = request.param
    path, encoder = own_shop
    stub = StubShopify() if kind == "shopify" else StubWooCommerce()
    with stub.running():
        shop = (
            Shopify(stub.url, TOKEN, pause=0.01)
            if kind == "shopify"
            else WooCommerce(stub.url, KEY, SECRET, pause=0.01)
        )
        state = SyncState(Path(path), shop.name)
        hooks = ShopHooks(kind, shop, HIDDEN, state, own_machine())
        assert "secret" not in repr(hooks)
        with running(path, encoder, shops=[hooks]) as server:
            stub.pictures["/pictures/1.png"] = picture("red")
            stub.add(1, "/pictures/1.png")  # type: ignore[attr-defined]
            yield Hooked(kind, stub, server, state)


def test_the_product_of_a_webhook_is_read_from_the_shop(hooked: Hooked) -> None:
    body = json.dumps({"id": 1, "title": "what the webhook says does not count"}).encode()
    answer = hooked.send(body)
    assert (answer.status_code, answer.json()) == (200, {"done": "noted"})
    hooked.settled()
    product = hooked.get("1").json()
    assert product["title"] in ("Dress 1", "Shirt & tie 1")
    assert len(product["shots"]) == 1
    requests = len(hooked.stub.requests)
    # The same delivery again, and an old one replayed under another name.
    assert hooked.send(body, delivery="delivery 1").json() == {"done": "known"}
    assert hooked.send(body).json() == {"done": "noted"}
    hooked.settled()
    assert len(hooked.stub.requests) > requests
    assert hooked.get("1").json() == product, "a replay reads what the shop has now"
    del hooked.stub.products[1]
    topic = "products/delete" if hooked.kind == "shopify" else "product.deleted"
    assert hooked.send(b'{"id": 1}', topic).json() == {"done": "noted"}
    hooked.settled()
    assert hooked.get("1").status_code == 404


def test_a_deletion_that_the_shop_does_not_know_of_deletes_nothing(hooked: Hooked) -> None:
    hooked.send(b'{"id": 1}')
    hooked.settled()
    topic = "products/delete" if hooked.kind == "shopify" else "product.deleted"
    hooked.send(b'{"id": 1}', topic)
    hooked.settled()
    assert hooked.get("1").status_code == 200


@pytest.mark.parametrize(
    "signature", [None, "", "x", "!", "AAAA", signed(b'{"id": 1}', b"other"), signed(b'{"id": 2}')]
)
def test_unsigned_webhooks_are_refused(hooked: Hooked, signature: str | None) -> None:
    answer = hooked.send(b'{"id": 1}', signature=signature)
    assert (answer.status_code, answer.json()["where"]) == (401, SIGNATURES[hooked.kind])
    assert hooked.state.due() == {}
    assert hooked.stub.requests == []


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"{}", b'{"id": null}', b'{"id": true}', b'{"id": "../1"}']
)
def test_signed_nonsense_is_refused(hooked: Hooked, body: bytes) -> None:
    assert hooked.send(body).status_code == 422
    assert hooked.state.due() == {}


def test_other_topics_and_variants(hooked: Hooked) -> None:
    shopify = hooked.kind == "shopify"
    for topic in ("orders/create", "order.created", "action.x", ""):
        assert hooked.send(b'{"id": 1}', topic or "x").json() == {"done": "ignored"}
    assert hooked.state.due() == {}
    if shopify:
        hooked.send(b'{"id": 77, "product_id": 1}', "variants/in_stock")
    else:
        hooked.send(b'{"id": 77, "type": "variation", "parent_id": 1}')
    hooked.settled()
    assert hooked.get("1").status_code == 200


def test_a_shop_that_does_not_answer_is_asked_again(hooked: Hooked) -> None:
    hooked.stub.failures = [reply({"message": "expired"}, 401)]
    assert hooked.send(b'{"id": 1}').status_code == 200
    hooked.settled()
    assert hooked.get("1").status_code == 200


def test_the_test_of_an_address_asks_for_nothing(hooked: Hooked) -> None:
    answer = hooked.send(b"webhook_id=17", signature=None)
    assert answer.status_code == (401 if hooked.kind == "shopify" else 200)
    assert hooked.state.due() == {}


def test_a_server_without_a_shop(client: httpx.Client) -> None:
    answer = client.post("/v1/webhooks/shopify", content=b"{}")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:streetshop:problem:not-served")
    assert "--sync shopify=" in answer.json()["hint"]
