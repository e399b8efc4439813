"""Indexing as a whole: options, rebuilds, several writers."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.catalog.open import open_catalog
from streetshop.catalog.store import CatalogMeta, Store
from streetshop.core.errors import (
    CatalogEncoderMismatch,
    CatalogExists,
    CatalogLocked,
    FeedError,
)
from streetshop.indexing import index
from streetshop.models import Encoder, load_encoder
from tests.catalog.shop import read_rows, write_feed, write_shop
from tests.indexing.shops import Shop, counts, run_and_kill
from tests.models.tiny import tiny_encoder


def test_threads_and_optimize(shop: Shop) -> None:
    write_shop(shop.folder, 8)
    assert counts(shop.index(threads=1, optimize=True)) == (8, 0, 0, 0, 8)
    assert shop.open().verify() == []


def test_refused_rows_are_safe_to_open_and_can_go_elsewhere(shop: Shop) -> None:
    write_feed(shop.feed, [{"id": "=cmd()", "image": "-1.jpg"}])
    report = shop.index(refused=shop.folder / "bad.csv")
    assert report.refused_file == shop.folder / "bad.csv"
    assert [(r["id"], r["image"]) for r in read_rows(shop.folder / "bad.csv")] == [
        ("'=cmd()", "'-1.jpg"),
        ("'=cmd()", ""),
    ]


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    return load_encoder(tiny_encoder(tmp_path_factory.mktemp("other"), seed=1, dim=48, version="2"), threads=1)


def test_another_encoder_is_refused_with_the_command_that_rebuilds(shop: Shop, other: Encoder) -> None:
    write_shop(shop.folder, 6)
    shop.index()
    with pytest.raises(CatalogEncoderMismatch, match=r"streetshop index FEED --catalog .* --rebuild"):
        shop.index(other)
    rows = read_rows(shop.feed)
    write_feed(shop.feed, rows[:5])  # type: ignore[arg-type]
    reading = shop.open()
    assert counts(shop.index(other, rebuild=True)) == (5, 0, 0, 0, 5)
    assert reading.meta.fingerprint == other.fingerprint or reading.count() == 5
    meta = shop.open().meta
    assert (meta.generation, meta.encoder, meta.dim) == (2, "tiny 2", other.dim)
    assert shop.open().count() == 5
    assert counts(shop.index(other)) == (0, 0, 5, 0, 0)


@pytest.mark.slow
def test_killed_rebuild_leaves_the_old_generation_and_goes_on(shop: Shop, other: Encoder) -> None:
    write_shop(shop.folder, 200)
    shop.index()
    acknowledged = run_and_kill(shop, other.folder, 60, "rebuild")
    assert shop.open().meta.fingerprint == shop.encoder.fingerprint
    assert shop.open().count() == 200
    report = shop.index(other, rebuild=True)
    assert report.ingest.unchanged >= acknowledged >= 60
    assert report.ingest.added == 200 - report.ingest.unchanged
    assert shop.open().meta.fingerprint == other.fingerprint
    assert shop.open().count() == 200


def test_rebuild_never_leaves_an_empty_catalog(shop: Shop, other: Encoder) -> None:
    write_shop(shop.folder, 3)
    shop.index()
    write_feed(shop.feed, [{"id": "x", "image": "missing.png"}])
    with pytest.raises(FeedError, match="the catalog stays as it was"):
        shop.index(other, rebuild=True)
    assert shop.open().count() == 3
    assert shop.open().meta.fingerprint == shop.encoder.fingerprint


def test_two_writers(shop: Shop, other: Encoder) -> None:
    write_shop(shop.folder, 3)
    shop.index()
    holding = open_catalog(shop.url, write=True)
    holding.begin_rebuild(holding.meta)
    with pytest.raises(CatalogLocked):
        shop.index()
    holding.close()


def test_two_runs_create_one_catalog(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two runs that find no catalog, the second goes on in that of the first."""
    write_shop(shop.folder, 3)
    create = index.create_catalog

    def overtaken(url: str, meta: CatalogMeta) -> Store:
        create(url, meta).close()
        return create(url, meta)

    monkeypatch.setattr(index, "create_catalog", overtaken)
    assert counts(shop.index())[0] == 3


def test_a_folder_of_other_things_is_no_place_for_a_catalog(shop: Shop) -> None:
    write_shop(shop.folder, 3)
    Path(shop.url).mkdir()
    (Path(shop.url) / "letter.txt").touch()
    with pytest.raises(CatalogExists, match="holds other things"):
        shop.index()
