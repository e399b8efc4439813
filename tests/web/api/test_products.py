"""Products over HTTP: read, similar, thumbnails, write, delete, and ids of any characters."""

from __future__ import annotations

import io
import json
from urllib.parse import quote

import httpx
import pytest
from PIL import Image

from streetshop.catalog.open import open_catalog
from tests.catalog.filled import square
from tests.web.serving import KEY, Running, jpeg, png, running, street

AUTH = {"Authorization": f"Bearer {KEY}"}
ODD_IDS = [
    "a/b",
    "../etc/passwd",
    "x/similar",
    "ü ß",
    "a?b#c&d=e",
    "100%",
    "%2F",
    'it\'s "q"',
    "日本/语",
    "<b>",
    ".hidden",
]


@pytest.fixture
def own(own_shop) -> Running:
    with running(*own_shop) as up:
        yield up


def put(client: httpx.Client, product_id: str, product: dict, *pictures: bytes, **options) -> httpx.Response:
    files = [("product", (None, json.dumps(product))), *(("pictures", data) for data in pictures)]
    options.setdefault("headers", AUTH)
    return client.put(f"/v1/products/{quote(product_id, safe='')}", files=files, **options)


def test_product_and_similar(client):
    product = client.get("/v1/products/red-plain").json()
    assert (product["title"], product["price"], len(product["shots"])) == ("Red plain", 10.0, 2)
    answer = client.get("/v1/products/red-plain/similar", params={"k": 5, "weights": "colour=1,style=0"}).json()
    ids = [match["id"] for match in answer["matches"]]
    assert len(ids) == 5
    assert "red-plain" not in ids
    assert {"red-stripes", "red-checks"} <= set(ids[:3])
    answer = client.get("/v1/products/red-plain/similar", params={"filter": "category = skirt", "shot": 1}).json()
    assert {match["category"] for match in answer["matches"]} == {"skirt"}
    assert client.get("/v1/products/red-plain/similar", params={"shot": 5}).status_code == 422
    assert client.get("/v1/products/red-plain/similar", params={"k": 1000}).status_code == 422


def test_unknown_product_shot_and_path(client):
    for path in ("/v1/products/nope", "/v1/products/nope/similar", "/v1/products/nope/image/0"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:streetshop:problem:product-missing"), path
    for shot in ("2", "-1", "99999999"):
        assert client.get(f"/v1/products/red-plain/image/{shot}").status_code == 404
    assert client.get("/v1/products/red-plain/image/x").status_code == 422
    assert client.get("/v1/products/%FF").status_code == 422
    assert client.get("/v1/products/" + "a" * 300).status_code == 422
    assert client.get("/v1/products/a%00b").status_code == 422
    answer = client.get("/v1/products/red-plain/none")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    answer = client.post("/v1/products/red-plain")
    assert (answer.status_code, answer.headers["content-type"]) == (405, "application/problem+json")


def test_thumbnail_is_cached_for_ever_under_its_hash_only(client):
    image = client.get("/v1/products/red-plain").json()["image"]
    answer = client.get(image)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert Image.open(io.BytesIO(answer.content)).size == (64, 64)
    bare = client.get(image.partition("?")[0])
    assert bare.headers["cache-control"] == "public, max-age=0, must-revalidate"
    again = client.get(image, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_put_search_change_delete(own, own_shop):
    with own.client() as client:
        new = put(
            client,
            "new-1",
            {"title": "New", "category": "dress", "price": 9, "attributes": {"colour": "red"}},
            png(square("red")),
            jpeg(square("red", "checks")),
        )
        assert new.status_code == 201
        assert len(new.json()["shots"]) == 2
        found = client.post("/v1/search", files={"photo": png(square("red"))}, data={"k": "3"}).json()
        assert "new-1" in [match["id"] for match in found["garments"][0]["matches"]]
        changed = put(client, "new-1", {"title": "Newer", "price": 8.5, "in_stock": False})
        assert (changed.status_code, changed.json()["title"]) == (200, "Newer")
        assert changed.json()["shots"] == new.json()["shots"]
        assert client.get("/v1/catalog").json()["products"] == 19
        assert client.delete("/v1/products/new-1", headers={"X-API-Key": KEY}).status_code == 204
        assert client.get("/v1/products/new-1").status_code == 404
        found = client.post("/v1/search", files={"photo": png(square("red"))}, data={"k": "30"}).json()
        assert "new-1" not in [match["id"] for match in found["garments"][0]["matches"]]
        assert client.delete("/v1/products/new-1", headers=AUTH).status_code == 404
        assert client.get("/v1/catalog").json()["products"] == 18
    assert open_catalog(str(own_shop[0])).get(["new-1"]) == [None]


def test_entity_tags_of_products_and_conditions_of_writes(own):
    path = "/v1/products/red-plain"
    with own.client() as client:
        first = client.get(path).headers["etag"]
        assert client.get(path, headers={"If-None-Match": first}).status_code == 304
        priced = put(client, "red-plain", {"title": "Cheaper"}, headers={**AUTH, "If-Match": first})
        assert priced.status_code == 200
        assert priced.headers["etag"] == client.get(path).headers["etag"] != first
        assert client.get(path, headers={"If-None-Match": first}).status_code == 200
        painted = put(client, "red-plain", {"title": "Cheaper"}, png(square("green")))
        assert painted.headers["etag"] not in (first, priced.headers["etag"])
        for stale in (
            put(client, "red-plain", {"title": "Lost"}, headers={**AUTH, "If-Match": first}),
            put(client, "red-plain", {"title": "Lost"}, png(square("blue")), headers={**AUTH, "If-Match": first}),
            put(client, "red-plain", {"title": "Lost"}, headers={**AUTH, "If-None-Match": "*"}),
            put(client, "nope", {"title": "Lost"}, png(square("blue")), headers={**AUTH, "If-Match": "*"}),
            client.delete(path, headers={**AUTH, "If-Match": first}),
        ):
            assert (stale.status_code, stale.json()["type"]) == (412, "urn:streetshop:problem:precondition-failed")
        wrong = client.delete(path, headers={**AUTH, "If-Match": "no quotes"})
        assert (wrong.status_code, wrong.json()["where"]) == (422, "If-Match")
        assert client.get(path).headers["etag"] == painted.headers["etag"]
        assert client.get("/v1/products/nope").status_code == 404
        kept = client.delete(path, headers={**AUTH, "If-Match": f'"x", {painted.headers["etag"]}'})
        assert kept.status_code == 204


def test_ids_of_any_characters(own):
    with own.client() as client:
        for product_id in ODD_IDS:
            path = f"/v1/products/{quote(product_id, safe='')}"
            assert put(client, product_id, {"title": product_id}, png(square("green"))).status_code == 201, product_id
            answer = client.get(path)
            assert (answer.status_code, answer.json()["id"]) == (200, product_id)
            assert client.get(answer.json()["image"]).status_code == 200
            similar = client.get(f"{path}/similar", params={"k": 1})
            assert similar.status_code == 200
        found = client.post("/v1/search", files={"photo": png(square("green"))}, data={"k": "30"}).json()
        matches = {match["id"]: match for match in found["garments"][0]["matches"]}
        assert set(ODD_IDS) <= set(matches)
        for product_id in ODD_IDS:
            assert client.delete(f"/v1/products/{quote(product_id, safe='')}", headers=AUTH).status_code == 204


@pytest.mark.parametrize(
    ("product", "pictures", "says"),
    [
        ({"title": "x"}, [], "needs a picture"),
        ({"price": -1}, ["good"], "price"),
        ({"price": "NaN"}, ["good"], "price"),
        ({"colour": "red"}, ["good"], "colour"),
        ({"attributes": {"Bad Name": 1}}, ["good"], "attributes"),
        ({"url": "javascript:alert(1)"}, ["good"], "url"),
        ({"id": "other"}, ["good"], "not the one in the path"),
        ({"title": "x"}, ["good", "bad"], "picture"),
    ],
)
def test_put_of_nonsense_changes_nothing(own, product, pictures, says):
    data = {"good": png(square("red")), "bad": b"<svg/>"}
    with own.client() as client:
        answer = put(client, "n", product, *(data[name] for name in pictures))
        assert answer.status_code in (415, 422)
        assert says in answer.text
        assert client.get("/v1/products/n").status_code == 404


def test_put_without_a_product_field_or_with_too_many_pictures(own):
    with own.client() as client:
        answer = client.put("/v1/products/n", files={"pictures": png(street())}, headers=AUTH)
        assert answer.json()["detail"] == "product is missing."
        assert put(client, "n", {}, *[png(square("red"))] * 17).status_code == 422


def test_exif_of_written_products_is_stripped(own):
    exif = Image.Exif()
    exif[0x010F] = "SECRET-CAMERA"
    exif.get_ifd(0x8825)[1] = "N"
    stream = io.BytesIO()
    Image.fromarray(street(scale=2)).save(stream, "JPEG", exif=exif)
    assert b"SECRET-CAMERA" in stream.getvalue()
    with own.client() as client:
        image = put(client, "gps", {}, stream.getvalue()).json()["image"]
        data = client.get(image).content
    assert b"SECRET-CAMERA" not in data
    assert not Image.open(io.BytesIO(data)).getexif()


def test_an_etag_and_a_version_belong_to_one_picture(own):
    with own.client() as client:
        product = {"title": "x", "category": "dress"}
        first = put(client, "p", product, png(square("red"))).json()["image"]
        old = client.get(first)
        assert old.headers["cache-control"] == "public, max-age=31536000, immutable"
        second = put(client, "p", product, png(square("blue"))).json()["image"]
        assert first != second
        for etag in (old.headers["etag"], f"W/{old.headers['etag']}", f'"x", {old.headers["etag"]}'):
            again = client.get(second, headers={"If-None-Match": etag})
            assert (again.status_code, again.content != old.content) == (200, True)
            assert again.headers["etag"] != old.headers["etag"]
        # The old address shows the new picture, and is not to be kept under the old name.
        for address in (first, f"{second}0", second[:-1], second.partition("?")[0] + "?v="):
            stale = client.get(address)
            assert (stale.status_code, stale.headers["cache-control"]) == (200, "public, max-age=0, must-revalidate")
        new = client.get(second).headers["etag"]
        for tags in (new, f"W/{new}", f'"x",{new}', "*"):
            assert client.get(second, headers={"If-None-Match": tags}).status_code == 304, tags
        for tags in (new.strip('"'), new[:-1], f'"{new}"', ""):
            assert client.get(second, headers={"If-None-Match": tags}).status_code == 200, tags
