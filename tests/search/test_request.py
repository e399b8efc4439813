"""Requests: checked once, with an error that says what is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from streetshop.catalog.filters import parse_filter
from streetshop.catalog.store import Store, split_blocks
from streetshop.core.errors import FilterError, GeometryError, RequestInvalid, VectorError, WeightsError
from streetshop.core.geometry import Box
from streetshop.models import Encoder
from streetshop.search import SearchRequest
from streetshop.search.request import DEFAULT_K, MAX_K, MAX_OFFSET, check_vector, check_whole, parse_box
from tests.models.tiny import SCALE


def test_defaults_and_parsed_values(shop: tuple[Store, Encoder]) -> None:
    store, encoder = shop
    plain = SearchRequest.check(store, encoder.blocks)
    assert (plain.k, plain.where, plain.garment, plain.boxes, plain.without) == (DEFAULT_K, None, None, (), None)
    assert plain.weights == {"style": 1.0, "colour": 0.5}
    text = "category = shirt and price < 45"
    asked = SearchRequest.check(store, encoder.blocks, k=200, where=text, weights={"colour": 3}, garment=2)
    assert asked.where == parse_filter(text, store.fields())
    assert asked.weights == {"style": 1.0, "colour": 3}
    assert SearchRequest.check(store, encoder.blocks, where=asked.where).where == asked.where


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"k": 0}, RequestInvalid),
        ({"k": 201}, RequestInvalid),
        ({"k": 21, "max_k": 20}, RequestInvalid),
        ({"boxes": [Box(0, 0, 5, 5)] * 17}, RequestInvalid),
        ({"garment": 0, "boxes": [Box(0, 0, 5, 5)]}, RequestInvalid),
        ({"k": "5"}, RequestInvalid),
        ({"garment": "0"}, RequestInvalid),
        ({"where": 5}, RequestInvalid),
        ({"where": ["price < 5"]}, RequestInvalid),
        ({"where": "price <"}, FilterError),
        ({"where": ""}, FilterError),
        ({"where": "sleeve = long"}, FilterError),
        ({"weights": {"sheen": 1}}, WeightsError),
        ({"min_score": -0.1, "calibration": SCALE}, RequestInvalid),
        ({"min_score": 1.1, "calibration": SCALE}, RequestInvalid),
        ({"min_score": float("nan"), "calibration": SCALE}, RequestInvalid),
        ({"min_score": "0.5", "calibration": SCALE}, RequestInvalid),
        ({"min_score": True, "calibration": SCALE}, RequestInvalid),
        ({"min_score": 0.5}, RequestInvalid),
    ],
)
def test_refusals(shop: tuple[Store, Encoder], asked: dict[str, object], error: type[Exception]) -> None:
    store, encoder = shop
    with pytest.raises(error):
        SearchRequest.check(store, encoder.blocks, **asked)


def test_boxes_from_text() -> None:
    assert parse_box("1,2,3.5,4") == parse_box(" [1, 2, 3.5, 4] ") == Box(1, 2, 3.5, 4)
    with pytest.raises(RequestInvalid, match="x0,y0,x1,y1"):
        parse_box("a,b,c,d")
    with pytest.raises(GeometryError):
        parse_box("1,2,3")


def test_vectors_from_outside(shop: tuple[Store, Encoder]) -> None:
    store, encoder = shop
    vector = store.vectors("red-plain")[0]
    scaled = check_vector(vector * 3, encoder.blocks)
    assert [np.linalg.norm(part) for part in split_blocks(scaled, encoder.blocks).values()] == pytest.approx([1, 1])
    assert scaled @ vector == pytest.approx(2, abs=1e-5)
    for bad in (vector[:-1], np.full_like(vector, np.nan), np.zeros_like(vector), np.full_like(vector, 1e38)):
        with pytest.raises(VectorError):
            check_vector(bad, encoder.blocks)


@pytest.mark.parametrize(("length", "accepted"), [(9e-7, False), (1.1e-6, True), (9.9e5, True), (1.01e6, False)])
@pytest.mark.parametrize("block", ["style", "colour"])
def test_the_length_of_each_block_is_limited(
    shop: tuple[Store, Encoder], block: str, length: float, accepted: bool
) -> None:
    store, encoder = shop
    vector = np.array(store.vectors("red-plain")[0])
    split_blocks(vector, encoder.blocks)[block][:] *= length
    before = vector.copy()
    if accepted:
        np.testing.assert_allclose(check_vector(vector, encoder.blocks), store.vectors("red-plain")[0], atol=1e-5)
    else:
        with pytest.raises(VectorError, match=f"block {block} has length"):
            check_vector(vector, encoder.blocks)
    assert (vector == before).all(), "the caller's vector is not changed"


def test_limits_are_within_reach(shop: tuple[Store, Encoder]) -> None:
    store, encoder = shop
    asked = {"k": 1, "boxes": [Box(0, 0, 5, 5)] * 16, "offset": MAX_OFFSET}
    request = SearchRequest.check(store, encoder.blocks, **asked)
    assert (request.k, len(request.boxes), request.offset) == (1, 16, MAX_OFFSET)
    assert SearchRequest.check(store, encoder.blocks, k=MAX_K).k == MAX_K
    assert SearchRequest.check(store, encoder.blocks, k=20, max_k=20).k == 20
    assert SearchRequest.check(store, encoder.blocks, garment=np.int64(0)).garment == 0
    for bad in ({"offset": -1}, {"offset": MAX_OFFSET + 1}, {"offset": 1.0}, {"variants": 1}, {"kinds": [5]}):
        with pytest.raises(RequestInvalid):
            SearchRequest.check(store, encoder.blocks, **bad)


@pytest.mark.parametrize("value", [1.5, "1", True, None, [1]])
def test_what_is_no_whole_number(value: object) -> None:
    with pytest.raises(RequestInvalid, match="is no whole number"):
        check_whole("k", value)
    assert type(check_whole("k", np.int64(3))) is int


@pytest.mark.parametrize("value", ["red", ["a", "b"], [[1], [1, 2]], iter([1.0]), {1: 2}])
def test_what_is_no_vector(shop: tuple[Store, Encoder], value: object) -> None:
    with pytest.raises(VectorError):
        check_vector(value, shop[1].blocks)
