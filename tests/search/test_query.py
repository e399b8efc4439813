"""Questions to a catalog: weights, product-level answers, filters, refusals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from streetshop.catalog.filters import parse_filter
from streetshop.catalog.store import Store, split_blocks
from streetshop.core.errors import CatalogEncoderMismatch, ProductMissing, RequestInvalid, VectorError, WeightsError
from streetshop.core.geometry import Box
from streetshop.core.photo import Photo
from streetshop.core.records import Block
from streetshop.indexing.embed import default_scaling
from streetshop.looks import WholePhotoReader, read_look
from streetshop.models import Encoder, load_encoder
from streetshop.search.query import (
    Searcher,
    check_encoder,
    check_weights,
    choose_garments,
    search_similar,
    search_vector,
    weigh,
)
from tests.catalog.filled import filled_catalog, square
from tests.models.tiny import tiny_encoder

BLOCKS = (Block("style", 3, 1.0), Block("colour", 2, 0.5))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Encoder]]:
    store, encoder = filled_catalog(tmp_path_factory.mktemp("shop"))
    yield store, encoder
    store.close()


def test_weights_are_filled_and_checked() -> None:
    assert check_weights(None, BLOCKS) == {"style": 1.0, "colour": 0.5}
    assert check_weights({"colour": 2}, BLOCKS) == {"style": 1.0, "colour": 2}
    for bad in ({"shape": 1.0}, {"style": -1.0}, {"style": float("nan")}, {"style": 0.0, "colour": 0.0}):
        with pytest.raises(WeightsError):
            check_weights(bad, BLOCKS)


def test_weighted_dot_product_is_the_weighted_sum_of_cosines() -> None:
    rng = np.random.default_rng(0)

    def vector() -> np.ndarray:
        parts = [rng.normal(size=b.dim) for b in BLOCKS]
        return np.concatenate([p / np.linalg.norm(p) for p in parts]).astype(np.float32)

    a, b, weights = vector(), vector(), {"style": 0.3, "colour": 2.0}
    cosines = {name: part @ split_blocks(b, BLOCKS)[name] for name, part in split_blocks(a, BLOCKS).items()}
    assert weigh(a, BLOCKS, weights) @ b == pytest.approx(sum(weights[n] * c for n, c in cosines.items()), abs=1e-6)
    scaling = default_scaling(BLOCKS, weights)
    assert (a * scaling) @ (b * scaling) == pytest.approx(
        sum(weights[n] * c for n, c in cosines.items()) / sum(weights.values()), abs=1e-6
    )
    assert np.linalg.norm(a * scaling) == pytest.approx(1, abs=1e-6)


def test_each_product_once_best_first(shop: tuple[Store, Encoder]) -> None:
    store, encoder = shop
    photo = Photo.from_array(square("blue", "checks"))
    answer = Searcher(store, encoder).search(photo, k=18)
    assert answer.look.reader is None
    (found,) = answer.garments
    ids = [match.product.id for match in found.matches]
    scores = [match.score for match in found.matches]
    assert ids[0] == "blue-checks"
    assert scores[0] == pytest.approx(1, abs=1e-3)
    assert len(ids) == len(set(ids)) == 18
    assert scores == sorted(scores, reverse=True)
    assert set(found.matches[0].blocks) == {"style", "colour"}


def test_weights_set_the_priority(shop: tuple[Store, Encoder]) -> None:
    store, encoder = shop
    searcher = Searcher(store, encoder)
    photo = Photo.from_array(square("green", "stripes"))

    def same_colour(weights: dict[str, float]) -> int:
        (found,) = searcher.search(photo, k=3, weights=weights).garments
        return sum(match.product.attributes["colour"] == "green" for match in found.matches)

    assert same_colour({"style": 0, "colour": 1}) == 3
    assert same_colour({"style": 1, "colour": 0}) < 3


def test_filter_and_similar(shop: tuple[Store, Encoder]) -> None:
    store, _ = shop
    where = parse_filter("category = shirt and price < 45", store.fields())
    found = search_similar(store, "red-plain", 18, where)
    assert {match.product.id for match in found} == {"red-stripes", "orange-stripes", "green-stripes", "blue-stripes"}
    assert "red-plain" not in {match.product.id for match in search_similar(store, "red-plain", 18)}
    with pytest.raises(ProductMissing):
        search_similar(store, "mauve-plain", 3)
    with pytest.raises(RequestInvalid, match="2 shots"):
        search_similar(store, "red-plain", 3, shot=2)


def test_ties_go_by_id(shop: tuple[Store, Encoder]) -> None:
    """By colour alone the shots of one colour and pattern tie exactly; equal scores come in id order."""
    store, encoder = shop
    answer = Searcher(store, encoder).search(
        Photo.from_array(square("red")), k=18, weights={"style": 0.0, "colour": 1.0}
    )
    order = [(-match.score, match.product.id) for match in answer.garments[0].matches]
    assert order == sorted(order)


def test_box_and_garment_choose(shop: tuple[Store, Encoder]) -> None:
    store, encoder = shop
    scene = np.full((128, 128, 3), 128, np.uint8)
    scene[:64, :64] = square("red", "plain")
    photo = Photo.from_array(scene)
    answer = Searcher(store, encoder).search(photo, k=1, box=Box(4, 4, 60, 60))
    assert answer.garments[0].matches[0].product.id == "red-plain"
    look = read_look(photo, WholePhotoReader())
    assert choose_garments(photo, look, 0, None) == list(look.garments)
    for garment, box in ((1, None), (-1, None), (0, Box(0, 0, 5, 5))):
        with pytest.raises(RequestInvalid):
            choose_garments(photo, look, garment, box)


def test_refusals(shop: tuple[Store, Encoder], tmp_path: Path) -> None:
    store, _encoder = shop
    vector = store.vectors("red-plain")[0]
    for k in (0, 201):
        with pytest.raises(RequestInvalid):
            search_vector(store, vector, k)
    for bad in (vector[:-1], np.full_like(vector, np.nan)):
        with pytest.raises(VectorError):
            search_vector(store, bad, 3)
    with pytest.raises(CatalogEncoderMismatch, match="--rebuild"):
        check_encoder(store, load_encoder(tiny_encoder(tmp_path, seed=5)))
