"""32 parallel HTTP searches against the time the encoder alone needs for them, and the server's memory over many.

Both are measured in one run on the same photos. *Alone* is a plain loop without a server or a catalog: decode, read,
prepare in as many threads as there are cores, encode in batches. The server runs as its own process, asked from this
one. Photos and catalog are drawn unless ``--photos`` names a folder of real ones.

    python benchmarks/http_search.py [--photos FOLDER] [--products 2000] [--requests 2000] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from streetshop.catalog.open import create_catalog
from streetshop.catalog.store import CatalogMeta, Entry
from streetshop.core.photo import Photo
from streetshop.core.records import Product, Shot
from streetshop.looks import PHOTO_SIDE, garment_picture, load_reader, read_look
from streetshop.models import Encoder, load_encoder

PARALLEL = 32
ROUNDS = 5


def drawn_photos(n: int) -> list[bytes]:
    """Noise and rectangles about as large, and as hard to decode, as a street photo."""
    photos = []
    for seed in range(n):
        rng = np.random.default_rng(seed)
        small = rng.integers(0, 255, (104, 69, 3), np.uint8)
        stream = io.BytesIO()
        Image.fromarray(small).resize((550, 830), Image.Resampling.BICUBIC).save(stream, "JPEG", quality=85)
        photos.append(stream.getvalue())
    return photos


def fill_catalog(folder: Path, encoder: Encoder, products: int) -> None:
    """A catalog of random unit blocks: its content does not change what a search costs."""
    store = create_catalog(str(folder), CatalogMeta(encoder.name, encoder.fingerprint, encoder.blocks))
    rng = np.random.default_rng(1)
    for start in range(0, products, 2000):
        entries = []
        for i in range(start, min(start + 2000, products)):
            parts = [rng.normal(size=(1, block.dim)).astype(np.float32) for block in encoder.blocks]
            vector = np.concatenate([part / np.linalg.norm(part) for part in parts], axis=1)
            product = Product(f"p{i}", f"Product {i}", "dress", price=float(i % 90), shots=(Shot("x", f"{i:064x}"),))
            entries.append(Entry(product, vector, (b"",)))
        store.upsert(entries)
    store.optimize()
    store.close()


def alone(photos: Sequence[bytes], batch: int = 16) -> float:
    """Seconds from bytes to vectors on all cores, without server or catalog."""
    encoder, reader = load_encoder(), load_reader()

    def prepare(data: bytes) -> list:
        photo = Photo.from_bytes(data, at_least=PHOTO_SIDE)
        return [
            encoder.prepare(garment_picture(photo, garment, encoder.spec))
            for garment in read_look(photo, reader).garments
        ]

    seconds = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in range(ROUNDS):
            began = time.perf_counter()
            ready: list = []
            for prepared in pool.map(prepare, photos):
                ready += prepared
                if len(ready) >= batch:
                    encoder.encode(ready)
                    ready = []
            encoder.encode(ready)
            seconds.append(time.perf_counter() - began)
    return statistics.median(seconds[1:])


async def burst(port: int, requests: Sequence[bytes]) -> list[float]:
    """Seconds of each of the searches, all sent at once, each on a connection of its own.

    Bare sockets: the client shares the cores with the server, and an HTTP library costs it several ms a request.
    """

    async def one(request: bytes) -> float:
        began = time.perf_counter()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        answer = await reader.read(-1)
        writer.close()
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise RuntimeError(f"the server answered {answer[:300]!r}")
        return time.perf_counter() - began

    return list(await asyncio.gather(*(one(request) for request in requests)))


def post(photo: bytes) -> bytes:
    """A whole request, ready to be sent."""
    head = b'--xx\r\nContent-Disposition: form-data; name="photo"; filename="p"\r\n\r\n'
    body = head + photo + b"\r\n--xx--\r\n"
    return (
        b"POST /v1/search HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        b"Content-Type: multipart/form-data; boundary=xx\r\n" + f"Content-Length: {len(body)}\r\n\r\n".encode() + body
    )


def resident(pid: int) -> float:
    """Resident memory of a process in MiB."""
    text = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+)", text)
    return int(found[1]) / 1024 if found else float("nan")


async def measure(port: int, pid: int, photos: Sequence[bytes], requests: int) -> dict[str, object]:
    """Bursts for the times, then a long run for the memory."""
    posts = [post(photo) for photo in photos]
    for _ in range(2):
        await burst(port, posts)
    p95, last, single = [], [], []
    for _ in range(ROUNDS):
        seconds = sorted(await burst(port, posts))
        p95.append(float(np.percentile(seconds, 95)))
        last.append(seconds[-1])
    for each in posts:
        single += await burst(port, [each])
    memory = [resident(pid)]
    began = time.perf_counter()
    for done in range(0, requests, PARALLEL):
        await burst(port, posts)
        if done // PARALLEL % 8 == 7:
            memory.append(resident(pid))
    seconds_all = time.perf_counter() - began
    return {
        "p95": statistics.median(p95),
        "last": statistics.median(last),
        "single": statistics.median(single),
        "searches_per_second": requests / seconds_all if requests else None,
        "memory_mib": [round(value, 1) for value in memory],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--products", type=int, default=2000)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.photos:
        photos = [path.read_bytes() for path in sorted(options.photos.glob("*.jpg"))[:PARALLEL]]
    else:
        photos = drawn_photos(PARALLEL)
    with tempfile.TemporaryDirectory() as folder:
        catalog = Path(folder) / "shop.catalog"
        fill_catalog(catalog, load_encoder(), options.products)
        baseline = alone(photos)
        code = "from streetshop.cli.app import main; main()"
        server = subprocess.Popen(
            [sys.executable, "-c", code, "serve", "--catalog", str(catalog), "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            url = server.stdout.readline().split()[-1] if server.stdout else ""
            result = asyncio.run(measure(int(url.rsplit(":", 1)[1]), server.pid, photos, options.requests))
        finally:
            server.terminate()
            server.wait(20)
        # Again afterwards: on a shared machine the speed drifts, and the ratio is of neighbours in time.
        after = alone(photos)
    result |= {"alone": (baseline + after) / 2, "alone_before": baseline, "alone_after": after}
    result["ratio"] = result["p95"] / result["alone"]
    if options.json:
        print(json.dumps(result))
        return
    memory = result["memory_mib"]
    middle = len(memory) // 2
    print(f"encoder alone, {PARALLEL} photos: {result['alone'] * 1000:.0f} ms")
    print(f"{PARALLEL} parallel searches: p95 {result['p95'] * 1000:.0f} ms, last {result['last'] * 1000:.0f} ms")
    print(f"ratio p95 / alone: {result['ratio']:.2f} (target: at most 1.3)")
    print(f"one search alone: {result['single'] * 1000:.1f} ms")
    if options.requests:
        print(f"{options.requests} searches: {result['searches_per_second']:.0f} a second")
        print(f"memory: {memory[0]:.0f} MiB before, {memory[middle]:.0f} halfway, {memory[-1]:.0f} after")


if __name__ == "__main__":
    main()
