"""Memory, descriptors and write times of a server under mixed load for a long time.

The server runs as its own process, asked by a few clients at once: photo searches, products with and without pictures,
deletions, similar products, thumbnails. Every ``--every`` seconds one line shows the server's memory (all of it, and
the part that is not mapped from files), its open files, the versions on the disk and the times of the last interval.
The last lines compare the first quarter after the warm-up with the last quarter, in medians.

    python benchmarks/soak.py [--minutes 60] [--writes 10000] [--products 2000] [--clients 3] [--json]
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import httpx
from http_search import drawn_photos, fill_catalog

from streetshop.models import load_encoder

KEY = "a-key-for-the-soak"
WARM_UP = 0.15
"""Share of the samples that do not count: caches fill, LanceDB and the models reserve their memory."""
LIMIT = 0.05
"""Growth that counts as flat."""
LOAD = {"search": 20, "similar": 15, "thumbnail": 15, "put picture": 20, "put fields": 24, "delete": 6}
"""Shares of the requests."""
ANSWERS = {
    "search": {200},
    "similar": {200, 404},
    "thumbnail": {200, 404},
    "put picture": {200, 201},
    "put fields": {200, 422},
    "delete": {204, 404},
}
"""Statuses that are right: a product may be deleted at the moment, or have no thumbnail."""


class Client:
    """Sends requests of all kinds until it is stopped, and counts them."""

    def __init__(self, url: str, products: int, photos: list[bytes], seed: int) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.done: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self._http = httpx.Client(base_url=url, timeout=120, headers={"X-API-Key": KEY})
        self._products = products
        self._photos = photos
        self._random = random.Random(seed)  # noqa: S311 - a load, not a secret

    def run(self, stop: threading.Event) -> None:
        """Ask until ``stop`` is set."""
        ask: dict[str, Callable[[str], httpx.Response]] = {
            "search": lambda path: self._http.post("/v1/search", files={"photo": self._photo()}),
            "similar": lambda path: self._http.get(f"{path}/similar"),
            "thumbnail": lambda path: self._http.get(f"{path}/image/0"),
            "put picture": lambda path: self._put(path, [("pictures", self._photo())]),
            "put fields": lambda path: self._put(path, []),
            "delete": self._http.delete,
        }
        while not stop.is_set():
            kind = self._random.choices([*LOAD], [*LOAD.values()])[0]
            began = time.perf_counter()
            answer = ask[kind](f"/v1/products/p{self._random.randrange(self._products)}")
            self.seconds[kind].append(time.perf_counter() - began)
            self.done[kind] += 1
            if answer.status_code not in ANSWERS[kind]:
                self.wrong[f"{kind}: {answer.status_code} {answer.text[:200]}"] += 1

    def _put(self, path: str, pictures: list[tuple[str, bytes]]) -> httpx.Response:
        price = self._random.randrange(9000) / 100
        product = json.dumps({"title": "A dress", "category": "dress", "price": price, "currency": "EUR"})
        return self._http.put(path, data={"product": product}, files=pictures or {"none": (None, "")})

    def _photo(self) -> bytes:
        return self._random.choice(self._photos)


def sample(pid: int, catalog: Path) -> dict[str, float]:
    """Memory in MiB, descriptors and threads of a process, and what the catalog takes on the disk."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = {name: int(number) for name, number in re.findall(r"(\w+):\s+(\d+)", status)}
    versions = sum(1 for _ in catalog.glob("g*/*.lance/_versions/*"))
    disk = sum(path.stat().st_size for path in catalog.rglob("*") if path.is_file()) if versions else 0
    return {
        "rss": found["VmRSS"] / 1024,
        "anonymous": found["RssAnon"] / 1024,
        "descriptors": sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir()),
        "threads": found["Threads"],
        "versions": versions,
        "disk": disk / 2**20,
    }


def measured(clients: list[Client]) -> dict[str, float]:
    """Counts so far, and median and p95 in ms of what was asked since the last call."""
    figures: dict[str, float] = {}
    for kind in LOAD:
        seconds = []
        for client in clients:
            recent, client.seconds[kind] = client.seconds[kind], []
            seconds += recent
        figures[f"{kind} p50"] = statistics.median(seconds) * 1000 if seconds else float("nan")
        figures[f"{kind} p95"] = sorted(seconds)[int(len(seconds) * 0.95)] * 1000 if seconds else float("nan")
    done = sum((client.done for client in clients), Counter[str]())
    figures["requests"] = done.total()
    figures["writes"] = done["put picture"] + done["put fields"] + done["delete"]
    return figures


def growth(samples: list[dict[str, float]], name: str) -> tuple[float, float]:
    """Medians of the first quarter after the warm-up and of the last quarter."""
    counted = samples[int(len(samples) * WARM_UP) :]
    quarter = max(len(counted) // 4, 1)
    first, last = counted[:quarter], counted[-quarter:]
    return statistics.median(s[name] for s in first), statistics.median(s[name] for s in last)


def soak(url: str, pid: int, catalog: Path, options: argparse.Namespace) -> tuple[list[dict[str, float]], Counter[str]]:
    photos = drawn_photos(24)
    clients = [Client(url, options.products, photos, seed) for seed in range(options.clients)]
    stop = threading.Event()
    threads = [threading.Thread(target=client.run, args=(stop,), daemon=True) for client in clients]
    for thread in threads:
        thread.start()
    began, samples = time.monotonic(), []
    try:
        while True:
            time.sleep(options.every)
            minutes = (time.monotonic() - began) / 60
            samples.append({"minutes": minutes} | sample(pid, catalog) | measured(clients))
            print(_line(samples[-1]), file=sys.stderr, flush=True)
            enough = minutes >= options.minutes and samples[-1]["writes"] >= options.writes
            if enough or not any(thread.is_alive() for thread in threads):
                break
    finally:
        stop.set()
        for thread in threads:
            thread.join(120)
    return samples, sum((client.wrong for client in clients), Counter[str]())


def _line(s: dict[str, float]) -> str:
    return (
        f"{s['minutes']:6.1f} min  {s['rss']:6.0f} MiB ({s['anonymous']:.0f} anonymous)  {s['descriptors']:.0f} files"
        f"  {s['writes']:6.0f} writes of {s['requests']:.0f} requests  {s['versions']:.0f} versions {s['disk']:.0f} MiB"
        f"  p50/p95 ms: search {s['search p50']:.0f}/{s['search p95']:.0f}"
        f"  put {s['put picture p50']:.0f}/{s['put picture p95']:.0f}"
        f"  put fields {s['put fields p50']:.0f}/{s['put fields p95']:.0f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--writes", type=int, default=0, help="go on until there were so many")
    parser.add_argument("--products", type=int, default=2000)
    parser.add_argument("--clients", type=int, default=3)
    parser.add_argument("--every", type=float, default=30, help="seconds")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        catalog, key = Path(folder) / "shop.catalog", Path(folder) / "key"
        key.write_text(KEY)
        fill_catalog(catalog, load_encoder(), options.products)
        code = "from streetshop.cli.app import main; main()"
        command = ["serve", "--catalog", str(catalog), "--port", "0", "--api-key-file", str(key)]
        with Path(folder, "log").open("w") as log:
            server = subprocess.Popen(
                [sys.executable, "-c", code, *command], stdout=subprocess.PIPE, stderr=log, text=True
            )
        try:
            url = server.stdout.readline().split()[-1] if server.stdout else ""
            samples, wrong = soak(url, server.pid, catalog, options)
        finally:
            server.terminate()
            server.wait(60)
    names = ("rss", "anonymous", "descriptors", "threads", "put picture p50", "put fields p50", "search p50")
    changes = {name: growth(samples, name) for name in names}
    if options.json:
        print(json.dumps({"samples": samples, "wrong": wrong, "growth": changes}))
    else:
        for name, (first, last) in changes.items():
            print(f"{name}: {first:.0f} after the warm-up, {last:.0f} at the end ({last / first - 1:+.1%})")
        print(f"wrong answers: {dict(wrong) or 'none'}")
    first, last = changes["rss"]
    sys.exit(1 if wrong or last > first * (1 + LIMIT) else 0)


if __name__ == "__main__":
    main()
