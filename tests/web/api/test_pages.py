"""``POST /v1/page`` against a real server and catalog."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from streetshop.models import Encoder
from streetshop.web.schemas import PageOut
from tests.web.kinds_shop import SHIRT
from tests.web.page_shop import PageReader, store_look, worn
from tests.web.serving import KEY, Running, png, running


@pytest.fixture(scope="module")
def page_server(kinds_shop: tuple[Path, Encoder]) -> Iterator[Running]:
    with running(*kinds_shop, reader=PageReader()) as up:
        yield up


@pytest.fixture
def client(page_server: Running) -> Iterator[httpx.Client]:
    with page_server.client() as opened:
        yield opened


def page(client: httpx.Client, *pictures: np.ndarray | bytes, **fields: object) -> httpx.Response:
    files = [
        ("pictures", (f"{number}.png", each if isinstance(each, bytes) else png(each)))
        for number, each in enumerate(pictures)
    ]
    return client.post("/v1/page", files=files, data=fields)


def test_the_look_of_a_page(client: httpx.Client) -> None:
    answer = page(client, worn("back"), worn("front"), b"no picture", product="shirt-red-m", k=3).json()
    PageOut.model_validate(answer)
    assert answer["product"] == {"id": "shirt-red-m", "source": "given", "in_catalog": True, "kind": "top"}
    chosen = answer["chosen"]
    assert (chosen["path"], chosen["view"], chosen["full_shot"]) == ("1.png", "front", True)
    assert chosen["fallback"] is None
    assert [each["path"] for each in answer["refused"]] == ["0.png", "2.png"]
    assert answer["refused"][0]["reason"] == "back view"
    assert answer["refused"][1]["reason"]
    assert answer["people"][0]["garments"] == [0, 1]
    top, bottom = answer["garments"]
    assert (top["primary"], bottom["primary"]) == (True, False)
    for garment in (top, bottom):
        assert 1 <= len(garment["matches"]) <= 3
        assert not {match["id"] for match in garment["matches"]} & {*SHIRT}
        x, y = garment["hotspot"]
        x0, y0, x1, y1 = garment["box"]
        assert x0 / 240 <= x < x1 / 240
        assert y0 / 300 <= y < y1 / 300
    assert top["matches"][0]["image"].startswith("/v1/products/")


def test_filters_and_weights_count(client: httpx.Client) -> None:
    answer = page(client, worn("front"), filter="price < 35", weights="colour=1,style=0").json()
    assert all(match["price"] < 35 for garment in answer["garments"] for match in garment["matches"])
    assert answer["weights"] == {"style": 0.0, "colour": 1.0}


@pytest.mark.parametrize(
    ("pictures", "fields", "status", "told"),
    [
        ([], {}, 422, "pictures"),
        ([worn("front")] * 17, {}, 422, "17 pictures are given"),
        ([b"GIF"], {}, 415, "format"),
        ([worn("front")], {"k": "0"}, 422, "out of range"),
        ([worn("front")], {"kinds": "top"}, 422, "there is no form field 'kinds'"),
        ([worn("front")], {"filter": "nonsense ="}, 422, "filter"),
        ([worn("front")], {"product": "a\x07b"}, 422, "control"),
    ],
)
def test_what_makes_no_sense_is_refused(
    client: httpx.Client, pictures: list[np.ndarray], fields: dict[str, str], status: int, told: str
) -> None:
    answer = page(client, *pictures, **fields)
    if not pictures:
        answer = client.post("/v1/page", files=[("product", (None, b"x"))])
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert told.lower() in answer.text.lower()


def test_text_as_a_picture_is_refused(client: httpx.Client) -> None:
    answer = client.post("/v1/page", files=[("pictures", (None, b"text"))])
    assert answer.status_code == 422
    assert "pictures" in answer.text


def test_a_page_on_which_nothing_is_worn_has_no_look(client: httpx.Client) -> None:
    answer = page(client, np.full((100, 80, 3), 190, np.uint8)).json()
    PageOut.model_validate(answer)
    assert answer["chosen"] is None
    assert answer["garments"] == answer["people"] == []
    assert answer["refused"][0]["reason"] == "neither a person nor a garment is found"


def test_an_unnamed_file_has_a_number(client: httpx.Client) -> None:
    answer = client.post("/v1/page", files=[("pictures", ("", png(worn("front"))))])
    assert answer.status_code in (200, 422)
    if answer.status_code == 200:
        assert answer.json()["chosen"]["path"] == "pictures[0]"


@pytest.fixture
def looks_server(own_shop: tuple[Path, Encoder]) -> Iterator[Running]:
    """A server whose product ``outfit`` has a stored look."""
    store_look(*own_shop)
    with running(*own_shop, reader=PageReader()) as up:
        yield up


def test_a_stored_look_is_answered_with_what_the_catalog_has_now(looks_server: Running) -> None:
    key = {"X-API-Key": KEY}
    with looks_server.client() as client:
        before = client.get("/v1/products/outfit/look")
        assert before.status_code == 200, before.text
        answer = before.json()
        PageOut.model_validate(answer)
        assert "secret" not in before.text
        assert answer["chosen"]["path"] == "shots[1]"
        assert answer["chosen"]["image"].startswith("/v1/products/outfit/image/1?v=")
        assert answer["refused"] == [
            {
                "path": "shots[0]",
                "index": 0,
                "image": answer["refused"][0]["image"],
                "reason": "back view",
            }
        ]
        first = answer["garments"][0]["matches"][0]["id"]
        priced = {"product": '{"title": "New", "price": 1.5}'}
        assert client.put(
            f"/v1/products/{first}", files={k: (None, v) for k, v in priced.items()}, headers=key
        ).is_success
        renewed = client.get("/v1/products/outfit/look").json()["garments"][0]["matches"][0]
        assert (renewed["id"], renewed["price"], renewed["title"]) == (first, 1.5, "New")
        assert client.delete(f"/v1/products/{first}", headers=key).status_code == 204
        left = client.get("/v1/products/outfit/look").json()
        assert first not in {match["id"] for garment in left["garments"] for match in garment["matches"]}
        # A new price leaves the look, new pictures make it out of date.
        about = {"product": (None, '{"title": "Outfit", "price": 3}')}
        assert client.put("/v1/products/outfit", files=about, headers=key).is_success
        assert client.get("/v1/products/outfit/look").status_code == 200
        other = {**about, "pictures": ("p.png", png(worn("front", "green", "red")))}
        assert client.put("/v1/products/outfit", files=other, headers=key).is_success
        stale = client.get("/v1/products/outfit/look")
        assert stale.status_code == 404
        assert stale.json()["type"] == "urn:streetshop:problem:look-missing"
        assert "streetshop page --feed" in stale.json()["hint"]


def test_products_without_a_look_and_no_product_at_all(looks_server: Running) -> None:
    with looks_server.client() as client:
        missing = client.get("/v1/products/red-plain/look")
        assert (missing.status_code, missing.json()["title"]) == (404, "Look missing")
        gone = client.get("/v1/products/no-such/look")
        assert (gone.status_code, gone.json()["title"]) == (404, "Product missing")
        assert client.get("/v1/products/outfit/look?k=3").status_code == 422
