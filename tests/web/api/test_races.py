"""Requests that change one product at the same time, to two real servers of one catalog: what is acknowledged stays.

One server alone makes one change after the other, in a thread of its own.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.catalog.filled import square
from tests.web.api.test_products import AUTH, put
from tests.web.serving import Running, png, running

ROUNDS = 8
OLD, NEW = png(square("red")), png(square("blue"))


@pytest.fixture
def own(own_shop) -> Iterator[tuple[Running, Running]]:
    with running(*own_shop) as first, running(*own_shop) as second:
        yield first, second


def together(own: tuple[Running, Running], *requests: Callable[[httpx.Client], httpx.Response]) -> list[httpx.Response]:
    """Send requests at once, each on a connection of its own, in turn to the one and to the other server."""
    start = threading.Barrier(len(requests))

    def send(request: Callable[[httpx.Client], httpx.Response], server: Running) -> httpx.Response:
        with server.client() as client:
            client.get("/healthz")  # connected
            start.wait(20)
            return request(client)

    with ThreadPoolExecutor(len(requests)) as pool:
        return [*pool.map(send, requests, itertools.cycle(own))]


def cheaper(client: httpx.Client) -> httpx.Response:
    return put(client, "raced", {"title": "Cheaper", "price": 1})


def remove(client: httpx.Client) -> httpx.Response:
    return client.delete("/v1/products/raced", headers=AUTH)


def repaint(client: httpx.Client) -> httpx.Response:
    return put(client, "raced", {"title": "Repainted"}, NEW)


def test_a_new_price_never_brings_a_deleted_product_back(own: tuple[Running, Running]) -> None:
    with own[0].client() as client:
        for _ in range(ROUNDS):
            assert put(client, "raced", {"title": "New"}, OLD).status_code == 201
            *priced, removed = together(own, cheaper, cheaper, cheaper, remove)
            assert removed.status_code == 204
            assert {answer.status_code for answer in priced} <= {200, 422}
            assert client.get("/v1/products/raced").status_code == 404


def test_a_new_price_never_undoes_a_change_of_pictures(own: tuple[Running, Running]) -> None:
    with own[0].client() as client:
        for _ in range(ROUNDS):
            before = put(client, "raced", {"title": "New"}, OLD).json()["shots"]
            *priced, repainted = together(own, cheaper, cheaper, cheaper, repaint)
            assert {answer.status_code for answer in (*priced, repainted)} == {200}
            stored = client.get("/v1/products/raced").json()
            assert stored["shots"] == repainted.json()["shots"] != before


def test_of_several_changes_of_one_version_one_is_made(own: tuple[Running, Running]) -> None:
    with own[0].client() as client:
        for number in range(4):
            tag = put(client, "raced", {"title": "New"}, OLD).headers["etag"]
            headers = {**AUTH, "If-Match": tag}

            def change(client: httpx.Client, headers=headers, number=number) -> httpx.Response:
                return put(client, "raced", {"title": f"Changed {number}"}, headers=headers)

            statuses = [answer.status_code for answer in together(own, change, change, change, change)]
            assert sorted(statuses) == [200, 412, 412, 412]


def test_of_several_that_create_one_creates(own: tuple[Running, Running]) -> None:
    def create(client: httpx.Client) -> httpx.Response:
        return put(client, "raced", {"title": "New"}, OLD, headers={**AUTH, "If-None-Match": "*"})

    statuses = [answer.status_code for answer in together(own, create, create, create)]
    assert sorted(statuses) == [201, 412, 412]
