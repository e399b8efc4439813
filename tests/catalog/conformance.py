"""What every store must do. A test module makes the suite its own:

class TestMyStore(StoreConformance):
    @pytest.fixture
    def make(self, ...): ...      # a callable: CatalogMeta -> an empty, open Store
    @pytest.fixture
    def again(self, ...): ...     # a callable: Store -> the same catalog opened anew, as another process would
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from streetshop.catalog.filters import Filter, matches, parse_filter
from streetshop.catalog.store import CatalogMeta, Entry, Known, Store, Words, check_encoder, row_hash
from streetshop.core.errors import (
    CatalogEncoderMismatch,
    ProductMissing,
    RecordError,
    UsageError,
    VectorError,
)
from streetshop.core.records import AttributeValue, Block, Prediction, Product, Remark, Shot
from tests.catalog.filters.examples import filters

Make: TypeAlias = Callable[[CatalogMeta], Store]
Again: TypeAlias = Callable[[Store], Store]

BLOCKS = (Block("style", 24), Block("colour", 8, 0.5))
DIM = 32
META = CatalogMeta("test 1", "a" * 64, BLOCKS)


def jpeg(shade: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), (shade % 256, 90, 40)).save(file, "JPEG")
    return file.getvalue()


def unit_vectors(n: int, seed: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    parts = [rng.standard_normal((n, block.dim)).astype(np.float32) for block in BLOCKS]
    return np.hstack([part / np.linalg.norm(part, axis=1, keepdims=True) for part in parts])


ONE = unit_vectors(1, 99)
FLEECE: dict[str, AttributeValue] = {"fabric": "merino", "waterproof": True, "fleecy": False, "size": 38.0}


def entry(
    name: str, vectors: NDArray[np.float32], attributes: dict[str, AttributeValue] | None = None, **fields: object
) -> Entry:
    shots = tuple(Shot(f"{name}-{i}.jpg", f"{i:064x}") for i in range(len(vectors)))
    product = Product(name, shots=shots, attributes=attributes or {}, **fields)  # type: ignore[arg-type]
    return Entry(product, vectors, tuple(jpeg(i) for i in range(len(vectors))))


def assorted(n: int, seed: int = 1, prefix: str = "p") -> list[Entry]:
    """Products with one to three shots and fields of every kind, some missing."""
    rng = np.random.default_rng(seed)
    found = []
    for i in range(n):
        attributes: dict[str, AttributeValue] = {"color": ("Dark Red", "blue", "Größe")[i % 3]}
        if i % 2:
            attributes["size"] = ("S", "38", "007")[i % 3]
        if i % 4:
            attributes["heel"] = float(i % 5)
        if i % 3:
            attributes["organic"] = bool(i % 2)
        found.append(
            entry(
                f"{prefix}{i:04d}",
                unit_vectors(int(rng.integers(1, 4)), seed * 10_000 + i),
                attributes,
                title=f"Title {i}",
                category=("Dress", "top", "")[i % 3],
                brand=("Zara", "H&M", "O'Neill", "")[i % 4],
                price=None if i % 7 == 0 else float(i % 20) + 0.5,
                in_stock=None if i % 5 == 0 else i % 2 == 0,
                predicted={"pattern": Prediction(("plain", "striped")[i % 2], 0.9)} if i % 3 else {},
                remarks=(Remark("price", f"{i} sous", "it is no price"),) if i % 5 == 2 else (),
            )
        )
    return found


def nearest(
    entries: Sequence[Entry], query: NDArray[np.float32], k: int, where: Filter | None = None
) -> list[tuple[str, int]]:
    """The oracle: all shots compared one by one."""
    scored = [
        (-float(vector @ query), e.product.id, shot)
        for e in entries
        if where is None or matches(where, e.product)
        for shot, vector in enumerate(e.vectors)
    ]
    return [(name, shot) for _, name, shot in sorted(scored)[:k]]


def found(store: Store, query: NDArray[np.float32], k: int, where: Filter | None = None) -> list[tuple[str, int]]:
    return [(hit.product_id, hit.shot) for hit in store.search(query, k, where)]


class StoreConformance:
    """One test a promise of ``streetshop.catalog.store.Store``."""

    # --- writing and reading back ---

    def test_an_empty_store(self, make: Make) -> None:
        store = make(META)
        assert store.meta == META
        assert store.search(unit_vectors(1, 0)[0], 5) == []
        assert (store.count(), list(store.ids()), store.get(["a"]), store.known(["a"])) == (0, [], [None], {})
        assert store.fields()["price"] == "number"
        assert (store.values("brand"), store.bounds("price"), store.delete(["a"]), store.verify()) == ([], None, 0, [])
        info = store.info()
        assert (info.products, info.shots, info.recall) == (0, 0, None)
        store.optimize()
        assert store.count() == 0

    def test_what_is_written_is_read_back(self, make: Make, again: Again) -> None:
        entries = assorted(30)
        first = make(META)
        first.upsert(entries)
        for store in (first, again(first)):
            assert list(store.ids()) == [e.product.id for e in entries]
            assert store.get([e.product.id for e in entries]) == [e.product for e in entries]
            assert store.count() == 30
            assert store.known(["p0003", "nope"]) == {
                "p0003": Known(row_hash(entries[3].product), tuple(s.sha256 for s in entries[3].product.shots))
            }
            np.testing.assert_array_equal(store.vectors("p0003"), entries[3].vectors)
            assert store.thumbnail("p0003", 0) == entries[3].thumbnails[0]
            whole = store.entries(["p0003", "nope"])
            assert list(whole) == ["p0003"]
            assert whole["p0003"].product == entries[3].product
            assert whole["p0003"].thumbnails == entries[3].thumbnails
            np.testing.assert_array_equal(whole["p0003"].vectors, entries[3].vectors)
            info = store.info()
            assert (info.products, info.shots) == (30, sum(len(e.vectors) for e in entries))
            assert info.bytes > 0
            assert store.verify() == []

    def test_kinds_designs_and_tags(self, make: Make, again: Again) -> None:
        tags = {"kind": {"dress": 0.9, "skirt": 0.05}, "colour": {"red": 0.7}}
        plain, *_ = assorted(4)
        told = replace(
            plain.product, kind="dress", kind_source="picture", kind_probability=0.9, design="D/1",
            shots=tuple(replace(shot, tags=tags) for shot in plain.product.shots),
        )  # fmt: skip
        store = make(META)
        store.upsert([replace(e, product=told) if e is plain else e for e in [plain, *assorted(4)[1:]]])
        assert row_hash(told) == row_hash(replace(plain.product, design="D/1")), "pictures are not the feed's word"
        for opened in (store, again(store)):
            assert opened.get([told.id]) == [told]
            assert opened.entries([told.id])[told.id].product == told
            assert [known.tagged for known in opened.known([told.id, "p0001"]).values()] == [True, False]
            assert [hit.design for hit in opened.search(plain.vectors[0], 1)] == ["d/1"]
            assert opened.count(parse_filter("kind = Dress and kind_probability > 0.8", opened.fields())) == 1
            assert opened.count(parse_filter("has(kind)", opened.fields())) == 1
            opened.optimize()
            assert [hit.design for hit in opened.search(plain.vectors[0], 1)] == ["d/1"]
            assert opened.values("kind") == [("dress", 1)]

    def test_designs(self, make: Make) -> None:
        """Products of one design, in the sealed segment and in later writes, without the deleted ones."""
        designs = ["A", "b", "", "a", "B", "a", "", "c"]
        named = [replace(e, product=replace(e.product, design=d)) for e, d in zip(assorted(8), designs, strict=True)]
        store = make(META)
        store.upsert(named[:5])
        assert store.variants(["p0000", "p0002", "nope"]) == {"p0000": ("p0000", "p0003")}
        store.optimize()
        store.upsert(named[5:])
        assert store.variants(["p0005", "p0003", "p0001", "p0007"]) == {
            "p0005": ("p0000", "p0003", "p0005"),
            "p0003": ("p0000", "p0003", "p0005"),
            "p0001": ("p0001", "p0004"),
            "p0007": ("p0007",),
        }
        assert (store.count(), store.count(designs=True)) == (8, 5)
        cheap = parse_filter("id in (p0000, p0002, p0003, p0006)", store.fields())
        assert (store.count(cheap), store.count(cheap, designs=True)) == (4, 3)
        store.delete(["p0000"])
        store.upsert([replace(named[1], product=replace(named[1].product, design="a"))])
        assert store.variants(["p0003"]) == {"p0003": ("p0001", "p0003", "p0005")}
        assert store.variants(["p0004"]) == {"p0004": ("p0004",)}
        assert store.count(designs=True) == 5

    def test_order_of_get_and_repeated_ids(self, make: Make) -> None:
        store = make(META)
        store.upsert(assorted(3))
        ids = [p.id if p else None for p in store.get(["p0002", "no", "p0000", "p0002", "", "\x00"])]
        assert ids == ["p0002", None, "p0000", "p0002", None, None]

    def test_strange_ids(self, make: Make) -> None:
        names = ["it's", 'quo"te', "semi;colon--", "../../etc/passwd", "CON", "ünïcode", "a\\b", "{0}", "%", "P1", "p1"]
        store = make(META)
        store.upsert([entry(name, unit_vectors(1, i)) for i, name in enumerate(names)])
        assert list(store.ids()) == sorted(names)
        for i, name in enumerate(names):
            assert store.thumbnail(name) == jpeg(0)
            assert found(store, unit_vectors(1, i)[0], 1) == [(name, 0)]
        assert store.delete(names[:4]) == 4
        assert list(store.ids()) == sorted(names[4:])

    def test_replacing_a_product_replaces_all_its_shots(self, make: Make, again: Again) -> None:
        store = make(META)
        store.upsert([entry("a", unit_vectors(3, 1)), entry("b", unit_vectors(2, 2))])
        store.upsert([entry("a", unit_vectors(1, 3), title="new")])
        for one in (store, again(store)):
            assert one.count() == 2
            assert one.info().shots == 3
            assert [p.title for p in one.get(["a"]) if p] == ["new"]
            assert found(one, unit_vectors(3, 1)[0], 9) == nearest(
                [entry("a", unit_vectors(1, 3)), entry("b", unit_vectors(2, 2))], unit_vectors(3, 1)[0], 9
            )
            with pytest.raises(ProductMissing):
                one.thumbnail("a", 1)
        assert store.verify() == []

    def test_of_one_id_twice_in_a_call_the_last_counts(self, make: Make) -> None:
        store = make(META)
        store.upsert([entry("a", unit_vectors(2, 1), title="old"), entry("a", unit_vectors(1, 2), title="new")])
        assert store.count() == 1
        assert [p.title for p in store.get(["a"]) if p] == ["new"]
        assert len(store.vectors("a")) == 1

    def test_a_deleted_product_is_gone(self, make: Make, again: Again) -> None:
        entries = assorted(20)
        store = make(META)
        store.upsert(entries)
        other = again(store)
        query = entries[4].vectors[0]
        assert found(other, query, 1) == [("p0004", 0)]
        assert store.delete(["p0004", "p0004", "nope"]) == 1
        rest = [e for e in entries if e.product.id != "p0004"]

        def check(one: Store) -> None:
            assert found(one, query, 99) == nearest(rest, query, 99)
            assert one.get(["p0004"]) == [None]
            assert one.count() == 19
            assert "p0004" not in list(one.ids())
            assert one.known(["p0004"]) == {}
            for missing in (one.vectors, one.thumbnail):
                with pytest.raises(ProductMissing):
                    missing("p0004")

        check(store)
        check(other)
        check(again(store))
        store.optimize()
        check(store)
        check(other)
        check(again(store))
        assert store.verify() == []
        store.upsert([entries[4]])
        assert found(other, query, 1) == [("p0004", 0)]

    def test_writes_are_seen_by_others_at_once(self, make: Make, again: Again) -> None:
        store = make(META)
        other = again(store)
        for i in range(20):
            store.upsert([entry(f"p{i}", unit_vectors(1, i))])
            assert found(other, unit_vectors(1, i)[0], 1) == [(f"p{i}", 0)]
            if i % 3 == 0:
                store.delete([f"p{i}"])
                assert f"p{i}" not in [name for name, _ in found(other, unit_vectors(1, i)[0], 99)]

    # --- changing ---

    def test_a_change_replaces_keeps_adds_and_removes_in_one_commit(self, make: Make, again: Again) -> None:
        store = make(META)
        store.upsert([entry("kept", unit_vectors(1, 1)), entry("replaced", unit_vectors(2, 2)), entry("gone", ONE)])
        seen: dict[str, Entry | None] = {}
        new = {"replaced": entry("replaced", unit_vectors(1, 3), title="new"), "added": entry("added", ONE)}

        def change(product_id: str, before: Entry | None) -> Entry | None:
            seen[product_id] = before
            return before if product_id == "kept" else new.get(product_id)

        store.change(["kept", "replaced", "gone", "added", "none", "kept", "\x00"], change)
        assert {name: before and len(before.vectors) for name, before in seen.items()} == {
            "kept": 1,
            "replaced": 2,
            "gone": 1,
            "added": None,
            "none": None,
        }
        for one in (store, again(store)):
            assert list(one.ids()) == ["added", "kept", "replaced"]
            assert [p.title for p in one.get(["replaced"]) if p] == ["new"]
            assert found(one, ONE[0], 9) == nearest([entry("kept", unit_vectors(1, 1)), *new.values()], ONE[0], 9)
        assert store.verify() == []

    def test_a_change_that_raises_changes_nothing(self, make: Make) -> None:
        store = make(META)
        store.upsert([entry("a", ONE), entry("b", ONE)])

        def fails(product_id: str, before: Entry | None) -> None:
            if product_id == "b":
                raise ValueError("no")

        def other(product_id: str, before: Entry | None) -> Entry:
            return entry("c", ONE)

        def bad(product_id: str, before: Entry | None) -> Entry:
            return entry(product_id, ONE * np.float32(2))

        for change, error in ((fails, ValueError), (other, RecordError), (bad, VectorError)):
            with pytest.raises(error):
                store.change(["a", "b"], change)
            assert list(store.ids()) == ["a", "b"]
            assert [p.title for p in store.get(["a", "b"]) if p] == ["", ""]
        store.upsert([entry("d", ONE)])  # nothing stays locked

    def test_no_write_comes_between_reading_and_writing(self, make: Make, again: Again) -> None:
        """Handles of two processes count up one price; without the lock, some of the increments are lost."""
        store = make(META)
        store.upsert([entry("a", ONE, price=0.0)])
        failures: list[BaseException] = []

        def up(product_id: str, before: Entry | None) -> Entry:
            assert before is not None
            return entry("a", ONE, price=(before.product.price or 0) + 1)

        def count(one: Store) -> None:
            try:
                for _ in range(8):
                    one.change(["a"], up)
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=count, args=(one,)) for one in (store, store, again(store))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert [p.price for p in store.get(["a"]) if p] == [24.0]

    # --- refusing ---

    def test_bad_vectors_are_refused(self, make: Make) -> None:
        store = make(META)
        good = unit_vectors(1, 1)
        for bad in (good[:, :-1], good * np.float32(np.nan), good * np.float32(np.inf), good * 0, good * 2):
            with pytest.raises(VectorError):
                store.upsert([entry("ok", good), entry("bad", bad.astype(np.float32))])
        nothing = Entry(Product("none"), np.zeros((0, DIM), np.float32), ())
        short = Entry(entry("x", unit_vectors(2, 1)).product, good, (b"",))
        for wrong in (nothing, short, entry("x", good, title="half \ud800")):
            with pytest.raises(RecordError):
                store.upsert([entry("ok", good), wrong])
        assert store.count() == 0
        for query in (good[0, :-1], good[0] * np.float32(np.nan), good[0] * 0):
            with pytest.raises(VectorError):
                store.search(query, 3)
        with pytest.raises(UsageError):
            store.search(good[0], 0)

    def test_another_encoder_is_refused(self, make: Make) -> None:
        store = make(META)
        check_encoder(store.meta, META.fingerprint)
        with pytest.raises(CatalogEncoderMismatch, match="--rebuild"):
            check_encoder(store.meta, "b" * 64, store.url)

    # --- searching ---

    def test_search_is_exact_while_small(self, make: Make, again: Again) -> None:
        entries = assorted(60)
        store = make(META)
        store.upsert(entries[:40])
        store.upsert(entries[30:])
        for one in (store, again(store)):
            for seed in range(5):
                query = unit_vectors(1, 900 + seed)[0] * np.repeat([1.0, 0.3], [24, 8]).astype(np.float32)
                for k in (1, 7, 500):
                    hits = one.search(query, k)
                    assert [(h.product_id, h.shot) for h in hits] == nearest(entries, query, k)
                    for hit in hits:
                        stored = entries[int(hit.product_id[1:])].vectors[hit.shot]
                        np.testing.assert_array_equal(hit.vector, stored)
                        assert hit.score == pytest.approx(float(stored @ query), abs=1e-5)

    def test_ties_are_ordered_by_id_then_shot(self, make: Make) -> None:
        same = np.repeat(unit_vectors(1, 5), 2, axis=0)
        store = make(META)
        names = [f"t{i:03d}" for i in range(50)]
        for name in reversed(names):
            store.upsert([entry(name, same)])
        wanted = [(name, shot) for name in names for shot in (0, 1)]
        for k in (1, 3, 20, 100):
            assert found(store, same[0], k) == wanted[:k]
        store.optimize()
        for k in (1, 3, 20, 100):
            assert found(store, same[0], k) == wanted[:k]

    def test_filters_mean_what_the_oracle_says(self, make: Make) -> None:
        entries = assorted(80)
        store = make(META)
        store.upsert(entries[:50])
        store.optimize()
        store.upsert(entries[40:])
        fields = store.fields()
        assert fields["size"] == "text"
        assert (fields["heel"], fields["organic"]) == ("number", "boolean")
        query = unit_vectors(1, 77)[0]
        for text in (
            "category = dress and price < 10 and in_stock",
            'brand in (zara, "o\'neill") or not (color ~ red)',
            "size = 38 or size = 007 or size < 50",
            "heel between 1 and 3 and has(organic) and not organic",
            "category != dress and brand != zara",
            "not has(price)",
            "color = größe",
            "category = nothing",
        ):
            where = parse_filter(text, fields)
            assert store.count(where) == sum(matches(where, e.product) for e in entries), text
            assert found(store, query, 15, where) == nearest(entries, query, 15, where), text

    def test_any_filter_means_what_the_oracle_says(self, make: Make) -> None:
        entries = assorted(40)
        store = make(META)
        store.upsert(entries[:30])
        store.optimize()
        store.upsert(entries[25:])

        @given(st.one_of(filters, st.sampled_from(["zara", "H&M", "38", "S", "e"]).flatmap(_about)))
        @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
        def check(where: Filter) -> None:
            assert store.count(where) == sum(matches(where, e.product) for e in entries)
            query = entries[0].vectors[0]
            assert found(store, query, 5, where) == nearest(entries, query, 5, where)

        check()

    def test_values_and_bounds(self, make: Make) -> None:
        entries = assorted(40)
        store = make(META)
        store.upsert(entries[:30])
        store.optimize()
        store.upsert(entries[30:])
        assert store.values("brand") == [("H&M", 10), ("O'Neill", 10), ("Zara", 10)]
        assert store.values("color", 2) == [("Dark Red", 14), ("blue", 13)]
        assert store.bounds("price") == (0.5, 19.5)
        assert (store.values("nothing"), store.bounds("nothing"), store.bounds("brand")) == ([], None, None)

    def test_a_field_that_turns_from_numbers_to_text(self, make: Make) -> None:
        store = make(META)
        store.upsert([entry("a", unit_vectors(1, 1), {"size": "38"}), entry("b", unit_vectors(1, 2), {"size": 40.0})])
        assert store.fields()["size"] == "number"
        store.upsert([entry("c", unit_vectors(1, 3), {"size": "XL"})])
        assert store.fields()["size"] == "text"
        for text, count in (("size = 38", 1), ("size > 38", 1), ("size = xl", 1), ("size ~ 0", 1), ("has(size)", 3)):
            assert store.count(parse_filter(text, store.fields())) == count, text

    # --- care ---

    def test_optimize_changes_no_answer(self, make: Make, again: Again) -> None:
        entries = assorted(60)
        store = make(META)
        for start in range(0, 60, 10):
            store.upsert(entries[start : start + 10])
        query = unit_vectors(1, 5)[0]
        before = found(store, query, 30)
        steps: list[str] = []
        store.optimize(lambda what, done, of: steps.append(what))
        assert steps
        assert found(store, query, 30) == before == found(again(store), query, 30)
        assert store.info().indexed == store.info().shots
        store.optimize()
        assert found(again(store), query, 30) == before
        assert store.verify() == []

    def test_searching_while_writing(self, make: Make, again: Again) -> None:
        store = make(META)
        entries = assorted(40)
        store.upsert(entries[:20])
        other, failures = again(store), []
        done = threading.Event()

        def search(one: Store) -> None:
            try:
                while not done.is_set():
                    for i in range(20):
                        assert found(one, entries[i].vectors[0], 1) == [(entries[i].product.id, 0)]
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=search, args=(one,)) for one in (store, other, other)]
        for thread in threads:
            thread.start()
        for e in entries[20:]:
            store.upsert([e])
        store.delete([e.product.id for e in entries[30:]])
        done.set()
        for thread in threads:
            thread.join()
        assert failures == []
        assert other.count() == 30

    # --- snapshots and rebuilds ---

    def test_words_of_products(self, make: Make, again: Again) -> None:
        """Found before and after optimize, after writes, by another process; upper case and accents do not count."""
        titles = {
            "a": "Red LINEN shirt",
            "b": "blue cotton T-Shirt",
            "c": "红色连衣裙",
            "d": "Größe Ärmel",
            "e": "قميص أحمر",
            "f": "linen skirt",
        }
        vectors = unit_vectors(9, 4)
        store = make(META)
        store.upsert([entry(name, vectors[i : i + 1], title=title) for i, (name, title) in enumerate(titles.items())])
        store.upsert([entry("g", vectors[6:7], FLEECE)])

        def check(store: Store, expected: dict[str, list[str]]) -> None:
            for text, ids in expected.items():
                assert sorted(hit.product_id for hit in store.find(text.split(), 20)) == ids, text

        expected = {
            "linen": ["a", "f"],
            "LINEN": ["a", "f"],
            "shirt": ["a", "b"],
            "t-shirt": ["b"],
            "连衣裙": ["c"],
            "grosse": ["d"],
            "größe": ["d"],
            "ärmel": ["d"],
            "armel": ["d"],
            "أحمر": ["e"],
            "merino": ["g"],
            "waterproof": ["g"],
            "fleecy": [],
            "38": ["g"],
            "lienn": ["a", "f"],
            "shrit": ["a", "b"],
            "merinno": ["g"],
            "velvet": [],
            "39": [],
        }
        check(store, expected)
        store.optimize()
        check(store, expected)
        check(again(store), expected)
        store.delete(["a"])
        store.upsert([entry("f", vectors[7:8], title="velvet skirt"), entry("h", vectors[8:9], title="New linen bag")])
        changed = expected | {"linen": ["h"], "LINEN": ["h"], "lienn": ["h"], "shirt": ["b"], "velvet": ["f"]}
        changed["shrit"] = ["b"]
        check(store, changed)
        check(again(store), changed)
        store.optimize()
        check(store, changed)
        assert store.verify() == []
        assert store.held(["h", "f", "none"], ["linen", "bag", "velvet"]) == {"h": ("linen", "bag"), "f": ("velvet",)}

    @pytest.mark.parametrize("letters", ["x", "abcdefghij", "日本", "жщ", "𐐀𐐁𐐂𐐃"])
    @pytest.mark.parametrize("length", [30, 60, 500])
    def test_a_long_word_is_a_word(self, make: Make, letters: str, length: int) -> None:
        """However long it is, a word that no product has finds nothing, and one that a product has finds it."""
        store, vectors = make(META), unit_vectors(2, 4)
        word = (letters * length)[:length]
        store.upsert([entry("a", vectors[:1], title="linen shirt")])
        assert store.find([word], 5) == []
        assert store.held(["a"], ["linen", word]) == {"a": ("linen",)}
        store.upsert([entry("b", vectors[1:], title=f"linen {word}")])
        assert [hit.product_id for hit in store.find([word], 5)] == ["b"]

    def test_words_narrow_a_search(self, make: Make) -> None:
        vectors = unit_vectors(4, 4)
        store = make(META)
        store.upsert(
            [
                entry("a", vectors[:1], title="red linen shirt", category="shirt"),
                entry("b", vectors[1:2], title="red shirt"),
                entry("c", vectors[2:3], title="blue linen"),
                entry("d", vectors[3:], title="black"),
            ]
        )
        query, words = unit_vectors(1, 5)[0], ("red", "linen")
        for least, ids in ((2, {"a"}), (1, {"a", "b", "c"})):
            hits = store.search(query, 9, words=Words(words, least))
            assert {hit.product_id for hit in hits} == ids
            assert hits == sorted(hits, key=lambda hit: -hit.score)
        where = parse_filter("category = shirt", store.fields())
        assert [hit.product_id for hit in store.find(words, 9, where)] == ["a"]
        found = store.find(words, 9)
        assert found[0].product_id == "a", "products with more of the words come first"
        assert {hit.product_id for hit in found} == {"a", "b", "c"}
        assert all(0 < hit.score <= 1 for hit in found)
        assert [hit.product_id for hit in store.find(words, 1)] == ["a"]
        assert np.array_equal(found[0].vector, vectors[0])

    def test_a_rebuild_is_swapped_in_while_serving(self, make: Make, again: Again) -> None:
        store = make(META)
        store.upsert(assorted(5))
        reader = again(store)
        assert reader.count() == 5
        blocks = (Block("all", 16),)
        rebuilt = store.begin_rebuild(CatalogMeta("test 2", "b" * 64, blocks))
        vectors = np.eye(16, dtype=np.float32)
        rebuilt.upsert([entry(f"n{i}", vectors[i : i + 1]) for i in range(3)])
        rebuilt.optimize()
        assert (reader.count(), store.count(), rebuilt.count()) == (5, 5, 3)
        assert reader.meta.encoder == "test 1"
        store.commit_rebuild()
        for one in (store, reader, again(store)):
            assert one.count() == 3
            assert (one.meta.encoder, one.meta.blocks, one.meta.generation) == ("test 2", blocks, 2)
            assert found(one, vectors[1], 1) == [("n1", 0)]
        store.upsert([entry("n9", vectors[9:10])])
        assert reader.count() == 4
        assert store.verify() == []

    def test_an_interrupted_rebuild_goes_on(self, make: Make, again: Again) -> None:
        store = make(META)
        store.upsert(assorted(5))
        new = CatalogMeta("test 2", "b" * 64, BLOCKS)
        store.begin_rebuild(new).upsert(assorted(2, prefix="n"))
        store.close()
        store = again(store)
        assert store.count() == 5
        rebuilt = store.begin_rebuild(new)
        assert list(rebuilt.ids()) == ["n0000", "n0001"]
        store.close()
        store = again(store)
        assert list(store.begin_rebuild(CatalogMeta("test 3", "c" * 64, BLOCKS)).ids()) == []
        store.commit_rebuild()
        assert (store.count(), store.meta.encoder) == (0, "test 3")

    def test_a_snapshot_answers_the_same(self, make: Make, tmp_path: Path, restore: Callable[[Path], Store]) -> None:
        entries = assorted(40)
        store = make(META)
        store.upsert(entries[:30])
        store.optimize()
        store.upsert(entries[30:])
        store.delete(["p0001"])
        store.snapshot(tmp_path / "snapshot")
        before = [(h.product_id, h.shot, h.score) for h in store.search(unit_vectors(1, 3)[0], 20)]
        store.delete([e.product.id for e in entries])
        other = restore(tmp_path / "snapshot")
        assert [(h.product_id, h.shot, h.score) for h in other.search(unit_vectors(1, 3)[0], 20)] == before
        assert other.count() == 39
        assert other.verify() == []
        other.upsert(entries[:2])
        assert other.count() == 40


def _about(value: str) -> st.SearchStrategy[Filter]:
    texts = [f"{name} {op} '{value}'" for name in ("brand", "size", "color") for op in ("=", "!=", "~")]
    fields = {"brand": "text", "size": "text", "color": "text"}
    return st.sampled_from([parse_filter(text, fields) for text in texts])  # type: ignore[arg-type]
