"""Splits that do not leak: what belongs together stays together."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import ManifestError
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import SPLITS

Split = Literal["train", "val", "test"]
DEFAULT_FRACTIONS: Mapping[str, float] = {"train": 0.8, "val": 0.1, "test": 0.1}


def drawn_split(key: str) -> Split:
    """80/10/10 by a hash of ``key``: a new key moves no other one to another split."""
    place = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") / 2**64
    return "train" if place < 0.8 else "val" if place < 0.9 else "test"


def assign_splits(
    manifest: Manifest,
    fractions: Mapping[str, float] = DEFAULT_FRACTIONS,
    *,
    by: Sequence[str] = ("group", "product_id"),
    seed: int = 0,
) -> Manifest:
    """Every row gets a split; rows that share a value of a column in ``by`` get the same one.

    Sharing is followed through: with ``("group", "product_id")`` a street photo with two products ties both together.
    Empty values tie nothing. The unit's place is drawn from a hash of its smallest key and ``seed``, so the order of
    rows does not matter; fractions are met by rows, as nearly as whole units allow.

    Raises :class:`ManifestError` for bad fractions, or when one unit is larger than the largest fraction.
    """
    if not fractions or set(fractions) - set(SPLITS[:3]) or abs(sum(fractions.values()) - 1) > 1e-6:
        raise ManifestError(f"fractions {dict(fractions)}", hint="Give train, val, test shares that add up to 1")
    if min(fractions.values()) < 0:
        raise ManifestError(f"fractions {dict(fractions)} hold a negative one", hint="Give shares from 0 to 1")
    units = _components([manifest.column(name) for name in by], manifest.column("image"))
    sizes = np.bincount(units)
    total = len(manifest)
    if total and sizes.max() > max(fractions.values()) * total + 0.5:
        raise ManifestError(
            f"{sizes.max()} of {total} rows hang together by {' and '.join(by)}",
            where=manifest.name or "manifest",
            hint="Split by fewer columns, or remove what ties everything together",
        )
    keys = _unit_keys(units, [manifest.column(name) for name in by], manifest.column("image"))
    order = sorted(range(len(sizes)), key=lambda u: hashlib.sha256(f"{seed}\n{keys[u]}".encode()).digest())
    split_of = np.empty(len(sizes), dtype=object)
    filled = dict.fromkeys(fractions, 0.0)
    for unit in order:
        # The split that is furthest behind its share; ties go to the first named.
        behind = max(fractions, key=lambda name: fractions[name] * total - filled[name] if fractions[name] else -np.inf)
        split_of[unit] = behind
        filled[behind] += sizes[unit]
    return manifest.with_split(split_of[units].tolist())


def leaks(manifest: Manifest, column: str = "product_id") -> list[str]:
    """Values of ``column`` that occur in more than one split, sorted; empty is good."""
    seen: dict[str, set[str]] = {}
    for value, split in zip(manifest.column(column), manifest.column("split"), strict=True):
        if value and split:
            seen.setdefault(value, set()).add(split)
    return sorted(value for value, splits in seen.items() if len(splits) > 1)


def _components(columns: Sequence[NDArray[np.object_]], images: NDArray[np.object_]) -> NDArray[np.intp]:
    """(rows,) the number of each row's unit: connected by equal values of any column, and always by the picture."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    rows = len(images)
    row_ids: list[NDArray[np.intp]] = []
    value_ids: list[NDArray[np.intp]] = []
    nodes = rows
    for column in (*columns, images):
        present = np.flatnonzero(column != "")
        _, codes = np.unique(column[present].astype(str), return_inverse=True)
        row_ids.append(present)
        value_ids.append(nodes + codes)
        nodes += int(codes.max()) + 1 if codes.size else 0
    left, right = np.concatenate(row_ids), np.concatenate(value_ids)
    graph = coo_matrix((np.ones(left.size, dtype=np.int8), (left, right)), shape=(nodes, nodes))
    labels = connected_components(graph, directed=False)[1][:rows]
    return np.unique(labels, return_inverse=True)[1].astype(np.intp)


def _unit_keys(
    units: NDArray[np.intp], columns: Sequence[NDArray[np.object_]], images: NDArray[np.object_]
) -> dict[int, str]:
    """The smallest value of each unit: a name that does not depend on the order of rows."""
    keys: dict[int, str] = {}
    for i, unit in enumerate(units.tolist()):
        key = min(f"{n}\t{column[i]}" for n, column in enumerate((*columns, images)) if column[i])
        if unit not in keys or key < keys[unit]:
            keys[unit] = key
    return keys
