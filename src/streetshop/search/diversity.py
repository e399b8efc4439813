"""Lists whose products differ from each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import RequestInvalid
from streetshop.core.records import Block
from streetshop.search.designs import Design

POOL: Final = 100
"""Results among which the order changes; later ones keep theirs."""


def check_diverse(value: object) -> float:
    """How diverse a list is asked to be. Raises RequestInvalid for what is no number from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise RequestInvalid(f"diverse is {value!r:.80}", where="diverse", hint="Give a number from 0 to 1")
    return float(value)


def diversified(
    designs: Sequence[Design],
    relevance: Sequence[float],
    blocks: Sequence[Block],
    weights: Mapping[str, float],
    diverse: float,
) -> list[Design]:
    """The first ``POOL`` designs in the order of :func:`spread`, then the others as they are.

    Args:
        designs: best first.
        relevance: of each of them.
        blocks: of the vectors.
        weights: of the blocks.
        diverse: from 0 to 1; 0 changes nothing.
    """
    if not diverse or len(designs) < 3:
        return list(designs)
    pool = designs[:POOL]
    vectors = np.stack([design.hit.vector for design in pool])
    factors = np.repeat([weights[block.name] for block in blocks], [block.dim for block in blocks])
    order = spread(relevance[:POOL], alike(vectors, factors, [design.product.kind for design in pool]), diverse)
    return [*(pool[at] for at in order), *designs[POOL:]]


def spread(relevance: Sequence[float], likeness: NDArray[np.float64], diverse: float) -> list[int]:
    r"""Order results by maximal marginal relevance (Carbonell and Goldstein, 1998, eq. 1).

    The next result is

        argmax_i  (1 - d) * relevance_i - d * max_{j chosen} likeness_ij

    so each costs as much as it resembles what the list has already.

    Args:
        relevance: (n,) of the results, best first.
        likeness: (n, n) of each two results.
        diverse: d, from 0 (by relevance alone) to 1 (by difference alone).

    Returns:
        Indices of all results; the first result stays first.
    """
    values = np.asarray(relevance, np.float64)
    nearest = np.zeros(len(values))
    left = np.ones(len(values), bool)
    order: list[int] = []
    for _ in range(len(values)):
        gain = (1 - diverse) * values - diverse * nearest if order else values.copy()
        gain[~left] = -np.inf
        chosen = int(np.argmax(gain))
        order.append(chosen)
        left[chosen] = False
        nearest = likeness[chosen].copy() if len(order) == 1 else np.maximum(nearest, likeness[chosen])
    return order


def alike(vectors: NDArray[np.float32], weights: NDArray[np.float64], kinds: Sequence[str]) -> NDArray[np.float64]:
    """How much each two products resemble each other.

    Args:
        vectors: (n, dim) concatenated unit blocks.
        weights: (dim,) of the block of each component.
        kinds: (n,) of the products; empty where unknown.

    Returns:
        (n, n) the mean of two terms: the weighted mean of the blocks' cosines, and 1 for the same kind, 0 for another,
        1/2 where one is unknown.
    """
    named = np.asarray(kinds)
    same = (named[:, None] == named[None]).astype(np.float64)
    unknown = named == ""
    same[unknown[:, None] | unknown[None]] = 0.5
    values = vectors.astype(np.float64)
    norm = float((values[0] ** 2 * weights).sum()) if len(values) else 1.0
    likeness: NDArray[np.float64] = ((values * weights) @ values.T / norm + same) / 2
    return likeness
