"""Words beside a photo, and alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetshop.catalog.open import create_catalog
from streetshop.catalog.store import Store, Words
from streetshop.core.errors import RequestInvalid
from streetshop.search import SearchRequest
from streetshop.search.match import find, nearest
from streetshop.search.text import MAX_TEXT, MAX_WORDS, by_words, parse_text
from tests.catalog.conformance import BLOCKS, META, entry, unit_vectors

LONG = "x" * 10_240


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, ()),
        ("", ()),
        ("  \n", ()),
        ("linen shirt linen", ("linen", "shirt")),
        ("T-shirt, 38!", ("T-shirt,", "38!")),
        ("linen & 👗", ("linen",)),
        ("连衣裙 שמלה", ("连衣裙", "שמלה")),
    ],
)
def test_words_of_a_text(text: str | None, words: tuple[str, ...]) -> None:
    assert parse_text(text) == words


@pytest.mark.parametrize(
    "text", [LONG, "a" * (MAX_TEXT + 1), "!!!", "👗", " ".join(map(str, range(99))), "\udcff linen", 5]
)
def test_a_text_that_cannot_be_searched(text: str) -> None:
    with pytest.raises(RequestInvalid) as raised:
        parse_text(text)
    assert raised.value.where == "text"
    assert raised.value.hint


@given(st.text(max_size=MAX_TEXT + 20))
def test_any_text_gives_words_or_one_error(text: str) -> None:
    try:
        words = parse_text(text)
    except RequestInvalid:
        return
    assert len(words) <= MAX_WORDS
    assert len(set(words)) == len(words)
    assert all(word in text.split() and any(letter.isalnum() for letter in word) for word in words)


def test_products_with_all_words_then_the_others() -> None:
    assert by_words(()) == [[(None, 0.0)]]
    first, rest = by_words(("red", "linen"))
    assert first[0][0] == Words(("red", "linen"), 2)
    assert first[0][1] > 2 + max(added for _, added in rest), "scores differ by at most 2"
    assert [words for words, _ in rest] == [Words(("red", "linen"), 1), None]


@pytest.fixture(scope="module")
def closet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Sixty products: every sixth is linen, every tenth red, every third a dress; two designs of three sizes."""
    store = create_catalog(str(tmp_path_factory.mktemp("closet") / "shop.catalog"), META)
    vectors = unit_vectors(60, 8)
    entries = []
    for i in range(60):
        title = " ".join(["red"] * (i % 10 == 0) + ["linen"] * (i % 6 == 0) + [f"number{i}"])
        design = f"design{i % 2}" if i in (0, 2, 30, 31, 33, 6) else ""
        entries.append(
            entry(f"p{i:02}", vectors[i : i + 1], title=title, kind="dress" if i % 3 == 0 else "top", design=design)
        )
    store.upsert(entries[:40])
    store.optimize()
    store.upsert(entries[40:])
    yield store
    store.close()


def test_linen_first_then_the_nearest_others(closet: Store) -> None:
    query = unit_vectors(1, 77)[0]
    ask: dict[str, Any] = {"k": 60, "variants": True}
    plain = [m.product.id for m in nearest(closet, query, SearchRequest.check(closet, BLOCKS, **ask))]
    found = nearest(closet, query, SearchRequest.check(closet, BLOCKS, **ask, text="Linen"))
    linen = [f"p{i:02}" for i in range(0, 60, 6)]
    assert [m.product.id for m in found] == sorted(plain, key=lambda id: id not in linen), (
        "in visual order on each side"
    )
    assert [m.words for m in found] == [("Linen",)] * 10 + [()] * 50
    assert all(m.similarity == sum((1.0, 0.5)[i] * c for i, c in enumerate(m.blocks.values())) / 1.5 for m in found)


def test_some_of_the_words_come_higher(closet: Store) -> None:
    found = nearest(
        closet, unit_vectors(1, 77)[0], SearchRequest.check(closet, BLOCKS, k=60, variants=True, text="red linen")
    )
    assert [m.product.id for m in found[:2]] in (["p00", "p30"], ["p30", "p00"])
    assert found[0].words == ("red", "linen")
    ranks = [m.similarity + (0.1 if m.words else 0) for m in found[2:]]
    assert ranks == sorted(ranks, reverse=True)


@pytest.mark.parametrize("variants", [True, False])
@pytest.mark.parametrize("kinds", [None, ("dress",)])
@pytest.mark.parametrize("way", ["photo", "words"])
def test_pages_follow_each_other(closet: Store, variants: bool, kinds: tuple[str, ...] | None, way: str) -> None:
    query = unit_vectors(1, 78)[0]

    def ids(**asked: Any) -> list[str]:
        request = SearchRequest.check(closet, BLOCKS, text="linen red", variants=variants, kinds=kinds, **asked)
        found = nearest(closet, query, request) if way == "photo" else find(closet, request)
        return [match.product.id for match in found]

    whole = ids(k=70)
    pages = [id for offset in range(0, 70, 7) for id in ids(k=7, offset=offset)]
    assert pages == whole
    assert len(set(whole)) == len(whole)
    assert ids(k=7, offset=100) == []


def test_words_alone(closet: Store) -> None:
    found = find(closet, SearchRequest.check(closet, BLOCKS, k=5, text="red linen", where="kind = dress"))
    assert {match.product.kind for match in found} == {"dress"}
    assert [m.words for m in found] == sorted((m.words for m in found), key=len, reverse=True)
    scores = [match.similarity for match in found]
    assert scores == sorted(scores, reverse=True)
    assert found[0].blocks == {}
    (one,) = find(closet, SearchRequest.check(closet, BLOCKS, text="number41"))
    assert one.product.id == "p41"
    with pytest.raises(RequestInvalid, match="no words"):
        find(closet, SearchRequest.check(closet, BLOCKS))


def test_a_deleted_product_is_not_found(tmp_path: Path) -> None:
    store = create_catalog(str(tmp_path / "shop.catalog"), META)
    store.upsert([entry(f"p{i}", unit_vectors(3, 1)[i : i + 1], title="linen") for i in range(3)])
    request = SearchRequest.check(store, BLOCKS, text="linen")
    assert len(find(store, request)) == 3
    store.delete(["p1"])
    assert {match.product.id for match in find(store, request)} == {"p0", "p2"}
    store.close()
