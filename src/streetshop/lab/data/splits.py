"""Splits without leaks: samples that belong together stay in one split."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import ManifestError, UsageError
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import SPLITS

Split = Literal["train", "val", "test"]
DEFAULT_FRACTIONS: Mapping[str, float] = {"train": 0.8, "val": 0.1, "test": 0.1}


def parse_fractions(shares: str, option: str) -> dict[str, float]:
    """``80/10/10`` as fractions of train, val and test.

    Args:
        shares: three numbers that need not add up to 1.
        option: named in the error.

    Raises:
        UsageError: these are not three shares.
    """
    try:
        values = [float(share) for share in shares.split("/")]
    except ValueError:
        values = []
    if len(values) != 3 or min(values) < 0 or sum(values) <= 0:
        raise UsageError(f"{option} {shares!r}", hint="Give shares of train, val and test, e.g. 80/10/10")
    return {name: value / sum(values) for name, value in zip(("train", "val", "test"), values, strict=True)}


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
    """Assign a split to every row; rows that share a value of a column in ``by``, or a picture, get the same one.

    Units are the connected components: with ``("group", "product_id")`` a street photo with two products connects both.
    Empty values connect nothing. The order of units follows from a hash of their smallest keys and ``seed``, so the
    order of rows does not matter.

    Args:
        manifest: the rows.
        fractions: share of rows by split, met as nearly as whole units allow.
        by: columns whose values stay in one split.
        seed: of the hash.

    Raises:
        ManifestError: the fractions are invalid, or one unit is larger than the largest fraction.
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
            f"{sizes.max()} of {total} rows are connected by {' and '.join(by)}",
            where=manifest.name or "manifest",
            hint="Split by fewer columns, or remove the values that connect the rows",
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
    """(rows,) connected component of each row; equal values of a column or of the picture connect."""
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
    """The smallest value of each unit, which does not depend on the order of rows."""
    keys: dict[int, str] = {}
    for i, unit in enumerate(units.tolist()):
        key = min(f"{n}\t{column[i]}" for n, column in enumerate((*columns, images)) if column[i])
        if unit not in keys or key < keys[unit]:
            keys[unit] = key
    return keys
