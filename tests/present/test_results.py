"""Looks and answers that show themselves: short texts, escaped and bounded HTML."""

from __future__ import annotations

import base64
import re

import numpy as np
from PIL import Image

from streetshop.core.errors import ProductMissing
from streetshop.core.geometry import Box
from streetshop.core.photo import Photo, encode_jpeg
from streetshop.core.records import Garment, Look, Match, Product
from streetshop.present.results import Matches, PhotoAnswer, PhotoLook
from streetshop.search import Answer, GarmentAnswer

NOISE = np.random.default_rng(0).integers(0, 255, (640, 480, 3), np.uint8)
PHOTO = Photo.from_array(NOISE)
EVIL = "<img src=x onerror=alert(1)>"


def garment(i: int) -> Garment:
    return Garment("top" if i else EVIL, 0.5, Box(10 * i, 0, 10 * i + 100, 300), (10 * i + 50, 150))


def answer(garments: int, products: int) -> Answer:
    matches = tuple(Match(Product(f"p{i}", title=EVIL), 1 - i / 1000, 0) for i in range(products))
    found = tuple(GarmentAnswer(garment(i), np.zeros(2, np.float32), matches) for i in range(garments))
    return Answer(Look(480, 640, tuple(garment(i) for i in range(garments))), found, {"style": 1.0})


def thumbnail(product_id: str, shot: int) -> bytes | None:
    if product_id == "p3":
        raise ProductMissing("deleted meanwhile")
    return None if product_id == "p4" else encode_jpeg(Image.fromarray(NOISE).resize((240, 320)))


def test_a_look_is_a_sequence_of_garments() -> None:
    look = Look(480, 640, (garment(1), garment(2)), reader="reader 1")
    shown = PhotoLook(look, PHOTO, "street.jpg")
    assert repr(shown) == "<PhotoLook of street.jpg: 2 garments (top, top)>"
    assert [found.box.x0 for found in shown] == [10, 20]
    assert shown[-1] == shown[1:][0] == garment(2)
    assert shown.to_dict()["garments"][0]["category"] == "top"
    assert shown.overlay().size == (480, 640)
    page = shown._repr_html_()
    assert page.count('class="mark"') == 2
    assert page.count("data:image/jpeg;base64,") == 3, "the photo and two crops"


def test_an_answer_is_a_sequence_of_its_garments() -> None:
    shown = PhotoAnswer(answer(2, 5), PHOTO, EVIL, thumbnail)
    assert repr(PhotoAnswer(answer(1, 5), PHOTO, "a", thumbnail)) == (
        f"<PhotoAnswer for a: 1 garment ({EVIL}); 5 products>"
    )
    assert len(shown) == 2
    assert shown[0].matches[0].product.id == "p0"
    assert shown.look.width == 480
    assert [each["id"] for each in shown.to_dict()["garments"][1]["matches"]] == ["p0", "p1", "p2", "p3", "p4"]
    page = shown._repr_html_()
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert page.count("no picture kept") == 4, "a deleted product and one without a picture, for each garment"
    assert not re.search(r'<script|src="(?!data:)', page)


def test_what_a_notebook_keeps_is_bounded() -> None:
    """Even of noise, which no picture format makes small, for more garments and products than are shown."""
    page = PhotoAnswer(answer(20, 200), PHOTO, "noise", thumbnail)._repr_html_()
    assert len(page) < 4e6
    assert "and 12 more garments" in page
    assert page.count('class="card"') == 8 * 12


def test_matches_are_a_sequence() -> None:
    found = answer(1, 5).garments[0].matches
    shown = Matches(found, {"style": 1.0}, thumbnail)
    assert repr(shown) == "<Matches: 5 products; nearest p0, relevance 1.00>"
    assert repr(Matches((), {}, thumbnail)) == "<Matches: 0 products>"
    assert shown[:2] == found[:2]
    assert shown.to_dict()["weights"] == {"style": 1.0}
    pictures = re.findall(r"base64,([\w+/=]+)", shown._repr_html_())
    assert len(pictures) == 3
    assert all(base64.b64decode(picture)[:3] == b"\xff\xd8\xff" for picture in pictures)
