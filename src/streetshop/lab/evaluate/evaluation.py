"""Measure vectors under a protocol."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from streetshop.core.errors import MeasureError
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.evaluate import metrics
from streetshop.lab.evaluate.protocols import Protocol
from streetshop.lab.evaluate.ranking import Distance, Vectors, blocks, first_rank, prepare, top_k
from streetshop.lab.evaluate.result import Result

Metric = Callable[[NDArray[np.bool_], NDArray[np.intp], NDArray[np.intp]], NDArray[np.float64]]
"""(hits, relevant, first) of a block of queries to their values."""

_NAME: Final = re.compile(r"^(hit|precision|recall|map|mrr|ndcg)(?:@(\d+))?(?:/(min|relevant|hits))?$")


@dataclass(frozen=True, slots=True)
class Roles:
    """Row numbers of a manifest: queries and gallery."""

    query: NDArray[np.intp]
    gallery: NDArray[np.intp]


def roles(manifest: Manifest, protocol: Protocol) -> Roles:
    """Rows to embed for ``protocol``.

    Raises:
        MeasureError: a side is empty.
    """
    found = Roles(protocol.queries.select(manifest), protocol.gallery.select(manifest))
    for side, rows, rule in (("query", found.query, protocol.queries), ("gallery", found.gallery, protocol.gallery)):
        if len(rows) == 0:
            raise MeasureError(
                f"the manifest has no {side} row for the protocol {protocol.name}",
                where=manifest.name or "manifest",
                hint=f"It wants {rule}",
            )
    return found


def parse_metric(name: str) -> tuple[Metric, int | None]:
    """The function of a metric's name, and the depth it needs (None: the whole gallery).

    Args:
        name: ``hit@k``, ``precision@k``, ``recall@k``, ``ndcg@k``, ``map@k/min``, ``map@k/relevant``, ``map@k/hits``,
            ``map`` (over the whole gallery), ``mrr`` (over the whole gallery) or ``mrr@k``.

    Raises:
        MeasureError: the name is unknown.
    """
    matched = _NAME.match(name)
    kind, rank, denominator = matched.groups() if matched else ("", None, None)
    k = int(rank) if rank else None
    if kind == "mrr" and denominator is None and k != 0:
        return lambda hits, relevant, first: metrics.reciprocal_rank(first, relevant, k), k or 1
    if kind == "map" and k is None and denominator is None:
        return lambda hits, relevant, _: metrics.average_precision(hits, relevant, hits.shape[1], "relevant"), None
    if kind == "map" and k and denominator:
        divisor = cast(metrics.Denominator, denominator)
        return lambda hits, relevant, _: metrics.average_precision(hits, relevant, k, divisor), k
    plain = {"hit": metrics.hit_rate, "precision": metrics.precision, "recall": metrics.recall, "ndcg": metrics.ndcg}
    if kind in plain and k and denominator is None:
        return lambda hits, relevant, _: plain[kind](hits, relevant, k), k
    raise MeasureError(
        f"metric {name!r} is unknown",
        hint="Use hit@k, precision@k, recall@k, ndcg@k, map@k/min, map@k/relevant, map@k/hits, map, mrr or mrr@k",
    )


def evaluate(
    manifest: Manifest,
    protocol: Protocol,
    query_vectors: ArrayLike,
    gallery_vectors: ArrayLike,
    *,
    distance: Distance = "cosine",
    missed: ArrayLike | None = None,
    run: str = "",
    block_bytes: int = 64 * 2**20,
) -> Result:
    """Measure vectors under ``protocol``.

    Args:
        manifest: the rows.
        protocol: queries, gallery, relevance and metrics.
        query_vectors: (len(roles.query), d), in the order of :func:`roles`.
        gallery_vectors: (len(roles.gallery), d); a two-stream encoder embeds each side with its own stream.
        distance: cosine or euclidean.
        missed: (queries,) bool: nothing was detected for the query; it scores 0 whatever its vector.
        run: name of the vectors' run, for tables.
        block_bytes: memory of a block of scores; about five are needed, and 8 bytes a component of both sides.

    Raises:
        MeasureError: the vectors do not fit the manifest, or a metric is unknown.
    """
    sides = roles(manifest, protocol)
    vectors = prepare(query_vectors, gallery_vectors, distance)
    _check_rows(vectors, sides)
    wanted = {name: parse_metric(name) for name in protocol.metrics}
    lost = np.zeros(len(sides.query), dtype=np.bool_) if missed is None else np.asarray(missed, dtype=np.bool_)
    if lost.shape != sides.query.shape:
        raise MeasureError(f"missed has the shape {lost.shape} for {len(sides.query)} queries")
    values = {name: np.empty(len(sides.query)) for name in wanted}
    relevant = np.zeros(len(sides.query), dtype=np.intp)
    searched = np.zeros(len(sides.query), dtype=np.intp)
    search = _Search(manifest, protocol, sides, vectors)
    for asking, columns in search.groups():
        depths = [len(columns) if depth is None else depth for _, depth in wanted.values()]
        depth = max(1, *depths)
        for part in blocks(len(asking), len(columns), block_bytes):
            here = asking[part]
            hits, total, first, seen = search.block(here, columns, depth)
            relevant[here], searched[here] = total, seen
            for name, (function, _) in wanted.items():
                values[name][here] = function(hits, total, first)
    worthless = lost & (relevant > 0)
    if protocol.unmatched == "zero":
        worthless |= relevant == 0
    for column in values.values():
        column[worthless] = 0.0
    return Result(
        protocol=protocol.name,
        manifest=manifest.fingerprint,
        run=run,
        distance=distance,
        query_ids=tuple(_query_ids(manifest, sides.query)),
        categories=tuple(manifest.column("category")[sides.query]),
        groups=tuple(manifest.column("group")[sides.query]),
        values=values,
        relevant=relevant,
        searched=searched,
        missed=lost,
        gallery=len(sides.gallery),
    )


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Results of some queries under a protocol, best first.

    Attributes:
        rows: (n, k) row numbers of the manifest, -1 beyond the gallery's end; a product is given by its best picture.
        hits: (n, k) whether each is relevant.
    """

    rows: NDArray[np.intp]
    hits: NDArray[np.bool_]


def neighbours(
    manifest: Manifest,
    protocol: Protocol,
    query_vectors: ArrayLike,
    gallery_vectors: ArrayLike,
    k: int,
    *,
    queries: ArrayLike | None = None,
    distance: Distance = "cosine",
    block_bytes: int = 64 * 2**20,
) -> Neighbours:
    """The ``k`` nearest gallery items of some queries, ranked as in :func:`evaluate`.

    Args:
        manifest: the rows.
        protocol: queries, gallery and relevance.
        query_vectors: see :func:`evaluate`.
        gallery_vectors: see :func:`evaluate`.
        k: how many.
        queries: positions in ``roles(...).query``; default: all.
        distance: cosine or euclidean.
        block_bytes: memory of a block of scores.

    Raises:
        MeasureError: as :func:`evaluate`, or there is no such query.
    """
    sides = roles(manifest, protocol)
    vectors = prepare(query_vectors, gallery_vectors, distance)
    _check_rows(vectors, sides)
    wanted = np.arange(len(sides.query)) if queries is None else np.asarray(queries, dtype=np.intp)
    if k < 1 or (wanted.size and (wanted.min() < 0 or wanted.max() >= len(sides.query))):
        raise MeasureError(f"{k} neighbours of queries {wanted}", hint=f"There are {len(sides.query)} queries")
    rows = np.full((len(wanted), k), -1, dtype=np.intp)
    hits = np.zeros((len(wanted), k), dtype=np.bool_)
    search = _Search(manifest, protocol, sides, vectors)
    for group, columns in search.groups():
        asking = np.flatnonzero(np.isin(wanted, group))
        if len(columns) == 0:
            continue
        for part in blocks(len(asking), len(columns), block_bytes):
            here = asking[part]
            scores, relevance, shots = search.units(wanted[here], columns)
            best = top_k(scores, k)
            place = np.maximum(best, 0)
            hits[here] = np.take_along_axis(relevance, place, axis=1) & (best >= 0)
            rows[here] = np.where(best >= 0, sides.gallery[np.take_along_axis(shots, place, axis=1)], -1)
    return Neighbours(rows, hits)


class _Search:
    """Codes of ids, categories and exclusions, once for all blocks."""

    def __init__(self, manifest: Manifest, protocol: Protocol, sides: Roles, vectors: Vectors) -> None:
        self.protocol, self.vectors = protocol, vectors
        products = manifest.column("product_id")
        images = manifest.column("image")
        self.products = _codes(products)[sides.gallery]
        # Ties are broken by product id, then by picture: gallery columns are put in that order once.
        self.order = np.lexsort((_codes(images)[sides.gallery], self.products))
        labels = _labels(manifest, protocol.relevance)
        self.query_labels, self.gallery_labels = labels[sides.query], labels[sides.gallery]
        categories = _codes(manifest.column("category"))
        self.query_category, self.gallery_category = categories[sides.query], categories[sides.gallery]
        if protocol.exclude != "none":
            marks = _codes(manifest.column(protocol.exclude))
            self.query_marks, self.gallery_marks = marks[sides.query], marks[sides.gallery]

    def groups(self) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """(query positions, gallery positions in order of ties) that search each other."""
        if self.protocol.within == "all":
            yield np.arange(len(self.query_labels)), self.order
            return
        for category in np.unique(self.query_category):
            asking = np.flatnonzero(self.query_category == category)
            yield asking, self.order[self.gallery_category[self.order] == category]

    def block(
        self, asking: NDArray[np.intp], columns: NDArray[np.intp], depth: int
    ) -> tuple[NDArray[np.bool_], NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
        """(hits (n, depth), relevant (n,), first (n,), searched (n,)) of some queries."""
        if len(columns) == 0:
            nothing = np.zeros(len(asking), dtype=np.intp)
            return np.zeros((len(asking), depth), dtype=np.bool_), nothing, nothing.copy(), nothing.copy()
        scores, relevance, starts = self._scored(asking, columns)
        if starts is not None:
            scores = np.maximum.reduceat(scores, starts, axis=1)
        best = top_k(scores, depth)
        hits = np.take_along_axis(relevance, np.maximum(best, 0), axis=1) & (best >= 0)
        return hits, relevance.sum(axis=1), first_rank(scores, relevance), (scores > -np.inf).sum(axis=1)

    def units(
        self, asking: NDArray[np.intp], columns: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.intp]]:
        """(scores, relevance, gallery position), each (n, units); a unit is a picture, or a product's best picture."""
        scores, relevance, starts = self._scored(asking, columns)
        if starts is None:
            return scores, relevance, np.broadcast_to(columns, scores.shape)
        top = np.maximum.reduceat(scores, starts, axis=1)
        shots = np.empty(top.shape, dtype=np.intp)
        for unit, (start, stop) in enumerate(zip(starts, [*starts[1:], len(columns)], strict=True)):
            shots[:, unit] = columns[start + np.argmax(scores[:, start:stop], axis=1)]
        return top, relevance, shots

    def _scored(
        self, asking: NDArray[np.intp], columns: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.intp] | None]:
        """Scores of pictures, relevance of units, and the first picture of each unit (None: every picture is one).

        Excluded pictures score -inf.
        """
        scores = self.vectors.scores(asking, columns)
        labels = self.query_labels[asking]
        relevance = (labels[:, None] == self.gallery_labels[columns][None, :]) & (labels >= 0)[:, None]
        if self.protocol.exclude != "none":
            marks = self.query_marks[asking]
            own = (marks[:, None] == self.gallery_marks[columns][None, :]) & (marks >= 0)[:, None]
            scores[own] = -np.inf
            relevance &= ~own
        if self.protocol.unit == "shot":
            return scores, relevance, None
        starts = np.flatnonzero(np.diff(self.products[columns], prepend=-2))
        return scores, np.logical_or.reduceat(relevance, starts, axis=1), starts


def _codes(values: NDArray[Any]) -> NDArray[np.intp]:
    """Numbers in the order of the values as text; -1 for the empty one, which equals nothing."""
    _, codes = np.unique(values.astype(str), return_inverse=True)
    return np.where(values == "", -1, codes).astype(np.intp)


def _labels(manifest: Manifest, relevance: str) -> NDArray[np.intp]:
    if relevance in ("product", "category"):
        return _codes(manifest.column("product_id" if relevance == "product" else "category"))
    kind, _, name = relevance.partition(":")
    if kind != "attribute" or not name:
        raise MeasureError(f"relevance {relevance!r} is unknown", hint="Use product, category or attribute:NAME")
    return _codes(manifest.attribute(name))


def _check_rows(vectors: Vectors, sides: Roles) -> None:
    for side, matrix, rows in (("query", vectors.query, sides.query), ("gallery", vectors.gallery, sides.gallery)):
        if len(matrix) != len(rows):
            raise MeasureError(
                f"{len(matrix)} {side} vectors for {len(rows)} {side} rows", hint="Embed the rows that roles() names"
            )


def _query_ids(manifest: Manifest, rows: NDArray[np.intp]) -> Iterator[str]:
    for row in manifest.take(rows):
        box = "" if row.box is None else ",".join(f"{v:.1f}" for v in row.box)
        yield f"{row.image}[{box}]{row.category}:{row.product_id}"
