"""How near indexing comes to what decoding and the encoder alone allow on the same cores.

    python benchmarks/indexing.py                          # drawn pictures
    python benchmarks/indexing.py FOLDER --pictures 1000   # real ones

The plain loop does the least that gives vectors: one thread per core, each taking batches of 8 files (32 are no
faster), Pillow to decode and resize, onnxruntime (one thread a run) for the network. ``streetshop`` does everything:
the feed, hashes, limits and checks of untrusted files, the colour block, thumbnails, and durable writes. Both are
measured alternately, several times, in one run; the ratio is that of the medians. Aim: at least 0.8.
"""

from __future__ import annotations

import argparse
import functools
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from streetshop.core.pictures.formats import PICTURE_SUFFIXES
from streetshop.feeds.read import read_feed
from streetshop.indexing.index import IndexOptions, index_feed
from streetshop.models import Encoder, load_encoder
from streetshop.models.session import available_cores, start_session

BATCH = 8


def plain_loop(paths: Sequence[Path], encoder: Encoder, threads: int) -> None:
    """Decode, resize, run the network; nothing is kept."""
    geometry = encoder.spec.input
    session = start_session(encoder.folder / encoder.spec.model, 1)
    name = session.get_inputs()[0].name
    outputs = [block.name for block in encoder.spec.blocks if block.source == "output"]
    mean, std = np.asarray(geometry.mean, np.float32), np.asarray(geometry.std, np.float32)
    batches = iter([paths[i : i + BATCH] for i in range(0, len(paths), BATCH)])
    lock = threading.Lock()

    def pixels(path: Path) -> np.ndarray:
        with Image.open(path) as image:
            image.draft("RGB", (geometry.width, geometry.height))
            ratio = min(geometry.width / image.width, geometry.height / image.height)
            size = (round(image.width * ratio), round(image.height * ratio))
            canvas = Image.new("RGB", (geometry.width, geometry.height), geometry.background)
            canvas.paste(image.convert("RGB").resize(size, Image.Resampling.BICUBIC))
        return np.asarray(canvas)

    def work() -> None:
        while True:
            with lock:
                batch = next(batches, None)
            if batch is None:
                return
            stack = np.stack([pixels(path) for path in batch])
            tensor = ((stack - mean) / std).astype(np.float32).transpose(0, 3, 1, 2)
            if geometry.mask_channel:  # no mask: all of the picture is garment
                tensor = np.concatenate([tensor, np.ones_like(tensor[:, :1])], axis=1)
            session.run(outputs, {name: np.ascontiguousarray(tensor)})

    with ThreadPoolExecutor(threads) as pool:
        for worker in [pool.submit(work) for _ in range(threads)]:
            worker.result()  # a loop that failed has no speed


def measure(work: Callable[[], None]) -> tuple[float, float]:
    """Wall-clock and processor seconds."""
    wall, busy = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - busy


def draw_pictures(folder: Path, count: int) -> None:
    """JPEG files of 900 x 1200 pixels, about as large as a shop's."""
    rng = np.random.default_rng(0)
    for i in range(count):
        image = Image.new("RGB", (900, 1200), tuple(rng.integers(200, 256, 3).tolist()))
        pen = ImageDraw.Draw(image)
        for _ in range(40):
            x, y = rng.integers(0, (900, 1200)).tolist()
            w, h = rng.integers(20, 400, 2).tolist()
            pen.rectangle((x, y, x + w, y + h), fill=tuple(rng.integers(0, 256, 3).tolist()))
        image.filter(ImageFilter.GaussianBlur(2)).save(folder / f"{i:05}.jpg", quality=88)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", nargs="?", type=Path, help="folder of pictures; default: drawn ones")
    parser.add_argument("--pictures", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=available_cores())
    parser.add_argument("--encoder", type=Path, default=None)
    options = parser.parse_args()
    encoder = load_encoder(options.encoder, threads=1)
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        source = options.folder
        if source is None:
            source = root / "pictures"
            source.mkdir()
            draw_pictures(source, options.pictures)
        found = sorted(path for path in source.rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES)
        paths = found[:: max(len(found) // options.pictures, 1)][: options.pictures]
        listing = listing_of(root / "feed.jsonl", paths)
        index = IndexOptions(allow_outside=True, optimize=False, threads=options.threads)
        # Warm up: imports, and the files' way into the cache.
        plain_loop(paths, encoder, options.threads)
        index_once(listing_of(root / "warm.jsonl", paths[:BATCH]), str(root / "warm.catalog"), encoder, index)
        plain, ours = [], []
        for turn in range(options.rounds):
            plain.append(measure(lambda: plain_loop(paths, encoder, options.threads)))
            place = str(root / f"{turn}.catalog")
            ours.append(measure(functools.partial(index_once, listing, place, encoder, index)))
            print(f"round {turn + 1}: plain {plain[-1][0]:.2f} s, streetshop {ours[-1][0]:.2f} s", flush=True)
        size = sum(file.stat().st_size for file in (root / "0.catalog").rglob("*") if file.is_file())
    for which, values in (("plain loop", plain), ("streetshop", ours)):
        wall, busy = (statistics.median(column) for column in zip(*values, strict=True))
        print(
            f"{which:11}{len(paths) / wall:8.1f} images/s  {wall / len(paths) * 1000:6.2f} ms wall  "
            f"{busy / len(paths) * 1000:6.2f} ms of processor time per image"
        )
    ratios = [statistics.median(v[i] for v in plain) / statistics.median(v[i] for v in ours) for i in (0, 1)]
    print(f"ratio {ratios[0]:.3f} (by processor time {ratios[1]:.3f}), aim 0.8; {options.threads} threads")
    print(f"catalog {size / 1e6:.1f} MB, {size / len(paths) / 1e3:.1f} kB per picture with thumbnail")


def listing_of(file: Path, paths: Sequence[Path]) -> Path:
    """A feed that names the pictures."""
    file.write_text("".join(json.dumps({"id": str(i), "image": str(p.resolve())}) + "\n" for i, p in enumerate(paths)))
    return file


def index_once(feed: Path, url: str, encoder: Encoder, options: IndexOptions) -> None:
    """Everything ``streetshop index`` does, but for the approximate index."""
    report = index_feed(read_feed(feed), url, encoder, options=options)
    if report.ingest.embedded + report.ingest.refused_pictures < report.ingest.added:
        raise SystemExit(f"only {report.ingest.embedded} pictures were embedded: do some have the same content?")


if __name__ == "__main__":
    main()
