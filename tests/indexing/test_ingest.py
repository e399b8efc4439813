"""From a feed to a catalog: what is done, what is not done again, and what survives."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import pytest

from streetshop.catalog.open import open_catalog
from streetshop.catalog.store import Change, Store
from streetshop.core.errors import (
    CatalogDiskFull,
    FeedError,
)
from streetshop.core.photo import Photo
from streetshop.feeds.read import read_feed
from streetshop.feeds.refused import Refusal
from streetshop.indexing.index import IndexOptions, index_feed
from streetshop.indexing.ingest import IngestProgress, ingest
from streetshop.indexing.pictures import Pictures
from streetshop.indexing.shots import ShotReader
from streetshop.looks import garment_picture, whole_photo
from tests.catalog.shop import draw_picture, read_rows, write_feed, write_shop
from tests.indexing.shops import Shop, counts, run_and_kill


def test_first_and_second_run(shop: Shop) -> None:
    write_shop(shop.folder, 70)
    report = shop.index()
    assert counts(report) == (70, 0, 0, 0, 70)
    assert report.products == 70
    assert report.ingest.complete
    assert report.refused_lines == 0
    store = shop.open()
    assert store.meta.fingerprint == shop.encoder.fingerprint
    photo = Photo.from_path(shop.folder / "images" / "3.png", at_least=32)
    prepared = shop.encoder.prepare(garment_picture(photo, whole_photo(photo), shop.encoder.spec))
    np.testing.assert_allclose(store.vectors("p3")[0], shop.encoder.encode([prepared])[0], atol=1e-6)
    assert shop.product("p3").price == 3.0
    assert shop.product("p3").shots[0].sha256 == photo.sha256
    assert counts(shop.index()) == (0, 0, 70, 0, 0)


def test_changed_fields_keep_vectors_and_thumbnails(shop: Shop) -> None:
    write_shop(shop.folder, 5)
    shop.index()
    before = shop.open().entries(["p1"])["p1"]
    rows = read_rows(shop.feed)
    rows[1]["price"] = "99"
    write_feed(shop.feed, rows)  # type: ignore[arg-type]
    assert counts(shop.index()) == (0, 1, 4, 0, 0)
    after = shop.open().entries(["p1"])["p1"]
    assert after.product.price == 99.0
    np.testing.assert_array_equal(after.vectors, before.vectors)
    assert after.thumbnails == before.thumbnails != (b"",)


def test_changed_renamed_and_added_pictures(shop: Shop) -> None:
    write_shop(shop.folder, 5)
    shop.index()
    draw_picture(shop.folder / "images" / "0.png", 1000)
    (shop.folder / "images" / "1.png").rename(shop.folder / "images" / "renamed.png")
    draw_picture(shop.folder / "images" / "2b.png", 1001)
    rows = read_rows(shop.feed)
    rows[1]["image"] = "images/renamed.png"
    rows[2]["image"] = "images/2b.png|images/2.png"
    write_feed(shop.feed, rows)  # type: ignore[arg-type]
    before = shop.open().vectors("p2")[0]
    assert counts(shop.index()) == (0, 3, 2, 0, 2)
    assert shop.product("p1").shots[0].source == "images/renamed.png"
    np.testing.assert_array_equal(shop.open().vectors("p2")[1], before)
    assert counts(shop.index()) == (0, 0, 5, 0, 0)


def test_a_product_whose_pictures_vanish_stays_as_it_was(shop: Shop) -> None:
    write_shop(shop.folder, 3)
    shop.index()
    (shop.folder / "images" / "1.png").unlink()
    report = shop.index(delete_missing=True)
    assert counts(report) == (0, 0, 2, 1, 0)
    assert report.products == 3


def test_delete_missing(shop: Shop) -> None:
    write_shop(shop.folder, 6)
    shop.index()
    rows = read_rows(shop.feed)
    write_feed(shop.feed, rows[:4])  # type: ignore[arg-type]
    assert shop.index().products == 6
    report = shop.index(delete_missing=True)
    assert (report.ingest.deleted, report.products) == (2, 4)
    assert set(shop.open().ids()) == {"p0", "p1", "p2", "p3"}


def test_nothing_is_deleted_while_in_doubt(shop: Shop) -> None:
    write_shop(shop.folder, 4)
    shop.index()
    rows = read_rows(shop.feed)
    write_feed(shop.feed, [*rows[:2], {**rows[2], "id": ""}])
    report = shop.index(delete_missing=True)
    assert (report.ingest.deleted, report.products) == (0, 4)
    assert report.ingest.notes == ["nothing was deleted: 1 rows have no readable id"]
    write_feed(shop.feed, [{**rows[0], "image": "gone.png"}])
    assert shop.index(delete_missing=True).ingest.notes == ["nothing was deleted: the feed has no usable product"]
    stop = threading.Event()
    stop.set()
    write_feed(shop.feed, rows[:1])  # type: ignore[arg-type]
    assert shop.index(delete_missing=True, stop=stop).products == 4


def test_stopped_run_keeps_what_is_done_and_the_next_completes_it(shop: Shop) -> None:
    write_shop(shop.folder, 200)
    stop = threading.Event()

    def progress(now: IngestProgress) -> None:
        assert now.rows <= now.total == 200
        if now.rows >= 40:
            stop.set()

    first = shop.index(progress=progress, stop=stop)
    assert not first.ingest.complete
    assert 40 <= first.products < 200
    second = shop.index()
    assert second.ingest.complete
    assert second.products == 200
    assert second.ingest.unchanged == first.products
    assert first.ingest.embedded + second.ingest.embedded == 200


def test_feed_that_breaks_off_leaves_what_came_before(shop: Shop) -> None:
    draw_picture(shop.folder / "a.png", 1)
    rows = [{"id": i, "image": "a.png", "item_group_id": "d", "note": "x" * 50} for i in range(400)]
    shop.feed = shop.folder / "feed.json"
    shop.feed.write_text(json.dumps(rows), encoding="utf-8")
    feed = read_feed(shop.feed)
    content = shop.feed.read_bytes()
    shop.feed.write_bytes(content[: len(content) // 2])
    with pytest.raises(FeedError, match="the JSON array is broken"):
        index_feed(feed, shop.url, shop.encoder, options=IndexOptions(optimize=False))
    assert 50 < shop.open().count() < 250


def test_write_error_ends_the_run(shop: Shop) -> None:
    write_shop(shop.folder, 300)

    class FullDisk:
        """A store on a disk that is full from the second write on."""

        def __init__(self, store: Store) -> None:
            self.store, self.writes = store, 0

        def change(self, ids: Iterable[str], change: Change) -> None:
            self.writes += 1
            if self.writes > 1:
                raise CatalogDiskFull("no space left", where="here")
            self.store.change(ids, change)

        def __getattr__(self, name: str) -> object:
            return getattr(self.store, name)

    write_feed(shop.folder / "one.csv", [{"id": "one", "image": "images/1.png"}])
    index_feed(read_feed(shop.folder / "one.csv"), shop.url, shop.encoder, options=IndexOptions(optimize=False))
    store = FullDisk(open_catalog(shop.url, write=True))
    feed = read_feed(shop.feed)
    with pytest.raises(CatalogDiskFull):
        ingest(feed, store, ShotReader(shop.encoder), Pictures(feed.root), refuse=lambda refusal: None)  # type: ignore[arg-type]
    assert store.writes == 2
    assert 32 < store.count() < 300  # type: ignore[operator]
    assert threading.active_count() < 10


@pytest.mark.slow
def test_kill_9_loses_nothing_acknowledged_and_a_second_run_completes(shop: Shop) -> None:
    write_shop(shop.folder, 240)
    for after in (20, 40, 60):
        acknowledged = run_and_kill(shop, shop.encoder.folder, after)
        store = shop.open()
        there = set(store.ids())
        assert len(there) >= acknowledged
        assert store.verify() == []
        assert all(product is not None and product.shots for product in store.get(sorted(there)))
    report = shop.index()
    assert report.products == 240
    assert report.ingest.unchanged == len(there)
    assert shop.open().verify() == []


def test_refusals_are_given_to_the_caller(shop: Shop) -> None:
    write_shop(shop.folder, 2)
    shop.index()
    write_feed(shop.feed, [{"id": "", "image": "a.png"}])
    feed, seen = read_feed(shop.feed), []
    store = open_catalog(shop.url, write=True)
    started = time.monotonic()
    report = ingest(feed, store, ShotReader(shop.encoder), Pictures(feed.root), refuse=seen.append)
    assert [type(item) for item in seen] == [Refusal]
    assert 0 <= report.seconds <= time.monotonic() - started
    assert report.images_per_second == 0


def test_numbers_of_all_batches_are_added_up(shop: Shop) -> None:
    """A feed of three batches of 32 rows with something to refuse, to keep and to embed in each."""
    write_shop(shop.folder, 90)
    rows: list[dict[str, object]] = list(read_rows(shop.feed))  # type: ignore[arg-type]
    write_feed(shop.feed, [row for i, row in enumerate(rows) if i % 3 == 0])
    assert counts(shop.index()) == (30, 0, 0, 0, 30)
    for i, row in enumerate(rows):
        if i % 6 == 3:
            row["title"] = "other"
        if i % 9 == 1:
            row["image"] = "gone.png"
        if i % 9 == 2:
            row["image"] = ""
        if i % 9 == 4:
            row["image"] = f"{row['image']}|gone.png"
    write_feed(shop.feed, rows)
    seen: list[IngestProgress] = []
    report = shop.index(progress=seen.append, threads=1)
    assert counts(report) == (40, 15, 15, 20, 40)
    assert report.ingest.refused_pictures == 20, "ten of refused rows, ten beside others"
    assert report.products == 70
    assert [now.rows for now in seen] == sorted(now.rows for now in seen)
    assert len(seen) == 3
    last = seen[-1]
    assert (last.rows, last.total, last.embedded, last.refused) == (90, 90, 40, 20)
    assert last.written <= 55
    assert sum(reason != "" for *_, reason in shop.refused()) == len(shop.refused()) == 10 + 10 + 20


def test_products_are_written_while_the_feed_is_read(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streetshop.indexing.ingest.COMMIT_PRODUCTS", 40)
    monkeypatch.setattr("streetshop.indexing.ingest.COMMIT_SECONDS", 3600.0)
    write_shop(shop.folder, 128)
    seen: list[IngestProgress] = []
    shop.index(progress=seen.append, threads=1)
    assert [now.written for now in seen] == [0, 64, 64, 128]
    monkeypatch.setattr("streetshop.indexing.ingest.COMMIT_PRODUCTS", 1000)
    monkeypatch.setattr("streetshop.indexing.ingest.COMMIT_SECONDS", 0.0)
    write_feed(shop.feed, [{**row, "price": "0.5"} for row in read_rows(shop.feed)])
    seen.clear()
    shop.index(progress=seen.append, threads=1)
    assert [now.written for now in seen] == [32, 64, 96, 128]


class Between:
    """A store to which another program writes just before each commit of an index."""

    def __init__(self, store: Store, write: Callable[[Store], object]) -> None:
        self.store, self.write = store, write

    def change(self, ids: Iterable[str], change: Change) -> None:
        self.write(open_catalog(self.store.url))
        self.store.change(ids, change)

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)


def test_what_another_program_does_meanwhile_stays(shop: Shop) -> None:
    write_shop(shop.folder, 4)
    shop.index()
    rows = read_rows(shop.feed)
    for row in rows:
        row["title"] = "From the feed"
    write_feed(shop.feed, [*rows, {**rows[0], "id": "p4"}])  # type: ignore[list-item]
    feed, refused = read_feed(shop.feed), list[Refusal]()

    def other(store: Store) -> None:
        store.delete(["p0"])
        here = store.entries(["p1", "p2"])
        store.upsert([replace(here["p1"], product=replace(here["p1"].product, title="From the API"))])
        store.upsert([replace(here["p2"], product=replace(here["p2"].product, id="p4"))])

    store = Between(open_catalog(shop.url, write=True), other)
    report = ingest(feed, store, ShotReader(shop.encoder), Pictures(feed.root), refuse=refused.append)  # type: ignore[arg-type]
    assert (report.added, report.updated, report.refused) == (0, 2, 3)
    assert {(r.row, r.id) for r in refused} == {(2, "p0"), (3, "p1"), (6, "p4")}
    assert all("another program" in r.reason for r in refused)
    titles = {p.id: p.title for p in shop.open().get([f"p{i}" for i in range(5)]) if p}
    assert titles == {"p1": "From the API", "p2": "From the feed", "p3": "From the feed", "p4": "Product 2"}
    assert counts(shop.index())[:4] == (1, 2, 2, 0)
    assert shop.product("p1").title == "From the feed"
