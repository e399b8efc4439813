"""Searches with an encoder for each group of kinds stay within a group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from streetshop.catalog.open import create_catalog
from streetshop.catalog.store import CatalogMeta, Entry, Store
from streetshop.core.errors import RequestInvalid
from streetshop.core.photo import Photo
from streetshop.core.records import Garment, Look, Product, Shot
from streetshop.looks import WholePhotoReader, garment_picture, whole_photo
from streetshop.models import load_encoder
from streetshop.search import Searcher, SearchRequest
from streetshop.search.groups import kind_of
from streetshop.search.pages import match_page, prepare_page, read_picture
from tests.catalog.filled import COLOURS, square
from tests.models.tiny import tiny_groups

KINDS = ("top", "skirt", "dress", "")


class Naming(WholePhotoReader):
    """Takes a photo whole, as a garment of given kinds."""

    name = "naming 1"  # type: ignore[assignment]

    def __init__(self, kinds: Mapping[str, float]) -> None:
        self.kinds = kinds

    def read(self, photo: Photo) -> Look:
        category = max(self.kinds, key=self.kinds.__getitem__, default="garment")
        garment = replace(whole_photo(photo), category=category, kinds=self.kinds)
        return Look(photo.width, photo.height, (garment,), (), self.name)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Each colour as a product of each kind, and of unknown kind."""
    folder = tmp_path_factory.mktemp("grouped")
    encoder = load_encoder(tiny_groups(folder / "groups"), threads=1)
    made = create_catalog(str(folder / "shop"), CatalogMeta(encoder.name, encoder.fingerprint, encoder.blocks))
    entries = []
    for colour in COLOURS:
        for kind in KINDS:
            photo = Photo.from_array(square(colour, "stripes"))
            picture = garment_picture(photo, whole_photo(photo), encoder.spec)
            vectors = encoder.encode([encoder.prepare(picture, kind)], side="shop")
            shot = Shot("a.png", photo.sha256)
            product = Product(
                f"{colour}-{kind}", kind=kind, kind_source="column" if kind else "", kind_probability=1.0, shots=(shot,)
            )
            entries.append(Entry(product, vectors, (b"",)))
    made.upsert(entries)
    yield made
    made.close()


def searcher(store: Store, kinds: Mapping[str, float]) -> Searcher:
    folder = Path(store.url).parent / "groups"
    return Searcher(store, load_encoder(folder, threads=1), Naming(kinds))


def found(store: Store, seen: Mapping[str, float], colour: str = "blue", **asked: object) -> list[str]:
    one = searcher(store, seen)
    request = SearchRequest.check(store, one.encoder.blocks, **{"k": 50, **asked})  # type: ignore[arg-type]
    (answer,) = one.search(Photo.from_array(square(colour, "stripes")), request).garments
    assert not answer.others
    assert answer.matches[0].similarity == pytest.approx(1, abs=1e-3)
    return [match.product.id for match in answer.matches]


def test_a_garment_is_searched_among_kinds_of_its_group(store: Store) -> None:
    assert found(store, {"skirt": 1.0})[0] == "blue-skirt"
    assert {name.split("-")[1] for name in found(store, {"skirt": 1.0})} == {"skirt"}
    # nearly level kinds of two groups: the first alone
    assert {name.split("-")[1] for name in found(store, {"skirt": 0.5, "dress": 0.45})} == {"skirt"}
    assert {name.split("-")[1] for name in found(store, {"top": 0.5, "dress": 0.45})} == {"top", "dress", ""}


def test_all_kinds_are_all_of_the_group(store: Store) -> None:
    assert {name.split("-")[1] for name in found(store, {"top": 1.0}, kinds="any")} == {"top", "dress", ""}
    assert {name.split("-")[1] for name in found(store, {"trousers": 1.0}, kinds="any")} == {"skirt"}
    assert {name.split("-")[1] for name in found(store, {})} == {"top", "dress", ""}


def test_the_kind_that_is_asked_for_encodes_the_photo(store: Store) -> None:
    assert found(store, {"top": 1.0}, kinds="skirt")[0] == "blue-skirt"
    with pytest.raises(RequestInvalid, match="different encoders"):
        found(store, {"top": 1.0}, kinds=["skirt", "dress"])


def test_similar_products_are_of_the_group(store: Store) -> None:
    one = searcher(store, {})
    request = SearchRequest.check(store, one.encoder.blocks, k=50)
    assert {match.product.kind for match in one.similar("red-skirt", request)} == {"skirt"}
    assert {match.product.kind for match in one.similar("red-", request)} == {"top", "dress", ""}


def test_a_kind_that_is_not_sold_is_said(store: Store) -> None:
    one = searcher(store, {"trousers": 1.0})
    request = SearchRequest.check(store, one.encoder.blocks, k=5)
    (answer,) = one.search(Photo.from_array(square("blue")), request).garments
    assert (answer.lacking, answer.matches, answer.others) == ("kind", (), ())


def test_several_photos_are_refused(store: Store) -> None:
    one = searcher(store, {"top": 1.0})
    photos = [Photo.from_array(square("blue"))] * 2
    with pytest.raises(RequestInvalid, match="one photo"):
        one.search_together(photos, SearchRequest.check(store, one.encoder.blocks), ["a", "b"])


def test_heat_maps_are_of_the_same_group(store: Store) -> None:
    one = searcher(store, {"skirt": 1.0})
    request = SearchRequest.check(store, one.encoder.blocks)
    covered = one.cover(Photo.from_array(square("blue", "stripes")), request)
    assert {prepared.group for prepared in covered.prepared} == {"lower"}
    assert one.heatmap(covered, one.encoder.encode(covered.prepared), "blue-skirt", request).startswith(b"\x89PNG")


def test_the_kind_that_encodes() -> None:
    garment = replace(whole_photo(Photo.from_array(square("red"))), kinds={"top": 0.6, "dress": 0.4})
    assert kind_of(garment, None) == kind_of(garment, ()) == "top"
    assert kind_of(garment, ("skirt",)) == "skirt"
    assert kind_of(Garment("bag", 1.0, garment.box, garment.hotspot), None) == "bag"
    assert np.isfinite(garment.score)


def test_garments_of_a_page_are_searched_within_their_group(store: Store) -> None:
    one = searcher(store, {"skirt": 1.0})
    photo = Photo.from_array(square("blue", "stripes"))
    page = prepare_page(store, [read_picture(one, photo, "a.png")])
    answer = match_page(one, page, one.encoder.encode(page.prepared), SearchRequest.check(store, one.encoder.blocks))
    (garment,) = answer.garments
    assert garment.matches
    assert {match.product.kind for match in garment.matches} == {"skirt"}
