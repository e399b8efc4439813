"""Step 4, near duplicates: of copies that are resized, cropped, recompressed, stamped or mirrored one picture stays.

Exact copies have equal content hashes. Near copies are found either by range search over the features, a check of each
pair's pixels and connected components (``search``), or by distances in a five-dimensional UMAP projection of the
features, as in method 4 (``umap``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from streetshop.core.errors import CurateError
from streetshop.core.files import output_file
from streetshop.lab.curate.alignment import Thumbnails, likeness
from streetshop.lab.curate.curation import Curation
from streetshop.lab.curate.encoders import Vectors
from streetshop.lab.curate.features import Features, reduced
from streetshop.lab.curate.neighbours import Pairs, connected, groups_within, pairs_above

Method = Literal["search", "umap"]

CANDIDATE: Final = 0.75
"""Least cosine of reduced features for two pictures to be compared by their pixels."""
LIKENESS: Final = 0.8
"""Least pixel similarity of near copies."""
UMAP_DISTANCE: Final = 0.05
"""Largest distance of near copies in the UMAP projection."""
_FILE: Final = "duplicates.parquet"


@dataclass(frozen=True, slots=True)
class Group:
    """Pictures that are copies of each other.

    Attributes:
        rows: rows of the manifest, the best picture first, those without a product last.
        kept: rows that stay: the best of each product, or the best of all where no product is known.
        products: the distinct products; more than one is a conflict to review.
    """

    rows: tuple[int, ...]
    kept: tuple[int, ...]
    products: tuple[str, ...]


def project(unit: Vectors, *, seed: int = 0) -> Vectors:
    """(n, 5) UMAP projection with the cosine metric and ``min_dist`` 0."""
    from umap import UMAP

    if len(unit) < 8:
        raise CurateError(f"{len(unit)} pictures are too few to project", hint="Use --method search")
    neighbours = min(15, len(unit) - 1)
    projection = UMAP(
        n_components=5, n_neighbors=neighbours, min_dist=0.0, metric="cosine", random_state=seed, n_jobs=1
    )
    return np.asarray(projection.fit_transform(unit), np.float32)


def find_groups(
    unit: Vectors,
    thumbnails: Thumbnails,
    places: NDArray[np.int64],
    *,
    method: Method = "search",
    threshold: float | None = None,
    threads: int = 1,
) -> NDArray[np.int64]:
    """(rows,) number of the duplicate group of each row.

    Args:
        unit: (rows, dims) reduced unit features.
        thumbnails: (features, 48, 48, 3).
        places: (rows,) index of the row's thumbnail; equal for exact copies.
        method: search or umap.
        threshold: ``search``: least pixel similarity; ``umap``: largest distance.
        threads: number of threads.
    """
    # Exact copies are one point, so they add no pairs.
    unique, first, inverse = np.unique(places, return_index=True, return_inverse=True)
    points = np.ascontiguousarray(unit[first], np.float32)
    if method == "umap":
        return groups_within(project(points), UMAP_DISTANCE if threshold is None else threshold)[inverse]
    least = LIKENESS if threshold is None else threshold
    return connected(len(points), _copies(points, thumbnails, unique, least, threads))[inverse]


def _copies(
    points: Vectors, thumbnails: Thumbnails, places: NDArray[np.int64], least: float, threads: int
) -> Iterator[Pairs]:
    """Pairs with similar features and similar pixels."""
    for pairs in pairs_above(points, CANDIDATE, threads=threads):
        found = places[pairs]
        same = likeness(thumbnails[found[:, 0]], thumbnails[found[:, 1]]) >= least
        yield pairs[same]


def choose(
    rows: Sequence[int],
    products: NDArray[np.object_],
    quality: NDArray[np.int64],
    places: NDArray[np.int64],
    pictures: NDArray[np.void],
) -> Group:
    """Choose which rows of a group stay.

    Args:
        rows: rows of one group.
        products: (rows of the manifest,) product ids.
        quality: (rows, 2) area and file size of each picture; larger is better.
        places: (rows,) equal for the same garment of the same file.
        pictures: (rows,) digest of each picture's file; two garments of one photo are not copies.
    """
    ordered = sorted(rows, key=lambda row: (-quality[row, 0], -quality[row, 1], row))
    named = sorted({products[row] for row in ordered} - {""})
    # A row without a product can be a copy of any row; one with a product only of a row of that product.
    ordered.sort(key=lambda row: not products[row])
    kept: list[int] = []
    for row in ordered:
        if not any(
            (places[k] == places[row] or pictures[k] != pictures[row])
            and (not products[row] or products[k] == products[row])
            for k in kept
        ):
            kept.append(row)
    return Group(tuple(ordered), tuple(kept), tuple(named))


def run_duplicates(
    curation: Curation, *, method: Method = "search", threshold: float | None = None, threads: int = 1
) -> dict[str, Any]:
    """Keep the best picture of each product in each group; groups of several products are reported as conflicts.

    Args:
        curation: with features.
        method: search or umap.
        threshold: see :func:`find_groups`.
        threads: number of threads.

    Raises:
        CurateError: no picture is left.
    """
    features = Features.of(curation)
    rows = np.flatnonzero(curation.remaining(before="duplicates") & (features.index >= 0))
    if not len(rows):
        raise CurateError("no picture is left", where=str(curation.folder), hint="Keep more in the steps before")
    unit = reduced(curation, features)
    labels = find_groups(
        unit[rows], features.thumbnails, features.index[rows], method=method, threshold=threshold, threads=threads
    )
    groups = _choose_all(curation, features, rows, labels)
    drops = {row: _reason(features, unit, group, row) for group in groups for row in set(group.rows) - set(group.kept)}
    _write(curation, groups, unit)
    conflicts = [group for group in groups if len(group.products) > 1]
    summary = {
        "rows": len(rows),
        "method": method,
        "threshold": threshold if threshold is not None else (UMAP_DISTANCE if method == "umap" else LIKENESS),
        "groups": len(groups),
        "largest": max((len(group.rows) for group in groups), default=0),
        "exact": sum(reason.startswith("exact") for reason in drops.values()),
        "near": sum(reason.startswith("near") for reason in drops.values()),
        "conflicts": len(conflicts),
        "conflicting_products": [list(group.products) for group in conflicts[:50]],
    }
    curation.finish("duplicates", summary, drops)
    return curation.summary("duplicates")


def _choose_all(
    curation: Curation, features: Features, rows: NDArray[np.intp], labels: NDArray[np.int64]
) -> list[Group]:
    """The groups of two or more rows, in the order of their first rows."""
    count = len(curation.manifest)
    quality = np.zeros((count, 2), np.int64)
    quality[rows] = np.stack([features.area(rows), features.size(rows)], axis=1)
    places = features.index
    pictures = np.zeros(count, "V32")
    pictures[rows] = features.records["picture"][places[rows]]
    products = curation.manifest.column("product_id")
    order = np.argsort(labels, kind="stable")
    cuts = np.flatnonzero(np.diff(labels[order])) + 1
    members = [rows[part] for part in np.split(order, cuts) if len(part) > 1]
    groups = [choose(part.tolist(), products, quality, places, pictures) for part in members]
    return sorted(groups, key=lambda group: min(group.rows))


def _reason(features: Features, unit: Vectors, group: Group, row: int) -> str:
    """Why ``row`` is dropped, with the row that is kept for it."""
    same = [k for k in group.kept if features.index[k] == features.index[row]]
    if same:
        return f"exact copy of row {same[0]}"
    cosines = np.asarray(unit[list(group.kept)]) @ np.asarray(unit[row])
    best = int(cosines.argmax())
    return f"near copy of row {group.kept[best]} (cosine {cosines[best]:.2f})"


def _write(curation: Curation, groups: Sequence[Group], unit: Vectors) -> None:
    """``duplicates.parquet``: row, group, kept, cosine to the group's best picture."""
    rows: list[int] = []
    numbers: list[int] = []
    kept: list[bool] = []
    cosines: list[float] = []
    for number, group in enumerate(groups):
        rows += group.rows
        numbers += [number] * len(group.rows)
        kept += [row in group.kept for row in group.rows]
        cosines += (np.asarray(unit[list(group.rows)]) @ np.asarray(unit[group.rows[0]])).tolist()
    table = {"row": pa.array(rows, pa.int64()), "group": pa.array(numbers, pa.int64())}
    table |= {"kept": pa.array(kept, pa.bool_()), "cosine": pa.array(cosines, pa.float32())}
    with output_file(curation.file(_FILE)) as partial:
        pq.write_table(pa.table(table), partial)


def group_of_rows(curation: Curation) -> NDArray[np.int64]:
    """(rows,) duplicate group, -1 for rows in none. Raises :class:`CurateError` when the step was not run."""
    curation.require("duplicates")
    table = pq.read_table(curation.folder / _FILE)
    numbers = np.full(len(curation.manifest), -1, np.int64)
    numbers[table["row"].to_numpy()] = table["group"].to_numpy()
    return numbers
