"""Several photos of one garment: what is searched for, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streetshop.catalog.store import Store, split_blocks
from streetshop.core.errors import RequestInvalid
from streetshop.core.geometry import Box
from streetshop.core.photo import Photo
from streetshop.core.records import Garment, Look
from streetshop.models import Encoder, load_encoder
from streetshop.search import Answer, Searcher, SearchRequest
from streetshop.search.closeness import Scale
from streetshop.search.together import (
    LEAST_SCORE,
    MAX_PHOTOS,
    Candidates,
    check_photos,
    mean_kinds,
    mean_vector,
    same_garment,
)
from tests.catalog.filled import square
from tests.models.tiny import calibrated_encoder
from tests.web.serving import BandReader, street


def together(shop: tuple[Store, Encoder], *photos: np.ndarray, **asked: object) -> Answer:
    searcher = Searcher(*shop, BandReader())
    request = SearchRequest.check(shop[0], shop[1].blocks, **asked)  # type: ignore[arg-type]
    names = [f"photo {number}" for number in range(1, len(photos) + 1)]
    return searcher.search_together([Photo.from_array(photo) for photo in photos], request, names)


def test_the_garment_that_all_photos_show_is_searched_for(shop: tuple[Store, Encoder]) -> None:
    photos = [street("red", "blue"), street("blue", "green"), street("black", "blue")]
    answer = together(shop, *photos, k=3, weights={"style": 0, "colour": 1})
    (found,) = answer.garments
    assert [(view.name, view.index) for view in found.views] == [("photo 1", 1), ("photo 2", 0), ("photo 3", 1)]
    assert found.garment is answer.look.garments[1]
    assert found.matches[0].product.id == "blue-plain"
    assert all(view.similarity > 0.9 for view in found.views)


def test_the_vector_is_the_mean_of_unit_blocks(shop: tuple[Store, Encoder]) -> None:
    store, encoder = shop
    photos = [street("red", "blue"), street("red", "green")]
    searcher, request = Searcher(store, encoder, BandReader()), SearchRequest.check(store, encoder.blocks, garment=0)
    (found,) = together(shop, *photos, garment=0).garments
    own = [searcher.search(Photo.from_array(photo), request).garments[0].vector for photo in photos]
    for name, part in split_blocks(found.vector, encoder.blocks).items():
        mean = sum(split_blocks(vector, encoder.blocks)[name].astype(float) for vector in own)
        assert part == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)


def test_the_index_names_the_garment_of_the_first_photo(shop: tuple[Store, Encoder]) -> None:
    both = [street("red", "blue")] * 2
    for index in (0, 1):
        (found,) = together(shop, *both, garment=index).garments
        assert [view.index for view in found.views] == [index, index]


def test_stages_give_the_same_answer(shop: tuple[Store, Encoder]) -> None:
    photos = [Photo.from_array(street("red", "blue")), Photo.from_array(street("blue", "red"))]
    searcher, names = Searcher(*shop, BandReader()), ["a", "b"]
    request = SearchRequest.check(shop[0], shop[1].blocks, k=4)
    queries = [searcher.prepare_together(photo, request, n) for n, photo in enumerate(photos)]
    vectors = shop[1].encode([picture for query in queries for picture in query.pictures])
    staged = searcher.match_together(queries, vectors, request, names)
    assert staged.garments[0].matches == searcher.search_together(photos, request, names).garments[0].matches


@pytest.mark.parametrize(
    ("photos", "asked", "message"),
    [
        ([], {}, "no photo of one garment"),
        ([street()], {}, "1 photo of one garment"),
        ([street()] * (MAX_PHOTOS + 1), {}, f"at most {MAX_PHOTOS}"),
        ([street()] * 50, {}, "50 photos"),
        ([street()] * 2, {"boxes": [Box(0, 0, 50, 50)]}, "a box is given with several photos"),
        ([street()] * 2, {"garment": 7}, "no garment 7"),
        ([street(), np.full((200, 200, 3), 190, np.uint8)], {}, "no garment was found in photo 2"),
    ],
)
def test_what_is_refused(shop: tuple[Store, Encoder], photos: list, asked: dict, message: str) -> None:
    with pytest.raises(RequestInvalid, match=message):
        together(shop, *photos, **asked)


def test_different_garments_are_refused_by_score(tmp_path: Path) -> None:
    encoder = load_encoder(calibrated_encoder(tmp_path / "encoder"))
    weights = {"style": 0.0, "colour": 1.0}
    scale = Scale.of(encoder.spec.calibration, encoder.blocks, weights)

    def photo(name: str, *colours: str) -> Candidates:
        garments = [Garment("top", 0.9, Box(0, 0, 64, 64), (5, 5)) for _ in colours]
        look = Look(64, 64, tuple(garments))
        vectors = np.concatenate([encoder_vector(encoder, colour) for colour in colours])
        return Candidates(name, look, garments, vectors)

    views, _ = same_garment([photo("a", "red", "blue"), photo("b", "blue")], encoder.blocks, weights, scale)
    assert [view.index for view in views] == [1, 0]
    assert scale.score(0.0) < LEAST_SCORE
    with pytest.raises(RequestInvalid, match="a and c show different garments"):
        same_garment([photo("a", "red"), photo("b", "red"), photo("c", "blue")], encoder.blocks, weights, scale)


def test_where_a_reader_finds_nothing_the_whole_photo_is_compared(tmp_path: Path) -> None:
    encoder = load_encoder(calibrated_encoder(tmp_path / "encoder"))
    weights = {"style": 0.0, "colour": 1.0}
    scale = Scale.of(encoder.spec.calibration, encoder.blocks, weights)

    def photo(name: str, category: str, colour: str) -> Candidates:
        garment = Garment(category, 1.0, Box(0, 0, 64, 64), (32, 32))
        look = Look(64, 64, (garment,), reader="reader 1")
        return Candidates(name, look, [garment], encoder_vector(encoder, colour))

    found, close_up, nothing = photo("a", "top", "red"), photo("b", "garment", "red"), photo("c", "garment", "blue")
    views, _ = same_garment([found, close_up], encoder.blocks, weights, scale)
    assert len(views) == 2, "a detail of the same cloth"
    for photos in ([found, nothing], [nothing, found]):
        with pytest.raises(RequestInvalid, match="no garment was found in c"):
            same_garment(photos, encoder.blocks, weights, scale)
    with pytest.raises(RequestInvalid, match="no garment was found in b"):
        same_garment([found, close_up], encoder.blocks, weights, None)


def encoder_vector(encoder: Encoder, colour: str) -> np.ndarray:
    from streetshop.core.records import GarmentPicture

    return encoder.encode([encoder.prepare(GarmentPicture(square(colour, "plain")))])


def test_garments_of_other_kinds_are_refused(shop: tuple[Store, Encoder]) -> None:
    encoder = shop[1]
    vector = encoder_vector(encoder, "red")

    def photo(name: str, **kinds: float) -> Candidates:
        garment = Garment("any", 0.9, Box(0, 0, 64, 64), (5, 5), kinds=kinds)
        return Candidates(name, Look(64, 64, (garment,)), [garment], vector)

    weights = {"style": 1.0, "colour": 0.5}
    jacket, coat = photo("a", top=0.6, outerwear=0.35), photo("b", top=0.15, outerwear=0.8)
    views, _ = same_garment([jacket, coat, photo("c")], encoder.blocks, weights, None)
    assert len(views) == 3, "a jacket may be taken for a top, and kinds may be unknown"
    with pytest.raises(RequestInvalid, match="a and b show different garments"):
        same_garment([jacket, photo("b", footwear=0.9, top=0.02)], encoder.blocks, weights, None)


def test_a_photo_without_a_reader_is_taken_whole(shop: tuple[Store, Encoder]) -> None:
    searcher, request = Searcher(*shop), SearchRequest.check(shop[0], shop[1].blocks, k=1)
    photos = [Photo.from_array(square("blue", "checks"))] * 2
    (found,) = searcher.search_together(photos, request, ["a", "b"]).garments
    assert found.matches[0].product.id == "blue-checks"


def test_the_mean_of_opposite_vectors_is_the_first(shop: tuple[Store, Encoder]) -> None:
    blocks = shop[1].blocks
    vector = encoder_vector(shop[1], "red")
    assert mean_vector(np.concatenate([vector, -vector]), blocks) == pytest.approx(vector[0], abs=1e-6)


def test_kinds_are_averaged_over_the_photos_that_know_them() -> None:
    def garment(**kinds: float) -> Garment:
        return Garment("any", 1.0, Box(0, 0, 1, 1), (0, 0), kinds=kinds)

    assert mean_kinds([garment(top=0.8), garment(top=0.4, dress=0.6), garment()]) == pytest.approx(
        {"top": 0.6, "dress": 0.3}
    )
    assert mean_kinds([garment()]) == {}


def test_counts_are_checked_before_anything_is_read() -> None:
    check_photos(2, boxed=False)
    check_photos(MAX_PHOTOS, boxed=False)
