"""A search that keeps to kinds beside a search of all kinds, interleaved in one run: median milliseconds and ratios.

    python benchmarks/search_kinds.py [--n 100000] [--queries 150] [--json]

The vectors are those of ``catalog_search.py``. Products have kinds in the shares of a clothing shop; 2 % have none.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from catalog_search import BLOCKS, Synthetic, entry

from streetshop.catalog.open import create_catalog
from streetshop.catalog.store import CatalogMeta, Store
from streetshop.core.kinds import KINDS
from streetshop.search.match import nearest
from streetshop.search.request import SearchRequest

SHARES = (0.45, 0.08, 0.13, 0.06, 0.04, 0.07, 0.08, 0.02, 0.03, 0.01, 0.01, 0.02)
UNKNOWN = 0.02
MODES: dict[str, dict[str, float]] = {
    "all kinds": {},
    "one kind, 45 %": {"top": 0.9},
    "one kind, 13 %": {"trousers": 0.9},
    "one kind, 4 %": {"skirt": 0.9},
    "one kind, 1 %": {"scarf": 0.9},
    "two kinds, 53 %": {"top": 0.5, "outerwear": 0.4},
    "two kinds, 11 %": {"skirt": 0.5, "dress": 0.4},
}


def build(path: Path, n: int) -> Store:
    """A catalog of ``n`` products with kinds."""
    store = create_catalog(str(path), CatalogMeta("synthetic 1", "0" * 64, BLOCKS))
    rng, written = np.random.default_rng(3), 0
    for batch in Synthetic().batches(n):
        kinds = np.where(rng.random(len(batch)) < UNKNOWN, "", rng.choice(KINDS, len(batch), p=SHARES))
        made = [entry(written + i, vector) for i, vector in enumerate(batch)]
        store.upsert(
            [replace(e, product=replace(e.product, kind=str(k))) for e, k in zip(made, kinds, strict=True)],
        )
        written += len(batch)
    store.optimize()
    return store


def measure(store: Store, count: int) -> dict[str, dict[str, float]]:
    """Median milliseconds of each mode, and the ratio to all kinds; the modes take turns."""
    queries = Synthetic().vectors(count, np.random.default_rng(5))
    request = SearchRequest.check(store, BLOCKS)
    spent: dict[str, list[float]] = {mode: [] for mode in MODES}
    for kinds in MODES.values():
        nearest(store, queries[0], request, kinds)
    for query in queries:
        for mode, kinds in MODES.items():
            started = time.perf_counter()
            nearest(store, query, request, kinds)
            spent[mode].append((time.perf_counter() - started) * 1e3)
    medians = {mode: statistics.median(times) for mode, times in spent.items()}
    return {mode: {"ms": ms, "ratio": ms / medians["all kinds"]} for mode, ms in medians.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--n", type=int, default=100_000, help="number of products")
    parser.add_argument("--queries", type=int, default=150)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = build(Path(folder) / "c.catalog", options.n)
        rows = measure(store, options.queries)
        store.close()
    if options.json:
        json.dump(rows, sys.stdout)
        return
    for mode, row in rows.items():
        print(f"{mode:16} {row['ms']:7.2f} ms  x {row['ratio']:.2f}")


if __name__ == "__main__":
    main()
