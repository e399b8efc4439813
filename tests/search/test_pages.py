"""The pictures of a product page in, similar products for every garment of its look out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from streetshop.catalog.open import create_catalog, open_catalog
from streetshop.catalog.store import CatalogMeta, Entry
from streetshop.core.errors import RequestInvalid
from streetshop.core.photo import Photo
from streetshop.core.records import Product, Shot
from streetshop.looks import garment_picture, whole_photo
from streetshop.models import load_encoder
from streetshop.search import Searcher, SearchRequest
from streetshop.search.pages import (
    MAX_PICTURES,
    PageAnswer,
    check_pictures,
    is_variant,
    match_page,
    prepare_page,
    read_picture,
    unread_picture,
    with_matches,
)
from tests.catalog.filled import entry, square
from tests.models.tiny import tiny_groups
from tests.web.kinds_shop import SHIRT, kinds_catalog
from tests.web.page_shop import PageReader, worn


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    path, encoder = kinds_catalog(tmp_path_factory.mktemp("pages"))
    store = open_catalog(str(path))
    outfit = [worn("front", "orange", "green"), worn("back", "orange", "green")]
    reader = PageReader()
    for id, kind, design, band in (
        ("top-worn", "top", "", 0),
        ("skirt-worn", "skirt", "", 1),
        ("top-again", "top", "", 0),
    ):
        whole = entry(encoder, Product(id, title=id, kind=kind, kind_source="category", design=design), outfit)
        read = [read_picture(Searcher(store, encoder, reader), Photo.from_array(each), "") for each in outfit]
        vectors = np.stack([encoder.encode(each.prepared, side="shop")[band] for each in read])
        store.upsert([replace(whole, vectors=vectors)])
    yield Searcher(store, encoder, reader)
    store.close()


def page(searcher: Searcher, *pictures: np.ndarray, product: str | None = None, k: int = 5) -> PageAnswer:
    request = SearchRequest.check(searcher.store, searcher.encoder.blocks, k=k)
    read = [read_picture(searcher, Photo.from_array(each), f"{number}.png") for number, each in enumerate(pictures)]
    prepared = prepare_page(searcher.store, read, product)
    return match_page(searcher, prepared, searcher.encoder.encode(prepared.prepared, side="shop"), request)


def found(answer: PageAnswer) -> set[str]:
    return {match.product.id for each in answer.garments for match in each.matches}


def test_every_garment_of_the_front_picture_has_products_of_its_kind(searcher: Searcher) -> None:
    answer = page(searcher, worn("back"), worn("front"), worn("half"))
    assert answer.chosen == 1
    assert answer.fallback == ""
    assert [shot.reason for shot in answer.shots] == ["back view", "", "no ankles: not a full shot"]
    assert [each.garment.category for each in answer.garments] == ["top", "bottom"]
    top, bottom = answer.garments
    assert {match.product.kind for match in top.matches} == {"top"}
    assert {match.product.kind for match in bottom.matches} <= {"skirt", "dress", ""}
    assert len(top.matches) == 5
    assert set(bottom.kinds) == {"skirt", "dress"}


@pytest.mark.parametrize("own", [*SHIRT])
def test_the_product_and_its_variants_are_never_among_the_matches(searcher: Searcher, own: str) -> None:
    answer = page(searcher, worn("front"), product=own, k=100)
    assert answer.own.source == "given"
    assert not found(answer) & {*SHIRT}
    assert [each.primary for each in answer.garments] == [True, False]
    assert answer.garments[0].kinds == {"top": 1.0}
    assert found(page(searcher, worn("front"), product="top-00", k=100)) & {*SHIRT}


def test_products_that_share_the_pictures_and_the_kind_are_variants_and_those_of_other_kinds_are_the_look(
    searcher: Searcher,
) -> None:
    pictures = [worn("front", "orange", "green"), worn("back", "orange", "green")]
    answer = page(searcher, *pictures, product="top-worn", k=100)
    assert not found(answer) & {"top-worn", "top-again"}
    assert answer.garments[1].matches[0].product.id == "skirt-worn"
    answer = page(searcher, *pictures, product="skirt-worn", k=100)
    assert [each.garment.category for each in answer.garments if each.primary] == ["bottom"]
    assert answer.garments[0].garment.category == "bottom"  # the primary one comes first
    assert "skirt-worn" not in found(answer)
    assert answer.garments[1].matches[0].product.id in ("top-worn", "top-again")


def test_the_product_is_recognised_by_its_pictures(searcher: Searcher) -> None:
    answer = page(searcher, worn("front", "orange", "green"), worn("article", "green"), k=100)
    assert answer.own.source == "recognised"
    assert answer.own.product is not None
    assert answer.own.id not in found(answer)
    assert sum(each.primary for each in answer.garments) == 1


def test_an_unknown_product_is_the_one_that_its_packshot_is_like(searcher: Searcher) -> None:
    outfit = worn("front", "white", "black")
    for colour, category in (("white", "top"), ("black", "bottom")):
        answer = page(searcher, outfit, worn("article", colour), product="no-such-product")
        assert answer.own.product is None
        assert [each.garment.category for each in answer.garments if each.primary] == [category]
    alone = page(searcher, outfit)
    assert sum(each.primary for each in alone.garments) == 1


def test_a_given_product_that_the_catalog_lacks_may_be_recognised(searcher: Searcher) -> None:
    answer = page(searcher, worn("front", "orange", "green"), product="gone", k=100)
    assert answer.own.source == "recognised"
    unknown = page(searcher, worn("front", "white", "black"), product="gone")
    assert (unknown.own.source, unknown.own.id, unknown.own.product) == ("given", "gone", None)
    assert unknown.own.kind


def test_no_garment_is_primary_when_the_product_is_not_in_the_picture(searcher: Searcher) -> None:
    answer = page(searcher, worn("front"), product="bag-green")
    assert answer.own.kind == "bag"
    assert not any(each.primary for each in answer.garments)


def test_each_person_has_a_look_of_its_own(searcher: Searcher) -> None:
    answer = page(searcher, worn("two", "red", "blue"), product="skirt-red")
    assert len(answer.persons) == 2
    assert [each.garment.person for each in answer.garments] == [0, 1]
    assert all(each.matches for each in answer.garments)


def test_the_same_picture_twice_and_in_other_sizes_counts_once(searcher: Searcher) -> None:
    answer = page(searcher, worn("front"), worn("front"), worn("front", scale=2))
    assert answer.chosen == 2
    assert [shot.reason for shot in answer.shots] == ["a smaller copy of 2.png", "a smaller copy of 2.png", ""]


def test_one_picture_no_person_and_nothing_at_all(searcher: Searcher) -> None:
    answer = page(searcher, worn("article", "red"))
    assert answer.chosen == 0
    assert answer.fallback == "no full shot from the front: no person"
    assert answer.garments[0].primary
    blank = page(searcher, np.full((100, 80, 3), 190, np.uint8))
    assert blank.chosen is None
    assert blank.garments == ()
    assert blank.shots[0].reason == "neither a person nor a garment is found"


def test_an_unread_picture_is_listed_and_the_others_are_used(searcher: Searcher) -> None:
    request = SearchRequest.check(searcher.store, searcher.encoder.blocks)
    read = [unread_picture("a.jpg", "the file ends early"), read_picture(searcher, Photo.from_array(worn()), "b.jpg")]
    prepared = prepare_page(searcher.store, read)
    answer = match_page(searcher, prepared, searcher.encoder.encode(prepared.prepared), request)
    assert answer.chosen == 1
    assert answer.shots[0].reason == "the file ends early"
    assert (answer.shots[0].width, answer.shots[1].width) == (0, 240)


def test_matches_are_renewed_from_the_vectors_alone(searcher: Searcher) -> None:
    answer = page(searcher, worn("front"), product="shirt-red-m", k=3)
    request = SearchRequest.check(searcher.store, searcher.encoder.blocks, k=3)
    bare = replace(answer, garments=tuple(replace(each, matches=(), kinds={}) for each in answer.garments))
    again = with_matches(searcher, bare, request)
    assert [each.matches for each in again.garments] == [each.matches for each in answer.garments]


def test_the_request_counts(searcher: Searcher) -> None:
    request = SearchRequest.check(searcher.store, searcher.encoder.blocks, k=3, where="price < 31")
    read = [read_picture(searcher, Photo.from_array(worn()), "a.png")]
    prepared = prepare_page(searcher.store, read)
    answer = match_page(searcher, prepared, searcher.encoder.encode(prepared.prepared), request)
    assert all(len(each.matches) <= 3 for each in answer.garments)
    assert all((match.product.price or 0) < 31 for each in answer.garments for match in each.matches)


def test_with_an_encoder_for_each_group_matches_are_of_the_garments_group(tmp_path: Path) -> None:
    encoder = load_encoder(tiny_groups(tmp_path / "groups"), threads=1)
    store = create_catalog(str(tmp_path / "shop"), CatalogMeta(encoder.name, encoder.fingerprint, encoder.blocks))
    for kind in ("top", "skirt", ""):
        for colour in ("red", "blue"):
            photo = Photo.from_array(square(colour))
            cut = encoder.prepare(garment_picture(photo, whole_photo(photo), encoder.spec), kind)
            known = {"kind": kind, "kind_source": "column"} if kind else {}
            product = Product(f"{kind}-{colour}", shots=(Shot("a.png", photo.sha256),), **known)  # type: ignore[arg-type]
            store.upsert([Entry(product, encoder.encode([cut], side="shop"), (b"",))])
    answer = page(Searcher(store, encoder, PageReader()), worn("front", "red", "blue"), product="top-red", k=9)
    store.close()
    top, bottom = answer.garments
    assert (top.primary, bottom.primary) == (True, False)
    assert [match.product.id for match in top.matches if match.product.kind] == ["top-blue"]
    assert bottom.matches[0].product.id == "skirt-blue"
    assert not {match.product.kind for match in bottom.matches} & {"top"}


def test_what_is_a_variant() -> None:
    own = Product("a", kind="top", design="D")
    assert is_variant(own, own)
    assert is_variant(Product("b", kind="skirt", design="d"), own)
    assert not is_variant(Product("b", kind="top"), Product("a", kind="top"))


@pytest.mark.parametrize("count", [0, MAX_PICTURES + 1])
def test_a_page_has_one_to_sixteen_pictures(count: int) -> None:
    with pytest.raises(RequestInvalid, match="pictures"):
        check_pictures(count)
    check_pictures(1)
    check_pictures(MAX_PICTURES)


def test_the_square_of_a_picture_is_as_drawn() -> None:
    assert (worn("front", "red")[25:125, 70:170] == square("red", side=100)).all()
