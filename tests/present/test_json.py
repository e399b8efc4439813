"""The one JSON: what the OpenAPI schemas describe, rounded, with pictures as sources or as addresses."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydantic import BaseModel

from streetshop.core.geometry import Box, Keypoint
from streetshop.core.records import Garment, Look, Match, Person, Product, Remark, Shot
from streetshop.present.json import (
    answer_json,
    garment_json,
    look_json,
    mask_json,
    match_json,
    product_json,
    vector_text,
)
from streetshop.search import Answer, GarmentAnswer
from streetshop.web import schemas
from streetshop.web.answers import image_path

PRODUCT = Product(
    "a/1",
    title="Linen shirt",
    category="shirt",
    brand="Nord",
    price=59.9,
    currency="EUR",
    url="https://shop.example/1",
    in_stock=True,
    attributes={"colour": "white", "year": 2024.0, "new": True},
    shots=(Shot("1.jpg", "ab" * 32), Shot("2.jpg", "cd" * 32)),
)
MATCH = Match(PRODUCT, 0.123456789, 1, {"style": 1 / 3, "colour": -1 / 3}, score=0.54321)
MASK = np.array([[True, False], [True, True]])
GARMENT = Garment("top", 0.987654, Box(1 / 3, 2, 30.005, 40), (10 / 3, 20), MASK, 0)
PERSON = Person(Box(0, 0, 50.125, 90), tuple(Keypoint(i / 3, i, 2, 0.56789) for i in range(17)))
LOOK = Look(50, 90, (GARMENT,), (PERSON,), "reader 1", True, "front")
VECTOR = np.array([0.6, -0.8], np.float32)
ANSWER = Answer(LOOK, (GarmentAnswer(GARMENT, VECTOR, (MATCH,)),), {"style": 1.0, "colour": 2.0})


@pytest.mark.parametrize(
    ("model", "content"),
    [
        (schemas.ProductOut, product_json(PRODUCT, image_path)),
        (schemas.ProductOut, product_json(Product("bare"), image_path)),
        (schemas.MatchOut, match_json(MATCH, image_path)),
        (schemas.GarmentOut, garment_json(GARMENT)),
        (schemas.LookOut, look_json(LOOK)),
        (schemas.LookOut, look_json(LOOK, masks=True)),
        (schemas.SearchOut, answer_json(ANSWER, image_path)),
        (schemas.SearchOut, answer_json(ANSWER, image_path, vectors=True, masks=True)),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_the_schemas_describe_it(model: type[BaseModel], content: dict[str, Any]) -> None:
    """Every key is a field of the schema, every field that is required is there, every value is of its type."""
    assert model.model_validate_json(json.dumps(content), strict=True).model_dump(exclude_unset=True) == content


def test_numbers_are_rounded() -> None:
    garment = garment_json(GARMENT)
    assert (garment["score"], garment["box"], garment["hotspot"]) == (0.9877, [0.33, 2, 30.0, 40], [3.33, 20])
    match = match_json(MATCH)
    assert (match["similarity"], match["blocks"]) == (0.123457, {"style": 0.333333, "colour": -0.333333})
    assert (match["score"], match["closeness"]) == (0.5432, "very close")
    plain = match_json(replace(MATCH, score=None))
    assert (plain["score"], plain["closeness"], plain["similarity"]) == (None, None, 0.123457)
    (person,) = look_json(LOOK)["persons"]
    assert person["box"] == [0, 0, 50.12, 90]
    assert person["keypoints"][1] == {"name": "left_eye", "x": 0.33, "y": 1, "visibility": 2, "score": 0.5679}


def test_sources_or_addresses_of_pictures() -> None:
    here = product_json(PRODUCT)
    assert [shot["source"] for shot in here["shots"]] == ["1.jpg", "2.jpg"]
    assert "image" not in here
    served = match_json(MATCH, image_path)
    assert served["image"] == served["shots"][1]["image"] == f"/v1/products/a%2F1/image/1?v={'cd' * 8}"
    assert '"source"' not in json.dumps(served)
    assert list(here)[:9] == list(served)[:9]


def test_only_web_addresses_are_given_out() -> None:
    assert product_json(Product("x", url="javascript:alert(1)"))["url"] is None


def test_masks_and_vectors() -> None:
    content = answer_json(ANSWER, vectors=True, masks=True)["garments"][0]
    picture = Image.open(io.BytesIO(base64.b64decode(content["mask"]["png"])))
    assert np.array_equal(np.asarray(picture), MASK)
    assert np.frombuffer(base64.b64decode(content["vector"]), "<f4") == pytest.approx([0.6, -0.8])
    assert content["vector"] == vector_text(VECTOR)
    assert mask_json(None) is None
    assert look_json(LOOK)["garments"][0]["mask"] is None
    assert "mask" not in answer_json(ANSWER)["garments"][0]


def test_remarks_are_for_the_shop_not_for_shoppers() -> None:
    product = Product("a", shots=(Shot("a.jpg", "ab"),), remarks=(Remark("price", "dear", "it is no price"),))
    assert product_json(product)["remarks"] == [{"column": "price", "value": "dear", "reason": "it is no price"}]
    assert "remarks" not in product_json(product, lambda product, shot: "image")
