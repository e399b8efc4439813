"""Search in a catalog: milliseconds, recall, memory and disk, against a plain numpy loop in the same run.

    python benchmarks/catalog_search.py [--n 100000] [--queries 200] [--json]

The vectors are synthetic: a style block of 192 and a colour block of 64 dimensions, each a noisy copy of one of 2000
styles and 200 colours, so that products lie in clusters that overlap. Queries are further noisy copies.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streetshop.catalog.filters import Filter, parse_filter
from streetshop.catalog.open import create_catalog, open_catalog
from streetshop.catalog.store import CatalogMeta, Entry, Store
from streetshop.core.records import Block, Product, Shot

BLOCKS = (Block("style", 192), Block("colour", 64))
K = 20
CASES: dict[str, tuple[str, tuple[float, float]]] = {
    "no filter": ("", (1, 1)),
    "10 % filter": ("tenth = 3", (1, 1)),
    "0.5 % filter": ("serial = 7", (1, 1)),
    "style x 1, colour x 0.2": ("", (1, 0.2)),
    "style x 0.2, colour x 1": ("", (0.2, 1)),
    "colour only": ("", (0, 1)),
    "10 %, style x 1, colour x 0.2": ("tenth = 3", (1, 0.2)),
}


class Synthetic:
    """Vectors from a seed."""

    def __init__(self) -> None:
        rng = np.random.default_rng(7)
        self.styles = rng.standard_normal((2000, 192)).astype(np.float32)
        self.colours = rng.standard_normal((200, 64)).astype(np.float32)

    def vectors(self, n: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """(n, 256) vectors of drawn products."""
        parts = []
        for centres in (self.styles, self.colours):
            noise = rng.standard_normal((n, centres.shape[1]), np.float32)
            part = centres[rng.integers(0, len(centres), n)] + 0.8 * noise
            parts.append(part / np.linalg.norm(part, axis=1, keepdims=True))
        return np.hstack(parts).astype(np.float32)

    def batches(self, n: int, size: int = 10_000) -> Iterator[NDArray[np.float32]]:
        """The vectors of the gallery, ``size`` at a time."""
        rng = np.random.default_rng(11)
        for start in range(0, n, size):
            yield self.vectors(min(size, n - start), rng)


def entry(i: int, vector: NDArray[np.float32]) -> Entry:
    attributes = {"tenth": float(i % 10), "serial": float(i % 200), "colour": f"colour {i % 37}"}
    shots = (Shot(f"images/{i}.jpg", f"{i:064x}"),)
    title, price = f"Product {i}", 10.0 + i % 90
    product = Product(f"p{i:07d}", title, "dress", "Brand", price, "EUR", "", True, attributes, shots)
    return Entry(product, vector[None], (b"",))


def build(path: Path, n: int) -> dict[str, float]:
    """Fill a catalog and return seconds."""
    store = create_catalog(str(path), CatalogMeta("synthetic 1", "0" * 64, BLOCKS))
    started, written = time.perf_counter(), 0
    for batch in Synthetic().batches(n):
        store.upsert([entry(written + i, vector) for i, vector in enumerate(batch)])
        written += len(batch)
    filled = time.perf_counter()
    store.optimize()
    return {"fill_s": filled - started, "optimize_s": time.perf_counter() - filled}


def timed(work: Callable[[int], Any], n: int) -> tuple[list[float], float]:
    """Milliseconds of each call, and CPU milliseconds per call."""
    cpu, times = time.process_time(), []
    for i in range(n):
        started = time.perf_counter()
        work(i)
        times.append((time.perf_counter() - started) * 1e3)
    return times, (time.process_time() - cpu) * 1e3 / n


def measure(store: Store, vectors: NDArray[np.float32], queries: NDArray[np.float32]) -> list[dict[str, Any]]:
    rows = []
    numbers = np.arange(len(vectors))
    for name, (text, weights) in CASES.items():
        where: Filter | None = parse_filter(text, store.fields()) if text else None
        asked = queries * np.repeat(np.asarray(weights, np.float32), [block.dim for block in BLOCKS])
        mask = {"tenth = 3": numbers % 10 == 3, "serial = 7": numbers % 200 == 7}.get(text)
        truth: dict[int, set[str]] = {}

        def plain(i: int, mask: Any = mask, asked: Any = asked, truth: Any = truth) -> None:
            scores = vectors @ asked[i] if mask is None else np.where(mask, vectors @ asked[i], -np.inf)
            truth[i] = {f"p{j:07d}" for j in np.argpartition(-scores, K)[:K]}

        found: dict[int, set[str]] = {}

        def ours(i: int, asked: Any = asked, where: Any = where, found: Any = found) -> None:
            found[i] = {hit.product_id for hit in store.search(asked[i], K, where)}

        ours(0)
        times, cpu = timed(ours, len(queries))
        plain_times, _ = timed(plain, min(len(queries), 50))
        recall = statistics.fmean(len(found[i] & truth[i]) / K for i in truth)
        p50, p95 = np.percentile(times, [50, 95])
        rows.append(
            {
                "case": name,
                "p50_ms": round(float(p50), 2),
                "p95_ms": round(float(p95), 2),
                "cpu_ms": round(cpu, 2),
                "recall": round(recall, 4),
                "numpy_p50_ms": round(statistics.median(plain_times), 2),
                "speedup": round(statistics.median(plain_times) / float(p50), 1),
            }
        )
    return rows


def server_memory(path: Path) -> dict[str, float]:
    """MiB of a process that only opens the catalog and searches 200 times; ms until its first answer."""
    code = (
        "import sys, time, re; started = time.perf_counter()\n"
        "import numpy as np\n"
        "from streetshop.catalog.open import open_catalog\n"
        "store = open_catalog(sys.argv[1]); rng = np.random.default_rng(0); first = 0\n"
        "for i in range(200):\n"
        "    store.search(rng.standard_normal(store.meta.dim).astype('f4'), 20)\n"
        "    first = first or time.perf_counter() - started\n"
        "text = open('/proc/self/status').read()\n"
        "print(first * 1e3, *(int(re.search(k + r':\\s+(\\d+)', text)[1]) / 1024 for k in ('VmRSS', 'RssAnon')))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    first, rss, anonymous = (round(float(x), 1) for x in done.stdout.split())
    return {"first_answer_ms": first, "rss_mib": rss, "rss_without_mapped_files_mib": anonymous}


def parallel(store: Store, queries: NDArray[np.float32], threads: int) -> dict[str, float]:
    """Milliseconds per search of many threads at once."""

    def one(query: NDArray[np.float32]) -> float:
        started = time.perf_counter()
        store.search(query, K)
        return (time.perf_counter() - started) * 1e3

    cpu, started = time.process_time(), time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        times = list(pool.map(one, np.tile(queries, (4, 1))))
    per_search = (time.perf_counter() - started) / len(times) * 1e3
    p50, p95 = np.percentile(times, [50, 95])
    return {
        "threads": threads,
        "p50_ms": round(float(p50), 2),
        "p95_ms": round(float(p95), 2),
        "ms_per_search": round(per_search, 2),
        "cpu_ms_per_search": round((time.process_time() - cpu) * 1e3 / len(times), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=100_000, help="products")
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.catalog"
        result: dict[str, Any] = {"n": options.n, "dim": 256, "k": K, **build(path, options.n)}
        store = open_catalog(str(path))
        info = store.info()
        vectors = np.concatenate(list(Synthetic().batches(options.n)))
        queries = Synthetic().vectors(options.queries, np.random.default_rng(13))
        result["recall_measured_at_build"] = info.recall
        result["disk_mib"] = round(sum(f.stat().st_size for f in path.rglob("*") if f.is_file()) / 2**20, 1)
        result["cases"] = measure(store, vectors, queries)
        result["parallel"] = parallel(store, queries, 32)
        result["get_20_ms"] = round(statistics.median(timed(lambda i: store.get(_ids(i, options.n)), 100)[0]), 2)
        del vectors
        result["server"] = server_memory(path)
        result["load_average"] = round(os.getloadavg()[0], 1)
    if options.json:
        print(json.dumps(result))
        return
    print(f"{'case':32}{'p50 ms':>8}{'p95 ms':>8}{'CPU ms':>8}{'recall':>8}{'numpy ms':>10}{'faster':>8}")
    for row in result.pop("cases"):
        numbers = (row["p50_ms"], row["p95_ms"], row["cpu_ms"], row["recall"], row["numpy_p50_ms"], row["speedup"])
        print(f"{row['case']:32}" + "{:8.2f}{:8.2f}{:8.2f}{:8.3f}{:10.2f}{:7.1f}x".format(*numbers))
    for name, value in result.items():
        print(f"{name}: {value}")


def _ids(i: int, n: int) -> list[str]:
    return [f"p{j:07d}" for j in np.random.default_rng(i).integers(0, n, 20)]


if __name__ == "__main__":
    main()
