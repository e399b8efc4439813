"""Photo in, products out, in one call or stage by stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streetshop.catalog.store import Store
from streetshop.core.errors import CatalogEncoderMismatch, GeometryError, ProductMissing, RequestInvalid
from streetshop.core.geometry import Box
from streetshop.core.photo import Photo
from streetshop.core.records import Look
from streetshop.looks import whole_photo
from streetshop.models import Encoder, load_encoder
from streetshop.models.spec import CosineScale
from streetshop.search import Answer, Searcher, SearchRequest
from streetshop.search.closeness import SIMILAR
from tests.catalog.filled import filled_catalog, square
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
    assert found.matches[0].similarity == pytest.approx(1, abs=1e-3)
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


def with_kinds(store: Store, **kinds: str) -> Store:
    """The stored products, some with a kind."""
    entries = store.entries(list(store.ids()))
    changed = [replace(e, product=replace(e.product, kind=kinds.get(e.product.category, ""))) for e in entries.values()]
    store.upsert(changed)
    return store


@pytest.fixture
def kinds_shop(tmp_path: Path) -> Iterator[tuple[Store, Encoder]]:
    """Dresses and shirts of known kind, skirts of unknown kind."""
    store, encoder = filled_catalog(tmp_path)
    with_kinds(store, dress="dress", shirt="top")
    yield store, encoder
    store.close()


class Named:
    """A reader that takes the whole photo and names it."""

    name = "named 1"
    classes = ("background", "dress", "hat")
    photo_side = 0
    sees_persons = True

    def __init__(self, **kinds: float) -> None:
        self.kinds = kinds

    def read(self, photo: Photo) -> Look:
        garment = replace(whole_photo(photo), kinds=self.kinds)
        return Look(photo.width, photo.height, (garment,), reader=self.name)

    def pixel_classes(self, photo: Photo) -> Any:
        return np.ones((photo.height, photo.width), np.uint8)

    def kinds_in(self, photo: Photo, boxes: Sequence[Box]) -> tuple[Mapping[str, float], ...]:
        return (self.kinds,) * len(boxes)


def kinds_of(answer: Answer) -> set[str]:
    return {match.product.kind for match in answer.garments[0].matches}


def test_a_garment_is_searched_among_its_kind_and_unknown_ones(kinds_shop: tuple[Store, Encoder]) -> None:
    store, encoder = kinds_shop
    photo = Photo.from_array(square("blue", "stripes"))

    def ask(reader: Named, **asked: Any) -> Answer:
        return Searcher(store, encoder, reader).search(photo, SearchRequest.check(store, encoder.blocks, k=18, **asked))

    assert kinds_of(ask(Named(dress=0.9, top=0.1))) == {"dress", ""}
    assert kinds_of(ask(Named(dress=0.5, top=0.4))) == {"dress", "top", ""}
    assert kinds_of(ask(Named(dress=0.9), kinds="any")) == {"dress", "top", ""}
    assert kinds_of(ask(Named(dress=0.9), kinds=["top"])) == {"top", ""}
    assert kinds_of(ask(Named())) == {"dress", "top", ""}
    assert ask(Named(dress=0.9)).garments[0].kinds == {"dress": 0.9}


def test_a_kind_that_is_not_sold_is_said(kinds_shop: tuple[Store, Encoder]) -> None:
    store, encoder = kinds_shop
    store.delete([id for id in store.ids() if id.endswith("checks")])  # those of unknown kind
    photo = Photo.from_array(square("blue", "plain"))

    def ask(**asked: Any) -> Any:
        request = SearchRequest.check(store, encoder.blocks, **asked)
        return Searcher(store, encoder, Named(hat=0.8)).search(photo, request).garments[0]

    found = ask()
    assert (found.matches, found.lacking) == ((), "kind")
    assert found.others[0].product.id == "blue-plain"
    assert 0 < len(found.others) <= 6
    filtered = ask(kinds="dress", where="price > 1000")
    assert (filtered.matches, filtered.lacking, filtered.others) == ((), "filter", ())
    assert ask(kinds="any").lacking == ""


def test_a_few_products_of_unknown_kind_do_not_hide_that_a_kind_is_not_sold(
    kinds_shop: tuple[Store, Encoder],
) -> None:
    store, encoder = kinds_shop
    photo = Photo.from_array(square("blue", "checks"))

    def ask(**asked: Any) -> Any:
        request = SearchRequest.check(store, encoder.blocks, **asked)
        return Searcher(store, encoder, Named(hat=0.8)).search(photo, request).garments[0]

    found = ask()
    assert (found.matches, found.lacking) == ((), "kind")
    assert found.others[0].product.id == "blue-checks", "it is offered apart"
    dresses = ask(kinds="dress", where="category = skirt")
    assert {match.product.kind for match in dresses.matches} == {""}, "the filter leaves what may be a dress"
    with_kinds(store, shirt="top")  # a third of the products
    assert (len(ask().matches), ask().lacking) == (12, "")
    nothing = ask(where="price > 1000")
    assert (nothing.matches, nothing.lacking) == ((), "filter"), "it is not known what the shop sells"


def test_a_box_is_searched_among_the_kinds_that_the_reader_sees_in_it(kinds_shop: tuple[Store, Encoder]) -> None:
    store, encoder = kinds_shop
    photo = Photo.from_array(square("blue", "stripes"))

    def ask(**asked: Any) -> Answer:
        request = SearchRequest.check(store, encoder.blocks, k=18, boxes=[Box(4, 4, 60, 60)], **asked)
        return Searcher(store, encoder, Named(dress=0.9)).search(photo, request)

    assert kinds_of(ask()) == {"dress", ""}
    assert ask().garments[0].kinds == {"dress": 0.9}
    assert kinds_of(ask(kinds="any")) == {"dress", "top", ""}
    assert kinds_of(ask(kinds="top")) == {"top", ""}


def scores_around(similarity: float) -> CosineScale:
    """A calibration under which more than this similarity is very close, and less is hardly similar."""
    return CosineScale(mean=(similarity,) * 2, covariance=((1e-4, 0), (0, 1e-4)), slope=0.2, intercept=0.0)


def test_nothing_close_is_said_and_similar_products_of_other_kinds_are_offered(
    kinds_shop: tuple[Store, Encoder],
) -> None:
    store, encoder = kinds_shop
    dresses = [id for id in store.ids() if id.endswith("plain") and id != "red-plain"]
    store.delete([*dresses, *(id for id in store.ids() if id.endswith("checks"))])  # checks are of unknown kind
    photo = Photo.from_array(square("blue", "stripes"))

    def ask(around: float, **asked: Any) -> Any:
        request = SearchRequest.check(
            store, encoder.blocks, weights={"style": 0, "colour": 1}, calibration=scores_around(around), **asked
        )
        return Searcher(store, encoder, Named(dress=0.8)).search(photo, request).garments[0]

    dress, shirt = (ask(0.0, kinds=kind).matches[0].similarity for kind in ("dress", "top"))
    assert shirt > dress + 0.25, "more than what a wrong kind costs"
    found = ask((dress + shirt - 0.2) / 2)
    assert (found.lacking, found.matches[0].product.kind) == ("closeness", "dress")
    assert found.others[0].product.id == "blue-stripes"
    assert all(match.product.kind == "top" and match.score >= SIMILAR for match in found.others)
    assert found.others[0].score < 1, "another kind is less likely alike"
    assert ask((dress + shirt - 0.2) / 2, offset=1).lacking == "", "said once, on the first page"
    assert ask(1.1).others == (), "others are no closer"
    close = ask(dress - 0.1)
    assert (close.lacking, close.others) == ("", ())


def test_nothing_of_the_least_score_is_said(kinds_shop: tuple[Store, Encoder]) -> None:
    store, encoder = kinds_shop
    photo = Photo.from_array(square("blue", "stripes"))

    def ask(**asked: Any) -> Any:
        request = SearchRequest.check(store, encoder.blocks, calibration=scores_around(1.1), **asked)
        return Searcher(store, encoder, Named(dress=0.8)).search(photo, request).garments[0]

    assert (ask(min_score=0.5).matches, ask(min_score=0.5).lacking) == ((), "min_score")
    assert ask(min_score=0.5, kinds="any").lacking == "min_score"
    assert ask(min_score=0.5, where="price > 1000").lacking == "filter"
    assert ask(min_score=0.5, kinds="hat").lacking == "kind"
    assert ask(min_score=0.0).lacking == "closeness"


def test_pages_follow_each_other(shop: tuple[Store, Encoder]) -> None:
    photo = Photo.from_array(square("green", "stripes"))
    whole = [m.product.id for m in search(shop, photo, k=18).garments[0].matches]
    paged = [m.product.id for at in range(0, 24, 4) for m in search(shop, photo, k=4, offset=at).garments[0].matches]
    assert paged == whole
    beyond = search(shop, photo, k=4, offset=500).garments[0]
    assert (beyond.matches, beyond.lacking, beyond.others) == ((), "", ())


def test_similar_products_are_of_the_kind_and_of_other_designs(kinds_shop: tuple[Store, Encoder]) -> None:
    store, encoder = kinds_shop
    entries = store.entries(["red-plain", "blue-plain"])
    store.upsert([replace(e, product=replace(e.product, design="D1")) for e in entries.values()])
    searcher = Searcher(store, encoder)
    found = searcher.similar("red-plain", SearchRequest.check(store, encoder.blocks, k=18))
    assert {match.product.kind for match in found} == {"dress", ""}
    assert not {"red-plain", "blue-plain"} & {match.product.id for match in found}
    every = searcher.similar("red-plain", SearchRequest.check(store, encoder.blocks, k=18, variants=True))
    assert "blue-plain" in {match.product.id for match in every}


def test_a_design_holds_its_variants_the_asked_colour_first(tmp_path: Path) -> None:
    store, encoder = filled_catalog(tmp_path)
    entries = store.entries([id for id in store.ids() if id.endswith("plain")])
    store.upsert([replace(e, product=replace(e.product, design="plain")) for e in entries.values()])
    photo = Photo.from_array(square("green", "plain"))
    match = search((store, encoder), photo, k=12).garments[0].matches[0]
    assert match.product.id == "green-plain"
    assert {product.id for product in match.variants} == set(entries) - {"green-plain"}
    assert len(search((store, encoder), photo, k=18).garments[0].matches) == 13
    assert len(search((store, encoder), photo, k=18, variants=True).garments[0].matches) == 18
    store.close()
