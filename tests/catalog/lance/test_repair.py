"""Repair: what is whole is kept, what is not is listed."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.catalog.lance.record import RECORD
from streetshop.catalog.open import create_catalog, open_catalog, repair_catalog
from streetshop.catalog.store import Repair, Store
from streetshop.core.errors import CatalogDamaged, CatalogMissing
from tests.catalog.conformance import META, assorted, entry, found, nearest, unit_vectors


def _flip(file: Path, at: int) -> None:
    content = bytearray(file.read_bytes())
    content[at] ^= 16
    file.write_bytes(content)


def _data(path: Path) -> list[Path]:
    return sorted((path / "g0001" / "shots.lance" / "data").iterdir(), key=lambda file: -file.stat().st_size)


def _is_sound(path: Path, lost: tuple[str, ...]) -> None:
    """The catalog holds the twenty products but the lost ones, unchanged, and answers from them."""
    kept = [e for e in assorted(20) if e.product.id not in lost]
    store = open_catalog(str(path))
    assert store.verify() == []
    assert store.health() == []
    assert list(store.ids()) == [e.product.id for e in kept]
    for one in kept:
        again = store.entries([one.product.id])[one.product.id]
        assert (again.product, again.thumbnails) == (one.product, one.thumbnails)
        assert again.vectors.tobytes() == one.vectors.tobytes()
    query = unit_vectors(1, 3)[0]
    assert found(store, query, 9) == nearest(kept, query, 9)
    store.upsert([entry("new", unit_vectors(1, 1))])
    assert store.count() == len(kept) + 1


def test_a_sound_catalog_stays_as_it_is(path: Path, store: Store) -> None:
    assert repair_catalog(str(path)) == Repair()
    with pytest.raises(CatalogMissing):
        repair_catalog(str(path.parent / "nothing"))


@pytest.mark.parametrize("name", ["owner.npy", "products.arrow", "vectors.f32"])
def test_a_damaged_index_is_built_again(path: Path, store: Store, name: str) -> None:
    store.optimize()
    (base,) = (path / "g0001").glob("base-*")
    _flip(base / name, 140)
    done = repair_catalog(str(path))
    assert name in done.done[0]
    assert done.lost == ()
    _is_sound(path, ())


def test_of_a_damaged_file_only_the_damaged_products_are_lost(path: Path, store: Store) -> None:
    store.optimize()
    file = _data(path)[0]
    thumbnail = assorted(20)[7].thumbnails[0]
    at = file.read_bytes().index(thumbnail[-40:])
    _flip(file, at + 10)
    reader = open_catalog(str(path))
    with pytest.raises(CatalogDamaged):
        reader.thumbnail("p0007")
    done = repair_catalog(str(path))
    assert 1 <= len(done.lost) <= 3  # pictures of one shade are equal, and may be stored in any order
    assert reader.count() == 20 - len(done.lost)
    _is_sound(path, done.lost)


@pytest.mark.parametrize("damage", ["truncated", "missing"])
def test_a_file_that_cannot_be_read_costs_its_products(path: Path, damage: str) -> None:
    store = create_catalog(str(path), META)
    store.upsert(assorted(20)[:15])
    store.upsert(assorted(20)[15:])
    file = _data(path)[1]
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:100])
    assert open_catalog(str(path)).verify()
    done = repair_catalog(str(path))
    assert "table was damaged" in done.done[0]
    _is_sound(path, tuple(f"p{i:04d}" for i in range(15, 20)))


def test_lost_ids_are_those_of_the_index(path: Path, store: Store) -> None:
    store.upsert([entry("other", unit_vectors(1, 1))])
    store.optimize()
    store.upsert([entry("later", unit_vectors(1, 2))])
    store.delete(["other", "later"])
    file = _data(path)[0]
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(CatalogDamaged, match="nothing of the table could be saved"):
        repair_catalog(str(path))
    store = create_catalog(str(path.parent / "2"), META)
    path = path.parent / "2"
    store.upsert(assorted(20)[:15])
    store.optimize()
    store.upsert(assorted(20)[15:])
    file = _data(path)[0]
    file.write_bytes(file.read_bytes()[:100])
    assert repair_catalog(str(path)).lost == tuple(f"p{i:04d}" for i in range(15))


def test_a_table_that_lost_its_newest_version_goes_on_from_the_one_before(path: Path, store: Store) -> None:
    store.upsert([entry("p0003", unit_vectors(1, 9), title="new")])
    newest = min((path / "g0001" / "shots.lance" / "_versions").glob("*.manifest"))
    newest.unlink()
    done = repair_catalog(str(path))
    assert "version 3 is missing" in done.done[0]
    assert (done.lost, done.complete) == ((), False)
    _is_sound(path, ())


def test_a_damaged_manifest_is_put_aside(path: Path, store: Store) -> None:
    store.delete(["p0003"])
    newest = min((path / "g0001" / "shots.lance" / "_versions").glob("*.manifest"))
    _flip(newest, 200)
    with pytest.raises(CatalogDamaged):
        list(open_catalog(str(path)).ids())
    repair_catalog(str(path))
    _is_sound(path, ())


def test_lost_checksums_are_made_again(path: Path, store: Store) -> None:
    record = path / "g0001" / RECORD
    for damage in (record.unlink, lambda: _flip(record, 80)):
        damage()
        done = repair_catalog(str(path))
        assert "checksums were made again" in done.done[0]
        assert open_catalog(str(path)).verify() == []
    _is_sound(path, ())
