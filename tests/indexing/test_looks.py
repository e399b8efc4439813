"""One pass over a feed: looks are made, stored, resumed and renewed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streetshop.catalog.looks import StoredLooks
from streetshop.catalog.open import open_catalog
from streetshop.core.errors import LookMissing, ProductMissing
from streetshop.core.photo import Photo
from streetshop.core.records import Product
from streetshop.feeds.read import read_feed
from streetshop.indexing.index import index_feed
from streetshop.indexing.looks import LooksReport, ProductLook, make_looks
from streetshop.indexing.pictures import Pictures
from streetshop.models import Encoder, load_encoder
from streetshop.present.pages import look_line
from streetshop.search import Searcher, SearchRequest
from streetshop.search.stored_looks import stored_look
from tests.models.tiny import tiny_encoder
from tests.web.page_shop import PageReader, worn

PAGES = {
    "dress-1": [("back", "red", "blue"), ("front", "red", "blue")],
    "dress-2": [("half", "green", "black")],
    "dress-3": [("front", "orange", "white"), ("article", "white")],
    "size-s": [("front", "blue", "green")],
    "size-m": [("front", "blue", "green")],
}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    return load_encoder(tiny_encoder(tmp_path_factory.mktemp("encoder")), threads=1)


@pytest.fixture
def shop(tmp_path: Path, encoder: Encoder) -> Iterator[tuple[Path, Searcher]]:
    """A feed of five pages, two of one design, and its catalog; one more row names a picture that is not there."""
    rows = ["id,title,category,item_group_id,image_link,additional_image_link"]
    for id, pictures in PAGES.items():
        names = []
        for number, picture in enumerate(pictures):
            name = f"{id if 'size' not in id else 'size'}-{number}.png"
            Image.fromarray(worn(*picture)).save(tmp_path / name)
            names.append(name)
        group = "sizes" if "size" in id else ""
        rows.append(f'{id},{id},top,{group},{names[0]},"{",".join(names[1:])}"')
    rows += ["lost,lost,top,,lost.png,", "blank,blank,top,,blank.png,"]
    Image.fromarray(np.full((64, 48, 3), 190, np.uint8)).save(tmp_path / "blank.png")
    feed = tmp_path / "feed.csv"
    feed.write_text("\n".join(rows) + "\n")
    index_feed(read_feed(feed), str(tmp_path / "shop.catalog"), encoder, PageReader())
    store = open_catalog(str(tmp_path / "shop.catalog"))
    yield feed, Searcher(store, encoder, PageReader())
    store.close()


def run(
    feed: Path, searcher: Searcher, *, k: int = 3, interrupted: bool = False
) -> tuple[LooksReport, dict[str, ProductLook]]:
    seen: dict[str, ProductLook] = {}
    stop = threading.Event()

    def write(look: ProductLook) -> None:
        seen[look.product_id] = look

    def decode(data: bytes, *, at_least: int | None, where: str) -> Photo:
        if interrupted:
            stop.set()
        return Photo.from_bytes(data, at_least=at_least, where=where)

    source = read_feed(feed)
    report = make_looks(
        source,
        searcher,
        SearchRequest.check(searcher.store, searcher.encoder.blocks, k=k),
        Pictures(source.root),
        decode,
        write=write,
        stop=stop,
        threads=1,
    )
    return report, seen


def test_a_pass_makes_the_look_of_every_product_and_counts_what_has_none(shop: tuple[Path, Searcher]) -> None:
    feed, searcher = shop
    report, seen = run(feed, searcher)
    assert [*seen] == [*PAGES, "lost", "blank"]
    assert (report.read, report.renewed, report.unchanged, report.stored) == (5, 0, 0, 5)
    assert report.complete
    assert report.without == {"no picture can be read": 1, "no picture shows anything to wear": 1}
    assert report.fallbacks == {"no ankles: not a full shot": 1}
    assert report.pictures["back view"] == 1
    assert report.pictures["no person"] == 1
    line = json.loads(json.dumps(look_line(seen["dress-1"].answer)))  # type: ignore[arg-type]
    assert line["product"]["id"] == "dress-1"
    assert line["chosen"]["path"] == "dress-1-1.png"
    assert set(line["garments"][0]["matches"][0]) == {"id", "score", "closeness", "similarity", "shot"}
    for id in ("size-s", "size-m"):
        answer = stored_look(searcher.store, id)
        found = {match.product.id for each in answer.garments for match in each.matches}
        assert found
        assert not found & {"size-s", "size-m"}


def test_stored_looks_are_those_of_the_pass(shop: tuple[Path, Searcher]) -> None:
    feed, searcher = shop
    _, seen = run(feed, searcher)
    for id in PAGES:
        made, stored = seen[id].answer, stored_look(searcher.store, id)
        assert made is not None
        assert (stored.chosen, stored.fallback, stored.persons) == (made.chosen, made.fallback, made.persons)
        for one, other in zip(stored.garments, made.garments, strict=True):
            assert (one.primary, one.garment.category, one.garment.box) == (
                other.primary,
                other.garment.category,
                other.garment.box,
            )
            assert np.array_equal(one.vector, other.vector)
            assert [m.product for m in one.matches] == [m.product for m in other.matches]
            assert [m.similarity for m in one.matches] == pytest.approx([m.similarity for m in other.matches], abs=1e-5)
    for id in ("blank", "lost"):  # the catalog refuses both pictures
        with pytest.raises(ProductMissing):
            stored_look(searcher.store, id)
    searcher.store.change(
        ["dress-2"], lambda _, before: before and replace(before, product=_other_kind(before.product))
    )
    with pytest.raises(LookMissing, match="changed since"):
        stored_look(searcher.store, "dress-2")


def _other_kind(product: Product) -> Product:
    return replace(product, kind="hat")


def test_an_interrupted_pass_resumes_and_another_changes_nothing(shop: tuple[Path, Searcher]) -> None:
    feed, searcher = shop
    first, _ = run(feed, searcher, interrupted=True)
    assert not first.complete
    assert first.read == 4  # the products in progress are finished
    second, seen = run(feed, searcher)
    assert (second.read, second.unchanged) == (1, 4)
    third, again = run(feed, searcher)
    assert (third.read, third.renewed, third.unchanged) == (0, 0, 5)
    assert {id: look_line(look.answer) for id, look in again.items() if look.answer} == {
        id: look_line(look.answer) for id, look in seen.items() if look.answer
    }


def test_new_products_renew_the_matches_without_reading_pictures(shop: tuple[Path, Searcher]) -> None:
    feed, searcher = shop
    run(feed, searcher, k=50)
    other, _ = run(feed, searcher, k=1)
    assert (other.read, other.renewed) == (0, 5)
    searcher.store.delete(["dress-2"])
    assert "dress-2" not in {
        match.product.id for each in stored_look(searcher.store, "dress-1").garments for match in each.matches
    }
    report, _ = run(feed, searcher, k=1)
    assert (report.read, report.renewed, report.stored) == (1, 4, 4)  # the deleted one is made, and not stored
    assert "dress-2" not in StoredLooks.beside(searcher.store.url).ids()


def test_a_changed_picture_is_read_again_and_its_old_look_is_out_of_date(shop: tuple[Path, Searcher]) -> None:
    feed, searcher = shop
    run(feed, searcher)
    Image.fromarray(worn("front", "black", "red")).save(feed.parent / "dress-2-0.png")
    report, _ = run(feed, searcher)
    assert (report.read, report.unchanged, report.stored) == (1, 4, 4)
    assert stored_look(searcher.store, "dress-2").fallback  # the catalog has the old picture, and its look
    index_feed(read_feed(feed), searcher.store.url, searcher.encoder, PageReader())
    with pytest.raises(LookMissing, match="changed since"):
        stored_look(searcher.store, "dress-2")
    report, _ = run(feed, searcher)
    assert report.stored == 5
    assert stored_look(searcher.store, "dress-2").fallback == ""


def test_a_look_whose_pictures_cannot_be_read_today_stays(shop: tuple[Path, Searcher]) -> None:
    feed, searcher = shop
    run(feed, searcher)
    (feed.parent / "dress-1-1.png").unlink()
    (feed.parent / "dress-1-0.png").write_bytes(b"damaged")
    report, _ = run(feed, searcher)
    assert (report.unchanged, report.without["no picture can be read"]) == (4, 2)
    assert stored_look(searcher.store, "dress-1").chosen == 1
