"""Exact nearest neighbours in blocks, with scores that do not depend on the block size and ties broken by place.

Vectors are brought to fixed point first: components become multiples of 2^-24, at norms of at most 1. All products are
then multiples of 2^-48 and all partial sums stay below 4, so double precision holds them *exactly*, in whatever order
BLAS adds them up. Equal vectors get equal scores, always, and a tie is a tie: a collapsed, constant embedding scores at
chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from streetshop.core.errors import MeasureError

Distance = Literal["cosine", "dot", "euclidean"]
DISTANCES: Final = ("cosine", "dot", "euclidean")
_BITS: Final = 24
_BLOCK_BYTES: Final = 64 * 2**20

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Vectors:
    """Query and gallery in fixed point. Build with :func:`prepare`.

    Attributes:
        query, gallery: (Q, d) and (G, d) float64 multiples of 2^-24, norms at most 1.
        distance: by which they are compared.
    """

    query: Scores
    gallery: Scores
    distance: Distance

    def scores(self, rows: slice | NDArray[np.intp], columns: NDArray[np.intp] | slice = slice(None)) -> Scores:
        """(rows, columns) scores, higher is nearer.

        The dot product, or minus the squared Euclidean distance up to the square of the common scale.
        """
        q, g = self.query[rows], self.gallery[columns]
        dots = q @ g.T
        if self.distance != "euclidean":
            return dots
        dots *= 2
        dots -= np.einsum("ij,ij->i", q, q)[:, None]
        dots -= np.einsum("ij,ij->i", g, g)[None, :]
        return dots


def prepare(query: ArrayLike, gallery: ArrayLike, distance: Distance = "cosine") -> Vectors:
    """Check (Q, d) and (G, d) vectors and bring them to fixed point.

    A zero vector has no direction; its cosine with everything counts as 0, since networks that end in rectified
    features give one now and then, and a training must not end there.

    Raises :class:`MeasureError` for other shapes, NaN or infinity.
    """
    if distance not in DISTANCES:
        raise MeasureError(f"distance {distance!r} is unknown", hint=f"Use one of {', '.join(DISTANCES)}")
    q, g = _matrix(query, "query"), _matrix(gallery, "gallery")
    if q.shape[1] != g.shape[1]:
        raise MeasureError(f"query vectors have {q.shape[1]} components, gallery vectors {g.shape[1]}")
    if distance == "cosine":
        return Vectors(_fixed(_unit(q)), _fixed(_unit(g)), distance)
    largest = max((float(np.linalg.norm(m, axis=1).max()) for m in (q, g) if len(m)), default=0.0)
    # A power of two changes no bit of a component.
    scale = 2.0 ** -np.ceil(np.log2(largest)) if largest > 0 else 1.0
    return Vectors(_fixed(q * scale), _fixed(g * scale), distance)


def blocks(queries: int, gallery: int, block_bytes: int = _BLOCK_BYTES) -> Iterator[slice]:
    """Slices of the queries whose (block, gallery) scores take about ``block_bytes``."""
    size = max(1, block_bytes // (8 * max(gallery, 1)))
    for start in range(0, queries, size):
        yield slice(start, min(start + size, queries))


def top_k(scores: Scores, k: int) -> NDArray[np.intp]:
    """(rows, k) columns of the ``k`` best of each row, best first; of equal scores the lower column comes first.

    Columns of score -inf are never among them; missing places hold -1.
    """
    rows, columns = scores.shape
    best = np.full((rows, k), -1, dtype=np.intp)
    depth = min(k, columns)
    if depth == 0:
        return best
    threshold = np.partition(scores, columns - depth, axis=1)[:, columns - depth]
    for row in range(rows):
        line = scores[row]
        # Everything at the threshold is a candidate: partition() would pick among ties as it likes.
        candidates = np.flatnonzero((line >= threshold[row]) & (line > -np.inf))
        order = np.argsort(-line[candidates], kind="stable")[:depth]
        best[row, : len(order)] = candidates[order]
    return best


def first_rank(scores: Scores, relevant: NDArray[np.bool_]) -> NDArray[np.intp]:
    """(rows,) rank, from 1, of the first relevant column, ties as in :func:`top_k`; 0 if there is none."""
    masked = np.where(relevant, scores, -np.inf)
    column = np.argmax(masked, axis=1)  # the first of equals
    score = masked[np.arange(len(scores)), column][:, None]
    before = (scores > score).sum(axis=1)
    tied = ((scores == score) & (np.arange(scores.shape[1]) < column[:, None])).sum(axis=1)
    return np.where(score[:, 0] > -np.inf, before + tied + 1, 0)


def nearest(
    query: ArrayLike, gallery: ArrayLike, k: int, *, distance: Distance = "cosine", block_bytes: int = _BLOCK_BYTES
) -> NDArray[np.intp]:
    """(Q, k) rows of the gallery nearest to each query, best first, ties by row; -1 where the gallery is smaller."""
    if k < 1:
        raise MeasureError(f"k = {k}", hint="Ask for at least one neighbour")
    vectors = prepare(query, gallery, distance)
    found = np.full((len(vectors.query), k), -1, dtype=np.intp)
    for rows in blocks(len(vectors.query), len(vectors.gallery), block_bytes):
        found[rows] = top_k(vectors.scores(rows), k)
    return found


def _matrix(values: ArrayLike, name: str) -> Scores:
    """A copy of ``values`` in double precision: what follows works in place."""
    matrix = np.array(values, dtype=np.float64)
    if matrix.ndim != 2:
        raise MeasureError(f"{name} vectors of shape {matrix.shape}", hint="Expected (rows, components)")
    finite = np.isfinite(matrix).all(axis=1)
    if not finite.all():
        raise MeasureError(
            f"{name} vector {int(np.argmin(finite))} holds NaN or infinity", hint="The encoder diverged on it"
        )
    return matrix


def _unit(matrix: Scores) -> Scores:
    # The largest component first: the squares of very small and very large ones would leave the range of a double.
    largest = np.abs(matrix).max(axis=1, keepdims=True, initial=0.0)
    matrix /= np.where(largest > 0, largest, 1)
    length = np.sqrt(np.einsum("ij,ij->i", matrix, matrix))[:, None]
    matrix /= np.where(length > 0, length, 1)
    return matrix


def _fixed(matrix: Scores) -> Scores:
    np.ldexp(matrix, _BITS, out=matrix)
    np.rint(matrix, out=matrix)
    return np.ldexp(matrix, -_BITS, out=matrix)
