"""PATCH of a product: a JSON merge patch (RFC 7396), against a model of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streetshop.models import Encoder
from tests.catalog.filled import filled_catalog, square
from tests.web.api.test_products import AUTH, put
from tests.web.api.test_races import ROUNDS, remove, together
from tests.web.serving import Running, png, running

MERGE = {**AUTH, "Content-Type": "application/merge-patch+json"}
EMPTY: dict[str, Any] = {"title": "", "category": "", "brand": "", "currency": "", "price": None, "in_stock": None}
RED = png(square("red"))


def patch(client: httpx.Client, product_id: str, changes: object, **headers: str) -> httpx.Response:
    body = changes if isinstance(changes, bytes) else json.dumps(changes).encode()
    return client.patch(f"/v1/products/{product_id}", content=body, headers={**MERGE, **headers})


@pytest.fixture(scope="module")
def patched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("patched")
    store, encoder = filled_catalog(folder)
    store.close()
    with running(folder / "shop.catalog", encoder) as up:
        yield up


def test_price_and_stock_alone(patched: Running) -> None:
    with patched.client() as client:
        before = client.get("/v1/products/red-plain").json()
        answer = patch(client, "red-plain", {"price": 5, "in_stock": True})
        assert answer.status_code == 200
        assert answer.json() == {**before, "price": 5.0, "in_stock": True}
        stored = client.get("/v1/products/red-plain")
        assert (stored.json(), stored.headers["etag"]) == (answer.json(), answer.headers["etag"])
        plain = patch(client, "red-plain", {"price": 6}, **{"Content-Type": "application/json; charset=utf-8"})
        assert plain.json()["price"] == 6.0
        found = client.get("/v1/products/red-stripes/similar", params={"filter": "price = 6"}).json()
        assert [match["id"] for match in found["matches"]] == ["red-plain"]


TEXT = st.text(st.sampled_from("ab cü"), max_size=6)
PATCHES = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("title", "brand", "category"), st.none() | TEXT),
        "currency": st.none() | st.sampled_from(["EUR", "USD"]),
        "price": st.none() | st.floats(0, 1e6),
        "in_stock": st.none() | st.booleans(),
        "attributes": st.none()
        | st.dictionaries(
            st.sampled_from(["colour", "size", "new"]),
            st.none() | TEXT | st.booleans() | st.integers(0, 99),
            max_size=3,
        ),
    },
)


def merged(target: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """RFC 7396, section 2, with the value that a field has when it is removed."""
    after = {**target, "attributes": dict(target["attributes"])}
    for name, value in changes.items():
        if name != "attributes":
            after[name] = EMPTY[name] if value is None else value
        elif value is None:
            after["attributes"] = {}
        else:
            after["attributes"] |= value
            after["attributes"] = {key: each for key, each in after["attributes"].items() if each is not None}
    return after


@settings(max_examples=30, deadline=None)
@given(patches=st.lists(PATCHES, min_size=1, max_size=3))
def test_patches_do_what_their_model_does(patched: Running, patches: list[dict[str, Any]]) -> None:
    with patched.client() as client:
        answer = client.get("/v1/products/blue-plain")
        model, shots, tag = answer.json(), answer.json()["shots"], answer.headers["etag"]
        for changes in patches:
            answer = patch(client, "blue-plain", changes, **{"If-Match": tag})
            assert answer.status_code == 200, answer.text
            model, tag = merged(model, changes), answer.headers["etag"]
            found = answer.json()
            assert {name: found[name] for name in (*EMPTY, "attributes")} == {
                name: model[name] for name in (*EMPTY, "attributes")
            }
            assert found["shots"] == shots
        assert client.get("/v1/products/blue-plain").headers["etag"] == tag


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        (b"", 422, "JSON"),
        (b"[]", 422, "object"),
        (b"null", 422, "object"),
        ({"colour": "red"}, 422, "colour"),
        ({"price": -1}, 422, "price"),
        ({"price": "cheap"}, 422, "price"),
        (b'{"price": NaN}', 422, "price"),
        ({"kind": "gadget"}, 422, "kind"),
        ({"url": "javascript:alert(1)"}, 422, "url"),
        ({"id": "other"}, 422, "not the one in the path"),
        ({"attributes": {"Bad Name": 1}}, 422, "attributes"),
        ({"attributes": {"a": {"b": 1}}}, 422, "attributes"),
        (b'{"title": "\\ud800"}', 422, "JSON"),
        (b'{"title": "' + b"x" * 600_000 + b'"}', 413, "MiB"),
    ],
)
def test_nonsense_changes_nothing(patched: Running, changes: object, status: int, says: str) -> None:
    with patched.client() as client:
        before = client.get("/v1/products/white-plain").headers["etag"]
        answer = patch(client, "white-plain", changes)
        assert (answer.status_code, says in answer.text) == (status, True), answer.text
        assert client.get("/v1/products/white-plain").headers["etag"] == before


def test_conditions_keys_and_types(patched: Running) -> None:
    with patched.client() as client:
        tag = client.get("/v1/products/black-plain").headers["etag"]
        assert patch(client, "black-plain", {"price": 1}, **{"If-Match": '"x"'}).status_code == 412
        assert patch(client, "none", {"price": 1}, **{"If-Match": "*"}).status_code == 412
        assert patch(client, "none", {"price": 1}).status_code == 404
        assert patch(client, "black-plain", {"price": 1}, Authorization="Bearer wrong").status_code == 401
        assert patch(client, "black-plain", {"price": 1}, **{"Content-Type": "text/plain"}).status_code == 415
        assert client.get("/v1/products/black-plain").headers["etag"] == tag
        assert patch(client, "black-plain", {"price": 1}, **{"If-Match": tag}).status_code == 200
        allowed = client.post("/v1/products/black-plain").headers["allow"]
        assert "PATCH" in allowed


def test_attributes_are_limited_after_the_merge(patched: Running) -> None:
    with patched.client() as client:
        many = {f"a{i}": i for i in range(64)}
        answer = patch(client, "green-plain", {"attributes": many})
        assert (answer.status_code, answer.json()["where"]) == (422, "attributes")
        assert patch(client, "green-plain", {"attributes": None}).json()["attributes"] == {}
        assert patch(client, "green-plain", {"attributes": many}).status_code == 200


def test_the_kind_follows_the_words_unless_it_is_given(patched: Running) -> None:
    with patched.client() as client:
        put(client, "k", {"title": "Red", "category": "skirt"}, RED)
        assert patch(client, "k", {"price": 1}).json()["kind"] == "skirt"
        assert patch(client, "k", {"category": "hat"}).json()["kind"] == "hat"
        assert patch(client, "k", {"kind": "bag"}).json()["kind_source"] == "column"
        assert patch(client, "k", {"category": "skirt"}).json()["kind"] == "bag"
        assert patch(client, "k", {"kind": None}).json()["kind"] == "skirt"


def test_patches_of_different_fields_by_two_servers_both_stay(own_shop: tuple[Any, Encoder]) -> None:
    with running(*own_shop) as first, running(*own_shop) as second, first.client() as client:
        for number in range(ROUNDS):
            put(client, "raced", {"title": "New", "attributes": {"size": "M"}}, RED)

            def priced(client: httpx.Client, number: int = number) -> httpx.Response:
                return patch(client, "raced", {"price": number})

            def stocked(client: httpx.Client, number: int = number) -> httpx.Response:
                return patch(client, "raced", {"in_stock": bool(number % 2), "attributes": {"year": number}})

            def repainted(client: httpx.Client) -> httpx.Response:
                return patch(client, "raced", {"title": "Newer"})

            answers = together((first, second), priced, stocked, repainted)
            assert {answer.status_code for answer in answers} == {200}
            stored = client.get("/v1/products/raced").json()
            assert (stored["price"], stored["in_stock"], stored["title"]) == (number, bool(number % 2), "Newer")
            assert stored["attributes"] == {"size": "M", "year": number}


def test_a_patch_never_brings_a_deleted_product_back(own_shop: tuple[Any, Encoder]) -> None:
    def cheaper(client: httpx.Client) -> httpx.Response:
        return patch(client, "raced", {"price": 1})

    with running(*own_shop) as first, running(*own_shop) as second, first.client() as client:
        for _ in range(ROUNDS):
            put(client, "raced", {"title": "New"}, RED)
            *priced, removed = together((first, second), cheaper, cheaper, cheaper, remove)
            assert removed.status_code == 204
            assert {answer.status_code for answer in priced} <= {200, 404}
            assert client.get("/v1/products/raced").status_code == 404
