"""Decoding in processes of their own beside decoding in this one, on the same photos in the same run.

    python benchmarks/decoding.py [--photos FOLDER] [--rounds 30]

It prints the time of one photo both ways, alone and with what a search does next (read the photo, encode its garments);
the time to start a process and its memory; and the peak memory of six legal pictures of 64 million pixels at once, with
the wait of a small one beside them. Without ``--photos`` the photos are drawn. The two ways alternate, and the best of
all rounds counts: on a shared machine the speed drifts.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import struct
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from streetshop.core.decoding.pool import DecodePool
from streetshop.core.photo import Photo
from streetshop.looks import PHOTO_SIDE, garment_picture, load_reader, read_look
from streetshop.models import load_encoder

PHOTOS = 16


def drawn_photos() -> list[bytes]:
    rng = np.random.default_rng(5)
    photos = []
    for _ in range(PHOTOS):
        small = rng.integers(0, 256, (110, 73, 3), np.uint8)
        stream = io.BytesIO()
        Image.fromarray(small).resize((1460, 2200), Image.Resampling.BICUBIC).save(stream, "JPEG", quality=88)
        photos.append(stream.getvalue())
    return photos


def large_png(side: int) -> bytes:
    """An RGB PNG of zeros, made row by row."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packer = zlib.compressobj(1)
    row = bytes(1 + 3 * side)
    body = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def resident() -> float:
    """Resident memory of the decoding processes in MiB."""
    total = 0.0
    for task in Path(f"/proc/{os.getpid()}/task").iterdir():
        for child in (task / "children").read_text().split():
            try:
                text = Path(f"/proc/{child}/status").read_text()
            except OSError:
                continue
            total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmRSS")) / 1024
    return total


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def both_ways(
    pool: DecodePool, photos: list[bytes], rounds: int, after: Callable[[Photo], object] = lambda photo: None
) -> tuple[float, float]:
    """Mean seconds of a photo in the pool and in this process, of each the best of all rounds.

    Args:
        pool: decodes.
        photos: files.
        rounds: of all photos.
        after: what is done with the photo, in both ways.
    """
    there = [float("inf")] * len(photos)
    here = there.copy()
    for _ in range(rounds):
        for i, data in enumerate(photos):
            there[i] = min(there[i], timed(lambda data=data: after(pool.decode(data, at_least=PHOTO_SIDE))))
            here[i] = min(here[i], timed(lambda data=data: after(Photo.from_bytes(data, at_least=PHOTO_SIDE))))
    return statistics.mean(there), statistics.mean(here)


def searching() -> Callable[[Photo], object]:
    """What a search does with a photo before it asks the catalog."""
    reader, encoder = load_reader(), load_encoder()

    def work(photo: Photo) -> object:
        garments = read_look(photo, reader).garments
        return encoder.encode([encoder.prepare(garment_picture(photo, one, encoder.spec)) for one in garments])

    return work


def crowd(pool: DecodePool, small: bytes) -> tuple[float, float, float]:
    """Six large pictures at once: seconds for all, seconds of a small one meanwhile, peak memory in MiB."""
    data, peak, over = large_png(8000), 0.0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not over.wait(0.01):
            peak = max(peak, resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.perf_counter()
    large = [pool.submit(data, at_least=PHOTO_SIDE) for _ in range(6)]
    time.sleep(0.2)
    waited = timed(lambda: pool.decode(small, at_least=PHOTO_SIDE))
    for decoding in large:
        decoding.result()
    seconds = time.perf_counter() - began
    over.set()
    watcher.join()
    return seconds, waited, peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.photos:
        photos = [path.read_bytes() for path in sorted(options.photos.glob("*.jpg"))[:PHOTOS]]
    else:
        photos = drawn_photos()
    with DecodePool(os.cpu_count() or 1) as pool:
        start = timed(pool.start)
        there, here = both_ways(pool, photos, options.rounds)
        search_there, search_here = both_ways(pool, photos, max(options.rounds // 4, 1), searching())
        idle = resident()
        seconds, waited, peak = crowd(pool, photos[0])
    result = {
        "pool_ms": 1000 * there,
        "here_ms": 1000 * here,
        "search_pool_ms": 1000 * search_there,
        "search_here_ms": 1000 * search_here,
        "search_ratio": search_there / search_here,
        "start_ms": 1000 * start,
        "processes_mib": idle,
        "large_seconds": seconds,
        "small_beside_ms": 1000 * waited,
        "peak_mib": peak,
    }
    if options.json:
        print(json.dumps(result))
        return
    print(f"one photo: {result['pool_ms']:.2f} ms in the pool, {result['here_ms']:.2f} ms in this process")
    print(
        f"one search: {result['search_pool_ms']:.1f} ms, {result['search_here_ms']:.1f} ms, "
        f"ratio {result['search_ratio']:.3f} (target: at most 1.05)"
    )
    print(f"a process starts in {result['start_ms']:.0f} ms; all of them hold {idle:.0f} MiB")
    print(f"six pictures of 64 million pixels: {seconds:.1f} s, peak {peak:.0f} MiB, a small one waits {waited:.2f} s")


if __name__ == "__main__":
    main()
