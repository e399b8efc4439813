"""Step 6, splits: train, val and test without a product, near duplicate or sender in two splits."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import CurateError
from streetshop.lab.curate.curation import Curation
from streetshop.lab.curate.duplicates import group_of_rows
from streetshop.lab.curate.features import Features
from streetshop.lab.curate.pairs import with_pairs
from streetshop.lab.data.manifest import SCHEMA, Manifest
from streetshop.lab.data.splits import DEFAULT_FRACTIONS, assign_splits, leaks

OUT = "curated.parquet"


def run_split(
    curation: Curation,
    fractions: Mapping[str, float] = DEFAULT_FRACTIONS,
    *,
    seed: int = 0,
) -> dict[str, Any]:
    """Write ``curated.parquet``: the remaining rows with the products of accepted pairs, and a split each.

    Args:
        curation: with features.
        fractions: share of each split.
        seed: of the assignment.

    Raises:
        CurateError: no row is left, or a leak was found; nothing is written then.
    """
    left = np.flatnonzero(curation.remaining(before="split"))
    if not len(left):
        raise CurateError("no row is left", where=str(curation.folder), hint="Keep more in the steps before")
    kept = with_pairs(curation).take(left)
    ties = _ties(curation)[left]
    split = assign_splits(_tied(kept, ties), fractions, seed=seed).column("split")
    curated = kept.with_split(split.tolist())
    report = leak_report(curated, ties, Features.of(curation).index[left])
    found = {name: values for name, values in report.items() if values}
    if found:
        raise CurateError(
            f"the split leaks: {next(iter(found))} {found[next(iter(found))][0]} is on two sides",
            where=str(curation.folder),
            hint="This is a bug; please report it",
        )
    curated.write(curation.folder / OUT)
    summary = {
        "rows": len(left),
        "seed": seed,
        "fractions": dict(fractions),
        "counts": curated.counts(),
        "leaks": {name: len(values) for name, values in report.items()},
        "fingerprint": curated.fingerprint,
        "manifest": str(curation.folder / OUT),
    }
    curation.finish("split", summary, {})
    return curation.summary("split")


def leak_report(curated: Manifest, ties: NDArray[np.int64], places: NDArray[np.int64]) -> dict[str, list[str]]:
    """Values in more than one split, by kind: products, senders, pictures, contents, near duplicates.

    Args:
        curated: the rows with their splits.
        ties: (rows,) duplicate group, -1 for none.
        places: (rows,) equal for equal content, -1 for none.
    """
    splits = curated.column("split")
    return {
        "product": leaks(curated, "product_id"),
        "sender": leaks(curated, "group"),
        "picture": leaks(curated, "image"),
        "content": _on_two_sides(places, splits),
        "near duplicates": _on_two_sides(ties, splits),
    }


def _on_two_sides(numbers: NDArray[np.int64], splits: NDArray[np.object_]) -> list[str]:
    sides = sorted({(number, split) for number, split in zip(numbers.tolist(), splits, strict=True) if number >= 0})
    return [str(a[0]) for a, b in pairwise(sides) if a[0] == b[0]]


def _ties(curation: Curation) -> NDArray[np.int64]:
    """(rows,) duplicate group; equal content where the step duplicates was not run."""
    if curation.done("duplicates"):
        return group_of_rows(curation)
    return Features.of(curation).index.copy()


def _tied(kept: Manifest, ties: NDArray[np.int64]) -> Manifest:
    """The rows with senders and duplicate groups joined in the column ``group``, for :func:`assign_splits`."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    groups = kept.column("group")
    names, codes = np.unique(groups.astype(str), return_inverse=True)
    known, numbers = np.unique(ties, return_inverse=True)
    rows = np.arange(len(kept))
    sent, tied = rows[groups != ""], rows[ties >= 0]
    # Nodes: rows, then senders, then duplicate groups.
    left = np.concatenate([sent, tied])
    right = len(kept) + np.concatenate([codes[sent], len(names) + numbers[tied]])
    size = len(kept) + len(names) + len(known)
    graph = coo_matrix((np.ones(len(left), np.int8), (left, right)), shape=(size, size))
    units = connected_components(graph, directed=False)[1][: len(kept)]
    index = SCHEMA.get_field_index("group")
    column = [f"unit {unit}" for unit in units.tolist()]
    return Manifest(kept.table.set_column(index, SCHEMA.field(index), [column]), kept.root, kept.name)
