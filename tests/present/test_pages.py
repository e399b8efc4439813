"""The look of a page as JSON and in words; its shape over HTTP is checked in ``tests/web/api/test_pages.py``."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from streetshop.core.geometry import Box
from streetshop.core.records import Garment, Match, Product, Shot
from streetshop.present.pages import PageLook, look_line, own_text, page_json
from streetshop.search.pages import OwnProduct, PageAnswer, PageGarment, PageShot

OWN = Product("a", kind="top", shots=(Shot("front.jpg", "1"), Shot("back.jpg", "2")))
MATCH = Match(Product("b", title="B", shots=(Shot("b.jpg", "3"),)), 0.8, 0, {"style": 0.8}, score=0.61)
TOP = PageGarment(
    Garment("top", 0.9, Box(10, 20, 30, 60), (20.0, 50.0), person=1, kinds={"top": 0.99, "hat": 0.001}),
    np.zeros(2, np.float32),
    True,
    {"top": 1.0},
    (MATCH,),
)
ANSWER = PageAnswer(
    (
        PageShot("back.jpg", "2", 40, 100, "back", True, "back view"),
        PageShot("front.jpg", "1", 40, 100, "front", True, ""),
    ),
    1,
    "",
    OwnProduct("given", "a", OWN, "top"),
    (Box(0, 0, 5, 5), Box(5, 5, 40, 100)),
    (TOP,),
    {"style": 1.0},
)
UNKNOWN = OwnProduct("unknown", kind="skirt")


def test_a_look_as_json() -> None:
    content = page_json(ANSWER)
    assert content["product"] == {"id": "a", "source": "given", "in_catalog": True, "kind": "top"}
    assert content["chosen"] == {
        "path": "front.jpg",
        "index": 1,
        "view": "front",
        "full_shot": True,
        "width": 40,
        "height": 100,
        "fallback": None,
    }
    assert content["refused"] == [{"path": "back.jpg", "index": 0, "reason": "back view"}]
    assert [each["garments"] for each in content["people"]] == [[], [0]]
    (garment,) = content["garments"]
    assert garment["hotspot"] == [0.5, 0.5]
    assert garment["box"] == [10, 20, 30, 60]
    assert garment["kinds"] == {"top": 0.99}
    assert (garment["primary"], garment["person"]) == (True, 1)
    assert garment["matches"][0]["id"] == "b"


def test_a_server_gives_addresses_of_the_pictures_that_the_catalog_has() -> None:
    content = page_json(ANSWER, lambda product, shot: f"/{product.id}/{shot}")
    assert content["chosen"]["image"] == "/a/0"
    assert content["refused"][0]["image"] == "/a/1"
    assert content["garments"][0]["matches"][0]["image"] == "/b/0"
    other = replace(ANSWER, own=UNKNOWN)
    assert "image" not in page_json(other, lambda product, shot: "x")["chosen"]


def test_a_line_of_a_file_names_what_finds_a_match() -> None:
    assert look_line(ANSWER)["garments"][0]["matches"] == [
        {"id": "b", "score": 0.61, "closeness": "very close", "similarity": 0.8, "shot": 0}
    ]


def test_a_page_without_a_look() -> None:
    content = page_json(replace(ANSWER, chosen=None, garments=(), persons=(), own=UNKNOWN))
    assert (content["chosen"], content["garments"], content["people"]) == (None, [], [])
    assert content["product"] == {"id": None, "source": "unknown", "in_catalog": False, "kind": "skirt"}


@pytest.mark.parametrize(
    ("own", "asked", "text"),
    [
        (OwnProduct("given", "a", OWN, "top"), "a", "product a"),
        (OwnProduct("recognised", "a", OWN, "top"), None, "product a, recognised by its pictures"),
        (
            OwnProduct("recognised", "a", OWN, "top"),
            "z",
            "z is not in the catalog; product a, recognised by its pictures",
        ),
        (UNKNOWN, None, "not in the catalog; most of its pictures show skirt"),
        (
            OwnProduct("given", "z", None, ""),
            "z",
            "product z is not in the catalog; most of its pictures show nothing that is known",
        ),
    ],
)
def test_the_product_of_a_page_in_words(own: OwnProduct, asked: str | None, text: str) -> None:
    assert own_text(replace(ANSWER, own=own), asked) == text
    bare = replace(ANSWER, own=own, garments=(replace(TOP, primary=False),))
    assert own_text(bare, asked) == f"{text}, which the chosen picture does not show"


def test_a_look_in_python() -> None:
    look = PageLook(ANSWER)
    assert len(look) == 1
    assert look[0] is TOP
    assert look[:1] == (TOP,)
    assert look.chosen == ANSWER.shots[1]
    assert look.refused == (ANSWER.shots[0],)
    assert repr(look) == "<PageLook from front.jpg: top (primary)>"
    assert look.to_dict() == page_json(ANSWER)
    nothing = PageLook(replace(ANSWER, chosen=None, garments=()))
    assert nothing.chosen is None
    assert repr(nothing) == "<PageLook from no picture: no garments>"
