"""Which product a webhook is about."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from streetshop.core.errors import RequestInvalid
from streetshop.web.webhooks import is_ping, product_of
from tests.feeds.shops.test_product import JSON


@given(
    body=st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()),
    topic=st.sampled_from(["products/update", "variants/x", "product.updated", "products", "orders/x", "", "\0"]),
    kind=st.sampled_from(["shopify", "woocommerce"]),
)
def test_any_body_is_about_a_product_or_refused(body: bytes, topic: str, kind) -> None:  # type: ignore[no-untyped-def]
    try:
        found = product_of(kind, topic, body)
    except RequestInvalid:
        return
    assert found is None or found.isdecimal()


def test_pings() -> None:
    assert is_ping("woocommerce", b"webhook_id=3")
    assert not is_ping("shopify", b"webhook_id=3")
    assert not is_ping("woocommerce", b"webhook_id=3&x=1")
