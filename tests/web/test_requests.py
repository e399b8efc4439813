"""Requests over HTTP: unknown fields and parameters are said on every route, odd forms and numbers are refused."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.web.serving import KEY, multipart, png, street

AUTH = {"X-API-Key": KEY}


def said(answer: httpx.Response, name: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), answer.text
    assert answer.json()["where"] == name
    assert repr(name) in answer.json()["detail"]


def test_unknown_query_parameters_are_said_on_every_route(client: httpx.Client) -> None:
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        for method in methods:
            path = path.format(product_id="red-plain", shot=0)
            for name in ("where", "cursor", "K"):
                answer = client.request(method, path, params={name: "1"}, headers=AUTH)
                said(answer, name)
    hint = client.get("/v1/products/red-plain/similar", params={"filters": "price < 3"}).json()["hint"]
    assert "Did you mean filter?" in hint
    assert client.get("/?utm_source=mail").status_code == 200  # links to the page may carry anything


def test_unknown_form_fields_are_said_on_every_route(client: httpx.Client) -> None:
    photo = {"photo": png(street())}
    said(client.post("/v1/search", files=photo, data={"where": "price < 3"}), "where")
    said(client.post("/v1/look", files=photo, data={"k": "3"}), "k")
    said(
        client.put("/v1/products/a", files={"product": (None, "{}"), "picture": png(street())}, headers=AUTH), "picture"
    )
    answer = client.post("/v1/search/vector", json={"vector": "", "where": "price < 3"})
    assert (answer.status_code, answer.json()["where"]) == (422, "where")
    assert client.get("/v1/products/a").status_code == 404


@pytest.mark.parametrize(
    "charset", ["undefined", "punycode", "idna", "utf-16", "utf-7", "rot13", "base64", "none", "", "\xff"]
)
def test_forms_in_another_charset_are_refused(client: httpx.Client, charset: str) -> None:
    body, kind = multipart({"k": "3", "caf\u00e9": "x"}, [("photo", png(street()))])
    for header in (f"{kind}; charset={charset}", f'{kind}; charset="{charset}"'):
        answer = client.post("/v1/search", content=body, headers={"Content-Type": header.encode("latin-1")})
        assert answer.status_code == 422, header
        assert answer.headers["content-type"] == "application/problem+json"


def test_forms_that_say_utf_8_are_read(client: httpx.Client) -> None:
    body, kind = multipart({"k": "1"}, [("photo", png(street()))])
    for header in (
        f"{kind}; charset=utf-8",
        f'{kind};charset="UTF-8"',
        "Multipart/Form-Data; charset=us-ascii; boundary=xx",
    ):
        assert client.post("/v1/search", content=body, headers={"Content-Type": header}).status_code == 200, header


NUMBERS = ["9" * 400, "9" * 5000, "-" + "9" * 400, "1e999", "-1e999", "NaN", "Infinity", "-Infinity"]
NUMBERS += ["\u0663", "\u00b2", "1_0", "0x1", "+ 1", "--1", "1-", "-"]


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_out_of_every_range_are_refused_in_every_field(client: httpx.Client, number: str) -> None:
    photo = {"photo": png(street())}
    fields = [
        *({name: number} for name in ("k", "garment", "vectors", "masks")),
        {"box": f"0,0,{number},10"},
        {"weights": f"colour={number}"},
        {"weights": json.dumps({"colour": 0}).replace("0", number)},
        {"filter": f"price < {number}0 or price < {number}"},
    ]
    for field in fields:
        answer = client.post("/v1/search", files=photo, data=field)
        assert answer.status_code == 422 or ("filter" in field and answer.status_code == 200), (field, answer.text)
    for name in ("k", "shot"):
        assert client.get("/v1/products/red-plain/similar", params={name: number}).status_code == 422
    assert client.get(f"/v1/products/red-plain/image/{number}").status_code in (404, 422)
    for body in (f'{{"vector": "", "k": {number}}}', f'{{"vector": "", "weights": {{"colour": {number}}}}}'):
        assert client.post("/v1/search/vector", content=body).status_code == 422
    for product in (f'{{"price": {number}}}', f'{{"attributes": {{"a": {number}}}}}'):
        answer = client.put("/v1/products/a", files={"product": (None, product)}, headers=AUTH)
        assert answer.status_code == 422, (product, answer.text)
