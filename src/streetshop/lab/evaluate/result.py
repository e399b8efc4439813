"""The result of a measurement, query by query, and the comparison of two results."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from streetshop.core.errors import MeasureError
from streetshop.core.files import output_file
from streetshop.lab.evaluate.intervals import Estimate, PairedDifference, bootstrap, paired

_VERSION: Final = "1"


@dataclass(frozen=True, eq=False)
class Result:
    """One run under one protocol.

    Attributes:
        manifest: fingerprint of the manifest; only results of one manifest can be compared.
        query_ids: picture, box and product of each query.
        categories, groups: (queries,) of each query.
        values: by metric, (queries,) float64; NaN for a query without a relevant item.
        relevant: (queries,) how many relevant items its gallery held.
        searched: (queries,) how many items it was ranked against.
        missed: (queries,) whether nothing was detected for it.
        gallery: rows of the whole gallery.
    """

    protocol: str
    manifest: str
    run: str
    distance: str
    query_ids: tuple[str, ...]
    categories: tuple[str, ...]
    groups: tuple[str, ...]
    values: dict[str, NDArray[np.float64]]
    relevant: NDArray[np.intp]
    searched: NDArray[np.intp]
    missed: NDArray[np.bool_]
    gallery: int

    def estimate(self, metric: str, *, by_group: bool = False, seed: int = 0) -> Estimate:
        """Mean and interval over queries; ``by_group`` draws whole groups (see :func:`bootstrap`)."""
        clusters = self._clusters() if by_group else None
        return bootstrap(self._column(metric), clusters=clusters, seed=seed)

    def by_category(self, metric: str) -> dict[str, Estimate]:
        """The estimate for the queries of each category."""
        column, categories = self._column(metric), np.asarray(self.categories, dtype=object)
        return {str(c): bootstrap(column[categories == c]) for c in sorted(set(self.categories))}

    def category_mean(self, metric: str) -> float:
        """Mean of the categories' means: every category counts alike. Categories without a value are left out."""
        means = [e.mean for e in self.by_category(metric).values() if e.queries]
        return float(np.mean(means)) if means else float("nan")

    @property
    def unmatched(self) -> int:
        """Queries that have no relevant item in their gallery."""
        return int((self.relevant == 0).sum())

    def summary(self, *, by_group: bool = False) -> dict[str, Any]:
        """The result as JSON values, one :meth:`estimate` a metric; NaN becomes None."""
        return {
            "run": self.run,
            "protocol": self.protocol,
            "manifest": self.manifest,
            "distance": self.distance,
            "queries": len(self.query_ids),
            "unmatched": self.unmatched,
            "missed": int(self.missed.sum()),
            "gallery": self.gallery,
            "searched_mean": float(self.searched.mean()) if len(self.searched) else 0.0,
            "metrics": {name: _estimate_json(self.estimate(name, by_group=by_group)) for name in self.values},
        }

    def table(self) -> str:
        """The result as a few lines of text."""
        head = (
            f"{self.protocol}: {len(self.query_ids)} queries ({self.unmatched} without a match, "
            f"{int(self.missed.sum())} not detected), gallery {self.gallery}, {self.distance}, manifest {self.manifest}"
        )
        return "\n".join([head, *(f"  {name:<14} {self.estimate(name)}" for name in self.values)])

    def write(self, path: str | Path) -> None:
        """Write a Parquet file with a row for each query and the rest in its metadata."""
        columns: dict[str, Any] = {
            "query": list(self.query_ids),
            "category": list(self.categories),
            "group": list(self.groups),
            "relevant": self.relevant,
            "searched": self.searched,
            "missed": self.missed,
            **{f"metric:{name}": column for name, column in self.values.items()},
        }
        about = {
            "version": _VERSION,
            "protocol": self.protocol,
            "manifest": self.manifest,
            "run": self.run,
            "distance": self.distance,
            "gallery": self.gallery,
        }
        table = pa.table(columns).replace_schema_metadata({"streetshop.result": json.dumps(about)})
        with output_file(Path(path)) as partial:
            pq.write_table(table, partial, compression="zstd")

    @classmethod
    def read(cls, path: str | Path) -> Result:
        """Read what :meth:`write` wrote.

        Raises:
            MeasureError: it is no result, or one of another version.
        """
        try:
            table = pq.read_table(path)
            about = json.loads((table.schema.metadata or {})[b"streetshop.result"])
        except (OSError, pa.ArrowInvalid, KeyError, ValueError):
            raise MeasureError("is no result of a measurement", where=str(path)) from None
        if about.pop("version", None) != _VERSION:
            raise MeasureError("is a result of another version", where=str(path))
        data = {name: table[name].to_numpy() for name in table.schema.names}
        return cls(
            query_ids=tuple(data["query"]),
            categories=tuple(data["category"]),
            groups=tuple(data["group"]),
            values={name[7:]: column for name, column in data.items() if name.startswith("metric:")},
            relevant=data["relevant"],
            searched=data["searched"],
            missed=data["missed"],
            **about,
        )

    def _column(self, metric: str) -> NDArray[np.float64]:
        if metric not in self.values:
            raise MeasureError(f"{metric!r} was not measured", hint=f"There are {', '.join(self.values)}")
        return self.values[metric]

    def _clusters(self) -> NDArray[Any]:
        """The group of each query; a query without one stands alone."""
        return np.asarray([g or f"\0{i}" for i, g in enumerate(self.groups)], dtype=object)


def compare(a: Result, b: Result, metric: str, *, by_group: bool = False, seed: int = 0) -> PairedDifference:
    """``b`` against ``a`` over the same queries.

    Args:
        a: the first result.
        b: the second result.
        metric: that both have.
        by_group: whether whole groups are drawn; see :func:`bootstrap`.
        seed: of the draws.

    Raises:
        MeasureError: the results are of different manifests, protocols or queries.
    """
    for name, one, two in (("manifest", a.manifest, b.manifest), ("protocol", a.protocol, b.protocol)):
        if one != two:
            raise MeasureError(
                f"the runs have different {name}s, {one} and {two}",
                where=f"{a.run} and {b.run}",
                hint="Measure both alike",
            )
    if len(set(a.query_ids)) != len(a.query_ids) or sorted(a.query_ids) != sorted(b.query_ids):
        raise MeasureError("the runs have different queries", where=f"{a.run} and {b.run}", hint="Measure both alike")
    place = {query: i for i, query in enumerate(b.query_ids)}
    order = np.asarray([place[query] for query in a.query_ids], dtype=np.intp)
    clusters = a._clusters() if by_group else None
    return paired(a._column(metric), b._column(metric)[order], clusters=clusters, seed=seed)


def _estimate_json(estimate: Estimate) -> dict[str, Any]:
    numbers = {"mean": estimate.mean, "low": estimate.low, "high": estimate.high}
    return {k: None if np.isnan(v) else v for k, v in numbers.items()} | {"queries": estimate.queries}
