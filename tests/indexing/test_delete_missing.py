"""Products that a feed no longer has are deleted, and only those."""

from __future__ import annotations

import json
import threading

import pytest

from streetshop.core.errors import FeedError
from streetshop.feeds.read import read_feed
from streetshop.indexing.index import IndexOptions, index_feed
from streetshop.indexing.ingest import IngestProgress
from tests.catalog.shop import draw_picture, read_rows, write_feed, write_shop
from tests.indexing.shops import Shop

DELETING = IndexOptions(optimize=False, delete_missing=True)


@pytest.fixture
def shared(shop: Shop) -> Shop:
    """A shop whose products share one picture."""
    draw_picture(shop.folder / "a.png", 1)
    return shop


def fill(shop: Shop, rows: list[dict[str, object]], **options: object) -> set[str]:
    """Index rows, all with the one picture; returns the ids that the catalog then has."""
    write_feed(shop.feed, [{"id": "", "price": 1, "image": "a.png", **row} for row in rows])
    shop.index(**options)
    return set(shop.open().ids())


def named(*ids: str) -> list[dict[str, object]]:
    return [{"id": name} for name in ids]


@pytest.mark.parametrize("rows_done", [1, 70, 160])
def test_an_interrupted_run_deletes_nothing(shared: Shop, rows_done: int) -> None:
    everything = fill(shared, named(*(f"p{i}" for i in range(160)), "left"))
    write_feed(shared.feed, [{"id": f"p{i}", "price": 2, "image": "a.png"} for i in range(160)])
    stop = threading.Event()

    def progress(now: IngestProgress) -> None:
        if now.rows >= rows_done:
            stop.set()

    report = shared.index(delete_missing=True, threads=1, progress=progress, stop=stop)
    assert not report.ingest.complete
    assert report.ingest.deleted == 0
    assert set(shared.open().ids()) == everything
    finished = shared.index(delete_missing=True)
    assert finished.ingest.deleted == 1
    assert set(shared.open().ids()) == everything - {"left"}


def test_a_run_resumed_with_a_changed_feed_deletes_what_that_feed_lacks(shared: Shop) -> None:
    stop = threading.Event()
    write_feed(shared.feed, [{"id": f"p{i}", "price": 1, "image": "a.png"} for i in range(160)])
    shared.index(threads=1, progress=lambda now: stop.set(), stop=stop)
    there = set(shared.open().ids())
    assert 0 < len(there) < 160
    kept = [name for name in sorted(there) if name != "p0"]
    assert fill(shared, named(*kept, "new"), delete_missing=True) == {*kept, "new"}


def test_a_feed_that_breaks_off_deletes_nothing(shared: Shop) -> None:
    names = [f"p{i}" for i in range(300)]
    everything = fill(shared, named(*names))
    shared.feed = shared.folder / "feed.json"
    content = json.dumps([{"id": name, "price": 1, "image": "a.png"} for name in names])
    shared.feed.write_text(content)
    feed = read_feed(shared.feed)
    shared.feed.write_text(content[: len(content) // 2])
    with pytest.raises(FeedError):
        index_feed(feed, shared.url, shared.encoder, options=DELETING)
    assert set(shared.open().ids()) == everything


@pytest.mark.parametrize("bad", [{"image": ""}, {"image": "gone.png"}, {"image": "../a.png"}])
def test_a_refused_row_does_not_delete_its_product(shared: Shop, bad: dict[str, object]) -> None:
    fill(shared, named("p0", "p1", "p2"))
    rows = [*named("p0"), {"id": " p1 ", **bad}]
    assert fill(shared, rows, delete_missing=True) == {"p0", "p1"}
    assert shared.product("p1").price == 1


def test_a_number_as_the_id_of_a_refused_row_is_its_product(shared: Shop) -> None:
    rows: list[dict[str, object]] = [{"id": i, "price": 1, "image": "a.png"} for i in range(3)]
    shared.feed = shared.folder / "feed.json"
    shared.feed.write_text(json.dumps(rows))
    shared.index()
    rows[1] = {"id": 1.0, "price": 1, "image": "gone.png"}
    shared.feed.write_text(json.dumps(rows[:2]))
    assert shared.index(delete_missing=True).ingest.deleted == 1
    assert set(shared.open().ids()) == {"0", "1"}


@pytest.mark.parametrize("rows", [
    [{"id": "p0"}, {"id": "p0", "price": 7}],
    [{"id": "p0", "image": "gone.png"}, {"id": "p0"}, {"id": "p1"}],
])  # fmt: skip
def test_a_repeated_id_is_there_once(shared: Shop, rows: list[dict[str, object]]) -> None:
    fill(shared, named("p0", "p1", "p2"))
    assert fill(shared, rows, delete_missing=True) == {str(row["id"]) for row in rows}
    assert shared.product("p0").price == 1


@pytest.mark.parametrize("bad", [{"image": ""}, {"image": "gone.png"}])
def test_a_feed_of_refused_rows_does_not_empty_the_shop(shared: Shop, bad: dict[str, object]) -> None:
    everything = fill(shared, named("p0", "p1", "p2"))
    assert fill(shared, [{"id": "p0", **bad}], delete_missing=True) == everything
    report = shared.index(delete_missing=True)
    assert report.ingest.notes == ["nothing was deleted: the feed has no usable product"]


@pytest.mark.parametrize("content", ["", "id,image\n", "[]"])
def test_an_empty_feed_does_not_empty_the_shop(shared: Shop, content: str) -> None:
    everything = fill(shared, named("p0", "p1"))
    shared.feed.write_text(content)
    with pytest.raises(FeedError):
        shared.index(delete_missing=True)
    assert set(shared.open().ids()) == everything


def test_an_unchanged_feed_still_deletes(shop: Shop) -> None:
    write_shop(shop.folder, 4)
    shop.index()
    write_feed(shop.feed, read_rows(shop.feed)[:3])  # type: ignore[arg-type]
    report = shop.index(delete_missing=True)
    assert (report.ingest.unchanged, report.ingest.deleted, report.products) == (3, 1, 3)


def test_more_products_than_one_deletion_takes(shared: Shop) -> None:
    fill(shared, named(*(f"p{i}" for i in range(1100)), "z"))
    write_feed(shared.feed, [{"id": "z", "price": 1, "image": "a.png"}])
    report = shared.index(delete_missing=True)
    assert (report.ingest.deleted, report.products) == (1100, 1)
    assert set(shared.open().ids()) == {"z"}
