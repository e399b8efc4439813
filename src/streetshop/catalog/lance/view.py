"""A catalog at one version of its table: segments, and which of their products are alive."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from streetshop.catalog.filters import Filter, field_values, fold, print_filter
from streetshop.catalog.lance import columns, rows
from streetshop.catalog.lance.columns import Mask
from streetshop.catalog.lance.segment import Segment, segment_of
from streetshop.catalog.store import Hit, Words
from streetshop.core.records import FieldType, Product, Vector

if TYPE_CHECKING:
    import pyarrow as pa

_SMALL_SEGMENTS: Final = 16
"""Segments in memory from which those of the last writes are merged."""
_FILTERS: Final = 32
"""Filters whose results are cached."""
_WORDS: Final = 32
"""Words whose products are cached."""
_LONGEST_MISSPELLED: Final = 30
"""Letters of a word up to which it may be misspelled. The engine refuses longer words, from 50 letters or so."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """An immutable view; later rows give a new view that shares what did not change.

    Attributes:
        dim: length of the vectors.
        segments: the sealed segment (possibly empty), then those of later writes.
        alive: per segment, (products,) booleans: not deleted or replaced later.
        stamp: the largest ``stamp`` of the rows.
        version: of the table.
        raw: per segment but the first, its rows.
    """

    dim: int
    segments: tuple[Segment, ...]
    alive: tuple[Mask, ...]
    stamp: int
    version: int = 0
    raw: tuple[pa.Table, ...] = ()
    _passing: OrderedDict[tuple[int, str, Words | None], Mask | None] = field(default_factory=OrderedDict)
    _held: OrderedDict[str, tuple[NDArray[np.float32], ...]] = field(default_factory=OrderedDict)
    _lock: Any = field(default_factory=threading.Lock)

    @property
    def shots(self) -> int:
        """Number of shots of products that are alive."""
        return sum(int(np.count_nonzero(alive[segment.owner])) for segment, alive in self._parts())

    def with_rows(self, table: pa.Table, version: int) -> View:
        """The view at a later version, given the rows written since (columns ``rows.SEARCHED``)."""
        import pyarrow.compute as pc

        if not len(table):
            return replace(self, version=version)
        stamp = max(self.stamp, pc.max(table.column("stamp")).as_py())
        written = table.column("product_id").unique().to_pylist()
        alive = []
        for segment, old in self._parts():
            dead = [row for product_id in written if (row := segment.find(product_id)) is not None]
            if dead:
                old = old.copy()
                old[dead] = False
            alive.append(old)
        view = View(self.dim, self.segments, tuple(alive), stamp, version, self.raw)._grown(table)
        return view if len(view.segments) <= _SMALL_SEGMENTS else view._merged()

    def _grown(self, table: pa.Table) -> View:
        segment = segment_of(table, self.dim)
        alive = np.ones(len(segment.products), bool)
        return View(
            self.dim,
            (*self.segments, segment),
            (*self.alive, alive),
            self.stamp,
            self.version,
            (*self.raw, table),
        )

    def _merged(self) -> View:
        """Merge the last segments: those that have, together, as many rows as the one before them.

        So each row is merged a number of times that grows with the logarithm of the rows, not with the rows.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        start, rows_after = len(self.raw) - 1, len(self.raw[-1])
        while start > 0 and len(self.raw[start - 1]) <= rows_after:
            start -= 1
            rows_after += len(self.raw[start])
        kept = []
        for segment, alive, table in [*zip(self.segments[1:], self.alive[1:], self.raw, strict=True)][start:]:
            ids = segment.products.column("id").filter(alive).combine_chunks()
            kept.append(table.filter(pc.is_in(table.column("product_id"), value_set=ids)))
        first = View(
            self.dim, self.segments[: start + 1], self.alive[: start + 1], self.stamp, self.version, self.raw[:start]
        )
        return first._grown(pa.concat_tables(kept).combine_chunks())

    def _parts(self) -> Iterator[tuple[Segment, Mask]]:
        return zip(self.segments, self.alive, strict=True)

    # --- products ---

    def get(self, product_id: str) -> Product | None:
        """A product, None if it is not there."""
        place = self._find(product_id)
        return rows.product_from_json(place[0].product_json(place[1])) if place else None

    def vectors(self, product_id: str) -> NDArray[np.float32] | None:
        """(shots, dim) vectors of a product, None if it is not there."""
        place = self._find(product_id)
        if place is None:
            return None
        segment, row = place
        shots = np.flatnonzero(segment.owner == row)
        return np.array(segment.vectors[shots[np.argsort(segment.shot[shots])]])

    def _find(self, product_id: str) -> tuple[Segment, int] | None:
        for segment, alive in reversed(list(self._parts())):
            row = segment.find(product_id)
            if row is not None and alive[row]:
                return segment, row
        return None

    def count(self, where: Filter | None) -> int:
        """Number of products that pass the filter."""
        return sum(int(np.count_nonzero(self._products_passing(n, where))) for n in range(len(self.segments)))

    def variants(self, ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """See ``Store.variants``."""
        found = {}
        for product_id in ids:
            place = self._find(product_id)
            name = place[0].design_of_row(place[1]) if place else ""
            if name:
                members = [id for segment, alive in self._parts() for id in segment.of_design(name, alive)]
                found[product_id] = tuple(sorted(members))
        return found

    def count_designs(self, where: Filter | None) -> int:
        """Number of designs of the products that pass the filter; a product without one counts as one."""
        single = 0
        names: set[str] = set()
        for number, segment in enumerate(self.segments):
            passing = self._products_passing(number, where)
            single += int(np.count_nonzero(passing & (segment.designs.codes < 0)))
            names.update(segment.designs.names[code].as_py() for code in segment.designs.among(passing))
        return single + len(names)

    # --- fields ---

    def fields(self) -> dict[str, FieldType]:
        """Names that a filter may use, with their types."""
        return columns.field_types(name for segment in self.segments for name in segment.products.column_names)

    def values(self, name: str, limit: int) -> list[tuple[str, int]]:
        """The commonest values of a text field with their numbers of products, spelled as in some product."""
        counts: Counter[str] = Counter()
        sample: dict[str, tuple[Segment, int]] = {}
        for segment, alive in self._parts():
            if f"t:{name}" not in segment.products.column_names or not alive.any():
                continue
            column = segment.products.column(f"t:{name}").combine_chunks()
            codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)[alive]
            used, at, numbers = np.unique(codes, return_index=True, return_counts=True)
            of_row = np.flatnonzero(alive)
            for code, place, number in zip(used.tolist(), at.tolist(), numbers.tolist(), strict=True):
                if code >= 0:
                    value = column.dictionary[code].as_py()
                    counts[value] += number
                    sample.setdefault(value, (segment, int(of_row[place])))
        top = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]
        return [(_spelled(*sample[value], name, value), number) for value, number in top]

    def bounds(self, name: str) -> tuple[float, float] | None:
        """Smallest and largest value of a number field, None if no product has one."""
        found = [np.zeros(0)]
        for segment, alive in self._parts():
            if f"n:{name}" in segment.products.column_names:
                found.append(segment.products.column(f"n:{name}").to_numpy()[alive])
        numbers = np.concatenate(found)
        numbers = numbers[~np.isnan(numbers)]
        return (float(numbers.min()), float(numbers.max())) if len(numbers) else None

    # --- searching ---

    def search(self, query: Vector, k: int, where: Filter | None, exact: bool, words: Words | None = None) -> list[Hit]:
        """See ``Store.search``."""
        found: list[tuple[float, str, int, Segment, int]] = []
        for number, segment in enumerate(self.segments):
            if len(segment.vectors):
                chosen, scores = segment.nearest(query, k, self._shots_passing(number, where, words), exact)
                found += _places(segment, chosen, scores, k)
        found.sort(key=lambda place: (-place[0], place[1], place[2]))
        return [
            Hit(name, shot, score, np.array(segment.vectors[at]), segment.design_of_row(int(segment.owner[at])))
            for score, name, shot, segment, at in found[:k]
        ]

    def find(self, words: tuple[str, ...], k: int, where: Filter | None) -> list[Hit]:
        """See ``Store.find``."""
        found: list[tuple[float, str, Segment, int]] = []
        for number, segment in enumerate(self.segments):
            relevance = np.stack([_share(scores[number]) for scores in map(self._scores, words)])
            held = (relevance > 0).sum(0)
            totals = np.where(held, held - 1 + relevance.sum(0) / np.maximum(held, 1), 0) / len(words)
            chosen = np.flatnonzero(self._products_passing(number, where) & (held > 0))
            if len(chosen) > k:  # with all ties with the last
                chosen = chosen[totals[chosen] >= np.partition(totals[chosen], len(chosen) - k)[len(chosen) - k]]
            names = segment.products.column("id").take(chosen).to_pylist()
            found += [
                (float(totals[row]), name, segment, row) for row, name in zip(chosen.tolist(), names, strict=True)
            ]
        found.sort(key=lambda place: (-place[0], place[1]))
        return [
            Hit(name, 0, score, segment.first_vector(row), segment.design_of_row(row))
            for score, name, segment, row in found[:k]
        ]

    def held(self, ids: Iterable[str], words: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        """See ``Store.held``."""
        found = {}
        for product_id in ids:
            place = self._find(product_id)
            if place is not None:
                number = next(n for n, segment in enumerate(self.segments) if segment is place[0])
                found[product_id] = tuple(word for word in words if self._scores(word)[number][place[1]] > 0)
        return found

    def _scores(self, word: str) -> tuple[NDArray[np.float32], ...]:
        """Per segment, (products,) BM25 of a word; of the words nearest to it when no product has it."""
        with self._lock:
            if word in self._held:
                self._held.move_to_end(word)
                return self._held[word]
        scores: tuple[NDArray[np.float32], ...] = ()
        for edits in range(1 + _edits(word)):
            scores = tuple(segment.words.scores(word, edits) for segment in self.segments)
            if any(bool((of * alive).any()) for of, alive in zip(scores, self.alive, strict=True)):
                break
        with self._lock:
            self._held[word] = scores
            if len(self._held) > _WORDS:
                self._held.popitem(last=False)
        return scores

    def _products_passing(self, number: int, where: Filter | None) -> Mask:
        alive = self.alive[number]
        return alive if where is None else alive & columns.filter_mask(where, self.segments[number].products)

    def _shots_passing(self, number: int, where: Filter | None, words: Words | None) -> Mask | None:
        """(shots,) booleans, None if all pass; cached for the last filters."""
        key = (number, print_filter(where) if where else "", words)
        with self._lock:
            if key in self._passing:
                self._passing.move_to_end(key)
                return self._passing[key]
        products = self._products_passing(number, where)
        if words is not None:
            held = sum((scores[number] > 0).astype(np.int32) for scores in map(self._scores, words.words))
            products = products & (held >= words.least)
        passing = None if products.all() else products[self.segments[number].owner]
        with self._lock:
            self._passing[key] = passing
            if len(self._passing) > _FILTERS * len(self.segments):
                self._passing.popitem(last=False)
        return passing


def empty_view(dim: int) -> View:
    """The view of an empty table."""
    return sealed_view(dim, segment_of(rows.table_schema(dim).empty_table(), dim), 0, 0)


def sealed_view(dim: int, segment: Segment, stamp: int, version: int) -> View:
    """The view of a sealed segment alone."""
    return View(dim, (segment,), (np.ones(len(segment.products), bool),), stamp, version)


def _places(
    segment: Segment, chosen: NDArray[np.int64], scores: NDArray[np.float32], k: int
) -> list[tuple[float, str, int, Segment, int]]:
    """(score, product id, shot, segment, row) of the best ``k``, and of all ties with the last."""
    if len(chosen) > k:
        keep = scores >= np.partition(scores, len(scores) - k)[len(scores) - k]
        chosen, scores = chosen[keep], scores[keep]
    names = segment.products.column("id").take(segment.owner[chosen]).to_pylist()
    numbers = segment.shot[chosen].tolist()
    return [
        (score, name, shot, segment, at)
        for score, name, shot, at in zip(scores.tolist(), names, numbers, chosen.tolist(), strict=True)
    ]


def _spelled(segment: Segment, row: int, name: str, value: str) -> str:
    spelled = field_values(rows.product_from_json(segment.product_json(row))).get(name)
    return spelled if isinstance(spelled, str) and fold(spelled) == value else value


def _edits(word: str) -> int:
    """By how many letters a word may be misspelled."""
    letters = len(fold(word))
    if not 3 <= letters <= _LONGEST_MISSPELLED or any(letter.isdigit() for letter in word):
        return 0
    return 1 if letters < 5 else 2


def _share(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scores over the largest: those of segments depend on how many products each has."""
    largest = float(scores.max(initial=0))
    return scores / np.float32(largest) if largest > 0 else scores
