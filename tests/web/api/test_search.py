"""Photo searches over HTTP against a real catalog."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from streetshop.catalog.open import open_catalog
from streetshop.core.photo import Photo
from streetshop.models import Encoder, load_encoder
from streetshop.search import Searcher, SearchRequest
from tests.models.tiny import calibrated_encoder
from tests.web.kinds_shop import three_bands
from tests.web.serving import BandReader, jpeg, png, running, street


def search(client: httpx.Client, photo: bytes, **fields: object) -> httpx.Response:
    return client.post("/v1/search", files={"photo": ("p.jpg", photo)}, data=fields)


def test_every_garment_gets_its_products(client):
    answer = search(client, png(street("red", "blue")), k=3, weights="colour=1,style=0").json()
    assert answer["photo"] == {"width": 240, "height": 320}
    assert answer["reader"] == "bands 1"
    top, bottom = answer["garments"]
    assert (top["category"], bottom["category"]) == ("top", "bottom")
    assert top["box"] == [70, 40, 170, 140]
    assert bottom["box"] == [60, 170, 160, 270]
    assert top["matches"][0]["id"] == "red-plain"
    assert bottom["matches"][0]["id"] == "blue-plain"
    for garment in (top, bottom):
        (x0, y0, x1, y1), (x, y) = garment["box"], garment["hotspot"]
        assert x0 <= x < x1
        assert y0 <= y < y1
        scores = [match["similarity"] for match in garment["matches"]]
        assert len(scores) == 3
        assert scores == sorted(scores, reverse=True)


def test_same_answer_as_the_searcher(client, shop):
    photo = jpeg(street("green", "black"))
    catalog, encoder = shop
    store = open_catalog(str(catalog))
    request = SearchRequest.check(store, encoder.blocks, k=5)
    expected = Searcher(store, encoder, BandReader()).search(Photo.from_bytes(photo), request)
    answer = search(client, photo, k=5).json()
    for got, wanted in zip(answer["garments"], expected.garments, strict=True):
        assert [match["id"] for match in got["matches"]] == [match.product.id for match in wanted.matches]
        assert [match["similarity"] for match in got["matches"]] == pytest.approx(
            [match.similarity for match in wanted.matches], abs=2e-5
        )


def test_match_holds_what_a_page_needs(client):
    match = search(client, png(street()), k=1, garment=0).json()["garments"][0]["matches"][0]
    assert match["title"] == "Red plain"
    assert match["currency"] == "EUR"
    assert match["attributes"]["colour"] == "red"
    assert set(match["blocks"]) == {"style", "colour"}
    picture = client.get(match["image"])
    assert picture.status_code == 200
    assert picture.headers["content-type"] == "image/jpeg"
    assert '"source"' not in json.dumps(match)


def test_one_garment_by_index_and_boxes_in_order(client):
    photo = png(street("orange", "white"))
    answer = search(client, photo, garment=1, k=1, weights='{"colour": 1, "style": 0}').json()
    assert [garment["matches"][0]["id"] for garment in answer["garments"]] == ["white-plain"]
    boxes = ["70,40,170,140", "[60, 170, 160, 270]"]
    answer = search(client, photo, box=boxes, k=1, weights=["colour=1", "style=0"]).json()
    assert [garment["category"] for garment in answer["garments"]] == ["garment", "garment"]
    assert [garment["matches"][0]["id"] for garment in answer["garments"]] == ["orange-plain", "white-plain"]


def test_a_preset_in_every_route(client):
    photo, wanted = png(street("red", "blue")), {"style": 0.6, "colour": 0.9}
    answer = search(client, photo, garment=0, weights="Same Colour", vectors="true").json()
    assert answer["weights"] == wanted
    body = {"vector": answer["garments"][0]["vector"], "weights": "same colour"}
    again = client.post("/v1/search/vector", json=body).json()
    assert again["weights"] == wanted
    assert [m["id"] for m in again["matches"]] == [m["id"] for m in answer["garments"][0]["matches"]]
    similar = client.get("/v1/products/red-plain/similar", params={"weights": "same colour"}).json()
    assert similar["weights"] == wanted
    refused = client.post("/v1/search/vector", json={**body, "weights": "same sleeve"})
    assert refused.status_code == 422
    assert "same pattern" in refused.json()["hint"]


def test_filter_and_weights_change_the_answer(client):
    photo = png(street("red"))
    answer = search(client, photo, garment=0, filter="price > 25 and category = dress", k=20).json()
    matches = answer["garments"][0]["matches"]
    assert matches
    assert all(match["price"] > 25 and match["category"] == "dress" for match in matches)
    answer = search(client, photo, garment=0, weights=["colour=0", "style=1"], k=1).json()
    assert answer["weights"] == {"style": 1, "colour": 0}
    match = answer["garments"][0]["matches"][0]
    assert match["similarity"] == pytest.approx(match["blocks"]["style"], abs=1e-5)


def test_vector_of_an_answer_searches_again_without_the_photo(client):
    first = search(client, png(street("green")), garment=0, vectors="true", k=4).json()["garments"][0]
    again = client.post("/v1/search/vector", json={"vector": first["vector"], "k": 4}).json()
    assert [match["id"] for match in again["matches"]] == [match["id"] for match in first["matches"]]
    dresses = {"vector": first["vector"], "k": 4, "filter": "category = dress", "weights": {"colour": 2}}
    again = client.post("/v1/search/vector", json=dresses).json()
    assert {match["category"] for match in again["matches"]} == {"dress"}
    assert again["weights"] == {"style": 1.0, "colour": 2.0}


def test_a_search_by_vector_keeps_to_the_kinds_of_the_first_answer(kinds_server):
    with kinds_server.client() as client:
        top, bottom, hat = search(client, png(three_bands()), vectors="true", k=4).json()["garments"]
        ask = lambda **fields: client.post("/v1/search/vector", json={"k": 4, **fields})  # noqa: E731
        again = ask(vector=bottom["vector"], searched=bottom["searched"]).json()
        assert again["searched"] == bottom["searched"] == {"skirt": 0.5, "dress": 0.4}
        ids = lambda answer, key="matches": [match["id"] for match in answer[key]]  # noqa: E731
        assert ids(again) == ids(bottom)
        assert (again["lacking"], again["others"]) == (None, [])
        lacking = ask(vector=hat["vector"], searched=hat["searched"]).json()
        assert (ids(lacking), lacking["lacking"]) == ([], "kind")
        assert ids(lacking, "others") == ids(hat, "others") != []
        filtered = ask(vector=top["vector"], searched=top["searched"], filter="price > 900").json()
        assert (filtered["matches"], filtered["lacking"], filtered["others"]) == ([], "filter", [])
        assert {match["kind"] for match in ask(vector=top["vector"], kinds=["bag"]).json()["matches"]} == {"bag", None}
        assert ask(vector=top["vector"]).json()["searched"] == {}
        for wrong in ({"kinds": ["bag"], "searched": {"top": 1}}, {"searched": {"gown": 1}}, {"searched": {"top": 2}}):
            answer = ask(vector=top["vector"], **wrong)
            assert answer.status_code == 422
            assert "searched" in answer.text


@pytest.mark.parametrize(
    ("vector", "says"),
    [
        ("", "finite numbers"),
        ("%%%", "no base64"),
        (base64.b64encode(np.zeros(126, "<f4").tobytes()).decode(), "length 0"),
        (base64.b64encode(np.full(126, np.nan, "<f4").tobytes()).decode(), "finite numbers"),
        (base64.b64encode(np.full(126, 1e38, "<f4").tobytes()).decode(), "length"),
        (base64.b64encode(np.ones(7, "<f4").tobytes()).decode(), "finite numbers"),
    ],
)
def test_bad_vectors_are_refused(client, vector, says):
    answer = client.post("/v1/search/vector", json={"vector": vector})
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:streetshop:problem:vector"
    assert says in answer.json()["detail"]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_gives_the_same_garments_in_the_upright_frame(client, orientation):
    upright = street("red", "blue")
    stored = Image.fromarray(upright)
    way = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    if orientation in way:
        stored = stored.transpose(way[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    stream = io.BytesIO()
    stored.save(stream, "PNG", exif=exif)
    answer = search(client, stream.getvalue(), k=1, weights="colour=1,style=0").json()
    assert answer["photo"] == {"width": 240, "height": 320}
    assert [garment["box"] for garment in answer["garments"]] == [[70, 40, 170, 140], [60, 170, 160, 270]]
    assert [garment["matches"][0]["id"] for garment in answer["garments"]] == ["red-plain", "blue-plain"]


def test_boxes_are_in_the_frame_of_a_photo_that_was_decoded_smaller(client):
    answer = search(client, jpeg(street(scale=6)), k=1).json()
    assert answer["photo"] == {"width": 1440, "height": 1920}
    assert answer["garments"][0]["box"] == pytest.approx([420, 240, 1020, 840], abs=6)


def test_look_answers_garments_masks_and_no_matches(client):
    answer = client.post("/v1/look", files={"photo": png(street())}, data={"masks": "true"}).json()
    assert [garment["category"] for garment in answer["garments"]] == ["top", "bottom"]
    assert answer["persons"] == []
    mask = Image.open(io.BytesIO(base64.b64decode(answer["garments"][0]["mask"]["png"])))
    assert mask.size == (100, 100)
    assert mask.getextrema() == (255, 255)
    assert "matches" not in answer["garments"][0]


def test_alone_or_among_thirty_two_the_answer_is_the_same(server):
    import concurrent.futures

    photos = [jpeg(street(top, bottom)) for top in ("red", "green", "blue", "black") for bottom in ("white", "orange")]
    with server.client(limits=httpx.Limits(max_connections=40)) as client:
        alone = [search(client, photo, k=6).json() for photo in photos]
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            together = list(pool.map(lambda i: search(client, photos[i % 8], k=6).json(), range(32)))
    for i, answer in enumerate(together):
        for got, wanted in zip(answer["garments"], alone[i % 8]["garments"], strict=True):
            assert [match["id"] for match in got["matches"]] == [match["id"] for match in wanted["matches"]]


@pytest.mark.parametrize(
    ("fields", "slug"),
    [
        ({"k": 0}, "request-invalid"),
        ({"k": 101}, "request-invalid"),
        ({"k": "many"}, "request-invalid"),
        ({"k": "9" * 400}, "request-invalid"),
        ({"k": ["3", "4"]}, "request-invalid"),
        ({"garment": 9}, "request-invalid"),
        ({"garment": -1}, "request-invalid"),
        ({"garment": 0, "box": "1,2,3,4"}, "request-invalid"),
        ({"box": "1,2,3"}, "geometry"),
        ({"box": "4,4,2,2"}, "geometry"),
        ({"box": "nan,0,5,5"}, "geometry"),
        ({"box": "900,900,950,950"}, "geometry"),
        ({"box": "a,b,c,d"}, "request-invalid"),
        ({"box": ["0,0,50,50"] * 17}, "request-invalid"),
        ({"weights": "sleeve=1"}, "weights"),
        ({"weights": "colour=-1"}, "weights"),
        ({"weights": "colour"}, "weights"),
        ({"weights": "same sleeve"}, "weights"),
        ({"weights": ["same colour", "style=1"]}, "weights"),
        ({"weights": '{"colour": "x"}'}, "weights"),
        ({"weights": '{"colour"'}, "weights"),
        ({"weights": "[" * 5000}, "weights"),
        ({"weights": "colour=0,style=0"}, "weights"),
        ({"filter": "price <"}, "filter"),
        ({"filter": "(" * 500 + "price = 1"}, "filter"),
        ({"filter": "price = 1 and " * 400}, "filter"),
        ({"vectors": "perhaps"}, "request-invalid"),
    ],
)
def test_bad_fields_are_refused_by_name(client, fields, slug):
    answer = search(client, png(street()), **fields)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"urn:streetshop:problem:{slug}"
    assert answer.json()["detail"]


def test_a_bad_filter_shows_where(client):
    answer = search(client, png(street()), filter="price < 20 und brand = Birke").json()
    assert answer["position"] == 11
    assert answer["filter"] == "price < 20 und brand = Birke"


def test_missing_photo_and_other_content_types(client):
    answer = client.post("/v1/search", data={"k": "3"})
    assert (answer.status_code, answer.json()["title"]) == (422, "Request invalid")
    answer = client.post("/v1/search", files={"photos": b"x"})
    assert "no form field 'photos'" in answer.json()["detail"]
    assert "Did you mean photo?" in answer.json()["hint"]
    answer = client.post("/v1/search", files={"k": (None, "3")})
    assert "photo is missing" in answer.json()["detail"]
    answer = client.post("/v1/search", files={"k": b"12", "photo": b"x"})
    assert answer.status_code == 422
    answer = client.post("/v1/search", content=b"{}", headers={"Content-Type": "application/json"})
    assert "not multipart/form-data" in answer.json()["detail"]
    answer = client.post("/v1/search", content=b"hi", headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert answer.status_code == 422
    answer = client.post("/v1/search", content=b"hi", headers={"Content-Type": "multipart/form-data"})
    assert "boundary" in answer.json()["detail"]
    answer = client.post("/v1/search/vector", content=b"[1]", headers={"Content-Type": "application/json"})
    assert answer.status_code == 422


def test_words_beside_a_photo_and_alone(client):
    (garment,) = search(client, png(street("red", "blue")), garment=0, text="Stripes", k=18).json()["garments"]
    words = [match["words"] for match in garment["matches"]]
    assert words == sorted(words, reverse=True)
    assert words.count(["Stripes"]) == 6
    answer = client.get("/v1/search/text", params={"text": "blue stripes", "k": 3}).json()
    assert answer["matches"][0]["id"] == "blue-stripes"
    assert answer["matches"][0]["words"] == ["blue", "stripes"]
    assert len(answer["matches"]) == 3
    again = client.get("/v1/products/red-plain/similar", params={"text": "checks", "k": 1}).json()["matches"]
    assert again[0]["id"].endswith("checks")


@pytest.mark.parametrize("text", ["x" * 10_240, "", "...", "👗"])
def test_a_text_that_cannot_be_searched(client, text):
    answer = client.get("/v1/search/text", params={"text": text})
    assert answer.status_code == 422
    assert "text" in answer.json()["detail"]
    assert answer.json()["hint"]


@pytest.mark.parametrize("value", ["2", "-1", "nan", "a"])
def test_diverse_is_a_share(client, value):
    path = "/v1/products/red-plain/similar"
    assert client.get(path, params={"diverse": "0.5", "k": 3}).status_code == 200
    answer = client.get(path, params={"diverse": value})
    assert (answer.status_code, "diverse" in answer.json()["detail"]) == (422, True)


def test_explanations_when_asked(client):
    path = "/v1/products/red-plain/similar"
    (match,) = client.get(path, params={"k": 1, "explain": "true"}).json()["matches"]
    assert sum(match["explanation"]["shares"].values()) == pytest.approx(1, abs=1e-3)
    assert "explanation" not in client.get(path, params={"k": 1}).json()["matches"][0]
    answer = client.get("/v1/search/text", params={"text": "red", "explain": "true"})
    assert answer.status_code == 422


def test_scores_and_the_least_score(shop: tuple[Path, Encoder], tmp_path: Path) -> None:
    scored = load_encoder(calibrated_encoder(tmp_path))
    with running(shop[0], scored, reader=BandReader()) as up, up.client() as client:
        photo = png(street("red", "blue"))
        garment = search(client, photo, k=18, garment=0, vectors="true", kinds="any").json()["garments"][0]
        scores = [match["score"] for match in garment["matches"]]
        assert scores == sorted(scores, reverse=True)
        assert {match["closeness"] for match in garment["matches"]} >= {"very close"}
        least = (scores[4] + scores[5]) / 2
        wanted = [match["id"] for match in garment["matches"][:5]]
        limited = search(client, photo, k=18, garment=0, kinds="any", min_score=least).json()["garments"][0]
        assert [match["id"] for match in limited["matches"]] == wanted
        body = {"vector": garment["vector"], "k": 18, "min_score": least}
        again = client.post("/v1/search/vector", json=body).json()
        assert [match["id"] for match in again["matches"]] == wanted
        none = client.post("/v1/search/vector", json={**body, "min_score": 1.0}).json()
        assert (none["matches"], none["lacking"]) == ([], "min_score")
        similar = client.get("/v1/products/red-plain/similar", params={"min_score": 1}).json()
        assert similar["matches"] == []
        for bad in ("2", "-1", "nan", "much", "1_0"):
            answer = search(client, photo, min_score=bad)
            assert (answer.status_code, "min_score" in answer.json()["detail"]) == (422, True), bad


def test_without_a_calibration_there_are_no_scores(client):
    photo = png(street("red", "blue"))
    match = search(client, photo, k=1).json()["garments"][0]["matches"][0]
    assert (match["score"], match["closeness"]) == (None, None)
    refused = search(client, photo, min_score=0.2)
    assert (refused.status_code, "calibration" in refused.json()["detail"]) == (422, True)


def test_a_heat_map_over_http(client):
    def ask(**fields):
        return client.post("/v1/search/heatmap", files={"photo": ("p.png", png(street("red", "blue")))}, data=fields)

    answer = ask(product="red-plain", garment=0, weights="colour=1,style=0")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    with Image.open(io.BytesIO(answer.content)) as image:
        assert min(image.size) > 50
    assert ask(product="red-plain", box="70,40,170,140").status_code == 200
    for fields, status in (
        ({}, 422),
        ({"product": "none"}, 404),
        ({"product": "red-plain", "shot": 9}, 422),
        ({"product": "red-plain", "garment": 9}, 422),
        ({"product": "red-plain", "k": 3}, 422),
        ({"product": "red-plain", "box": ["1,1,50,50", "2,2,60,60"]}, 422),
    ):
        assert ask(**fields).status_code == status, fields


def several(client: httpx.Client, *photos: bytes, **fields: object) -> httpx.Response:
    return client.post("/v1/search", files=[("photo", ("p.png", photo)) for photo in photos], data=fields)


def test_several_photos_of_one_garment(client):
    photos = [png(street("red", "blue")), png(street("blue", "green"))]
    answer = several(client, *photos, one_garment="true", k=2, weights="colour=1,style=0", vectors="true").json()
    (garment,) = answer["garments"]
    assert garment["matches"][0]["id"] == "blue-plain"
    assert [(view["photo"]["name"], view["garment"]) for view in garment["views"]] == [("photo 1", 1), ("photo 2", 0)]
    assert garment["views"][0]["box"] == garment["box"] == [60, 170, 160, 270]
    assert garment["views"][1]["box"] == [70, 40, 170, 140]
    again = client.post("/v1/search/vector", json={"vector": garment["vector"], "weights": {"style": 0}, "k": 2})
    assert [m["id"] for m in again.json()["matches"]] == [m["id"] for m in garment["matches"]]
    named = several(client, *photos, one_garment="true", garment=0).json()["garments"][0]["views"]
    assert named[0]["garment"] == 0


@pytest.mark.parametrize(
    ("count", "fields", "detail", "hint"),
    [
        (2, {}, "2 files are given as photo", "one_garment=true"),
        (1, {"one_garment": "true"}, "1 photo of one garment", "2 to 8"),
        (50, {"one_garment": "true"}, "50 photos", "at most 8"),
        (2, {"one_garment": "true", "box": "0,0,50,50"}, "a box is given with several photos", "Crop"),
        (2, {"one_garment": "true", "garment": 9}, "no garment 9", "The photo has 2"),
        (2, {"one_garment": "maybe"}, "one_garment is", "true or false"),
    ],
)
def test_several_photos_that_are_refused(client, count, fields, detail, hint):
    refused = several(client, *[png(street())] * count, **fields)
    assert refused.status_code == 422
    assert detail in refused.json()["detail"]
    assert hint in refused.json()["hint"]


def test_one_of_several_photos_cannot_be_used(client):
    for bad, status in ((jpeg(street(scale=3))[:9000], 422), (b"no picture", 415), (b"", 422)):
        refused = several(client, png(street()), bad, one_garment="true")
        assert refused.status_code == status
        assert refused.json()["where"] == "photo 2"
    nothing = several(client, png(street()), png(np.full((200, 200, 3), 190, np.uint8)), one_garment="true")
    assert "no garment was found in photo 2" in nothing.json()["detail"]
