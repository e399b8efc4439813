"""Photo in, products out, in one call or stage by stage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streetshop.catalog.store import Store
from streetshop.core.errors import CatalogEncoderMismatch, GeometryError, ProductMissing, RequestInvalid
from streetshop.core.geometry import Box
from streetshop.core.photo import Photo
from streetshop.models import Encoder, load_encoder
from streetshop.search import Answer, Searcher, SearchRequest
from tests.catalog.filled import square
from tests.models.tiny import tiny_encoder


def search(shop: tuple[Store, Encoder], photo: Photo, **asked: Any) -> Answer:
    return Searcher(*shop).search(photo, SearchRequest.check(*shop_blocks(shop), **asked))


def shop_blocks(shop: tuple[Store, Encoder]) -> tuple[Store, Any]:
    return shop[0], shop[1].blocks


def test_a_photo_finds_its_product(shop: tuple[Store, Encoder]) -> None:
    answer = search(shop, Photo.from_array(square("blue", "checks")), k=3)
    assert answer.look.reader is None
    assert answer.weights == {"style": 1.0, "colour": 0.5}
    (found,) = answer.garments
    assert found.matches[0].product.id == "blue-checks"
    assert found.matches[0].score == pytest.approx(1, abs=1e-3)
    assert found.vector.shape == (shop[1].dim,)


def test_stages_give_the_same_answer(shop: tuple[Store, Encoder]) -> None:
    photo, searcher = Photo.from_array(square("blue", "checks")), Searcher(*shop)
    request = SearchRequest.check(*shop_blocks(shop), k=5)
    query = searcher.prepare(photo, request)
    staged = searcher.match(query, shop[1].encode(query.pictures), request)
    whole = searcher.search(photo, request)
    assert staged.garments[0].matches == whole.garments[0].matches
    assert staged.look == whole.look


def test_weights_set_the_priority(shop: tuple[Store, Encoder]) -> None:
    photo = Photo.from_array(square("green", "stripes"))

    def same_colour(weights: dict[str, float]) -> int:
        (found,) = search(shop, photo, k=3, weights=weights).garments
        return sum(match.product.attributes["colour"] == "green" for match in found.matches)

    assert same_colour({"style": 0, "colour": 1}) == 3
    assert same_colour({"style": 1, "colour": 0}) < 3


def test_similar(shop: tuple[Store, Encoder]) -> None:
    searcher, request = Searcher(*shop), SearchRequest.check(*shop_blocks(shop), k=18)
    assert "red-plain" not in {match.product.id for match in searcher.similar("red-plain", request)}
    with pytest.raises(ProductMissing):
        searcher.similar("mauve-plain", request)
    with pytest.raises(RequestInvalid, match="2 shots"):
        searcher.similar("red-plain", request, shot=2)


def test_boxes_and_garments(shop: tuple[Store, Encoder]) -> None:
    scene = np.full((128, 128, 3), 128, np.uint8)
    scene[:64, :64] = square("red", "plain")
    scene[64:, 64:] = square("blue", "plain")
    photo = Photo.from_array(scene)
    boxed = search(shop, photo, k=1, boxes=[Box(4, 4, 60, 60), Box(68, 68, 300, 300)])
    assert [found.matches[0].product.id for found in boxed.garments] == ["red-plain", "blue-plain"]
    assert boxed.garments[1].garment.box == Box(68, 68, 128, 128)
    assert boxed.look.garments == ()
    assert search(shop, photo, garment=0).garments[0].garment == search(shop, photo).look.garments[0]
    for garment in (1, -1):
        with pytest.raises(RequestInvalid, match="no garment"):
            search(shop, photo, garment=garment)
    with pytest.raises(GeometryError):
        search(shop, photo, boxes=[Box(200, 200, 300, 300)])
    assert Searcher(*shop).prepare(photo, SearchRequest.check(*shop_blocks(shop)), max_garments=0).pictures == ()


def test_another_encoder_is_refused(shop: tuple[Store, Encoder], tmp_path: Path) -> None:
    with pytest.raises(CatalogEncoderMismatch, match="--rebuild"):
        Searcher(shop[0], load_encoder(tiny_encoder(tmp_path, seed=5)))
