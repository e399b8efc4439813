"""Which parts of a garment a match rests on."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from streetshop.catalog.store import Store
from streetshop.core.errors import ProductMissing, RequestInvalid
from streetshop.core.photo import Photo
from streetshop.core.records import GarmentPicture
from streetshop.models import Encoder
from streetshop.search import Searcher, SearchRequest
from streetshop.search.heatmap import GRID, cover, draw_heatmap, sensitivity
from tests.catalog.filled import square


def test_each_patch_is_covered_once(shop: tuple[Store, Encoder]) -> None:
    picture = GarmentPicture(np.full((70, 35, 3), 200, np.uint8), np.ones((70, 35), np.float32))
    covered = cover(shop[1], picture)
    assert len(covered.prepared) == 1 + GRID * GRID
    assert (picture.pixels == 200).all()
    assert (picture.mask == 1).all()
    whole = covered.prepared[0].pixels.astype(int)
    changed = [np.abs(each.pixels.astype(int) - whole).sum(2) > 60 for each in covered.prepared[1:]]
    assert all(each.any() for each in changed)
    assert np.sum(changed, axis=0).max() <= 2, "patches do not overlap, but where the picture was reduced"


def test_the_score_falls_where_the_garment_is_like_the_product(shop: tuple[Store, Encoder]) -> None:
    """The upper half is that of a red product, the lower one is white: by colour, the map is hot above."""
    store, encoder = shop
    pixels = np.vstack([square("red"), square("white")])
    covered = cover(encoder, GarmentPicture(pixels, np.ones(pixels.shape[:2], np.float32)))
    vectors = encoder.encode(covered.prepared)
    weights = {"style": 0.0, "colour": 1.0}
    falls = sensitivity(vectors, store.vectors("red-plain")[0], encoder, weights)
    assert falls.shape == (GRID, GRID)
    assert (falls >= 0).all()
    assert falls[:3].mean() > 2 * falls[4:].mean()
    other = sensitivity(vectors, store.vectors("white-plain")[0], encoder, weights)
    assert other[4:].mean() > 2 * other[:3].mean()
    drawn = np.asarray(Image.open(io.BytesIO(draw_heatmap(covered.picture, falls))), int)
    assert drawn.shape[:2] == pixels.shape[:2]
    redness = drawn[..., 0] - drawn[..., 2]
    assert redness[:50].mean() > redness[-50:].mean()


def test_a_heat_map_of_a_match(shop: tuple[Store, Encoder]) -> None:
    store, encoder = shop
    searcher = Searcher(store, encoder)
    request = SearchRequest.check(store, encoder.blocks)
    covered = searcher.cover(Photo.from_array(square("red", "stripes")), request)
    vectors = encoder.encode(covered.prepared)
    png = searcher.heatmap(covered, vectors, "red-plain", request)
    with Image.open(io.BytesIO(png)) as image:
        assert image.format == "PNG"
    with pytest.raises(ProductMissing):
        searcher.heatmap(covered, vectors, "none", request)
    with pytest.raises(RequestInvalid, match="shots"):
        searcher.heatmap(covered, vectors, "red-plain", request, 9)
