"""Photo to products for four garments, a whole page, and a stored look: milliseconds of each stage beside the paper's.

    python benchmarks/page.py [--n 100000] [--rounds 20] [--photos FOLDER] [--json]

The paper is "Buy me that look" (method 3), on a V100: keypoints 200 ms, boxes 400 ms, embedding 100 ms, retrieval 5 ms.
Here one network gives garments and keypoints. The catalog has random unit vectors of the shipped encoder's blocks, and
kinds in the shares of a clothing shop. Pictures are drawn pages unless ``--photos`` names a folder.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from search_kinds import SHARES

from streetshop.catalog.looks import StoredLooks
from streetshop.catalog.open import create_catalog
from streetshop.catalog.store import CatalogMeta, Entry, Store
from streetshop.core.kinds import KINDS
from streetshop.core.photo import Photo
from streetshop.core.records import Product, Shot
from streetshop.looks import PHOTO_SIDE, garment_picture, load_reader, read_look
from streetshop.models import Encoder, load_encoder
from streetshop.search import Searcher, SearchRequest
from streetshop.search.kinds import likely_kinds
from streetshop.search.pages import match_page, prepare_page, read_picture
from streetshop.search.stored_looks import look_row, stored_look
from streetshop.studio import draw_catalog

GARMENTS, PICTURES, K = 4, 5, 12
PAPER = {"look": 600.0, "encode": 100.0, "search": 5.0}
_BATCH = 5000


def fill(folder: Path, encoder: Encoder, n: int) -> Store:
    """A catalog of ``n`` products of random vectors, each block of unit length."""
    store = create_catalog(str(folder), CatalogMeta(encoder.name, encoder.fingerprint, encoder.blocks))
    rng = np.random.default_rng(1)
    kinds = rng.choice(KINDS, n, p=SHARES)
    for start in range(0, n, _BATCH):
        size = min(_BATCH, n - start)
        parts = [rng.standard_normal((size, block.dim), np.float32) for block in encoder.blocks]
        vectors = np.hstack([part / np.linalg.norm(part, axis=1, keepdims=True) for part in parts])
        entries = []
        for i, vector in enumerate(vectors, start):
            kind = str(kinds[i])
            product = Product(f"p{i:07d}", f"Product {i}", kind, price=10.0 + i % 90, kind=kind, kind_source="category")
            product = replace(product, kind_probability=0.95, shots=(Shot(f"{i}.jpg", f"{i:064x}"),))
            entries.append(Entry(product, vector[None], (b"",)))
        store.upsert(entries)
        print(f"{start + size} of {n} products", file=sys.stderr)
    store.optimize()
    return store


def pictures_of(folder: Path | None, at: Path) -> list[bytes]:
    """The bytes of pictures: those of a folder, or drawn pages of front, back, left, right and detail."""
    if folder is None:
        feed = draw_catalog(at, 1, 3, 1, 800, shots=("front", "back", "left", "right", "detail"))
        folder = feed.parent / "images" / "shop"
    return [path.read_bytes() for path in sorted(folder.glob("*.jpg"))]


class Stages:
    """Milliseconds by stage."""

    def __init__(self) -> None:
        self.spent: defaultdict[str, list[float]] = defaultdict(list)

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        """The time of the body."""
        started = time.perf_counter()
        yield
        self.spent[stage].append((time.perf_counter() - started) * 1e3)

    def medians(self) -> dict[str, float]:
        """Of all stages."""
        return {stage: round(statistics.median(spent), 2) for stage, spent in self.spent.items()}


def one_photo(data: bytes, searcher: Searcher, request: SearchRequest, stages: Stages) -> None:
    """A photo to the products of four garments; one with fewer has its garments repeated."""
    with stages.time("photo to products"):
        with stages.time("decode"):
            photo = Photo.from_bytes(data, at_least=PHOTO_SIDE)
        with stages.time("look"):
            look = read_look(photo, searcher.reader)
        garments = [*islice(cycle(look.garments), GARMENTS)]
        with stages.time("cut"):
            cut = [garment_picture(photo, garment, searcher.encoder.spec) for garment in garments]
            prepared = [searcher.encoder.prepare(picture) for picture in cut]
        with stages.time("encode"):
            vectors = searcher.encoder.encode(prepared)
        with stages.time("search"):
            for garment, vector in zip(garments, vectors, strict=True):
                searcher.near(vector, request, likely_kinds(garment.kinds))


def one_page(pictures: list[bytes], searcher: Searcher, request: SearchRequest) -> None:
    """Five pictures to a look, which is stored as that of the catalog's first product."""
    read = [
        read_picture(searcher, Photo.from_bytes(data, at_least=PHOTO_SIDE), str(i)) for i, data in enumerate(pictures)
    ]
    page = prepare_page(searcher.store, read)
    answer = match_page(searcher, page, searcher.encoder.encode(page.prepared, side="shop"), request)
    (product,) = searcher.store.get(["p0000000"])
    if product is None:
        raise SystemExit("the catalog has no product p0000000")
    row = look_row(answer, product, searcher.encoder.fingerprint, searcher.reader.name, "")
    StoredLooks.beside(searcher.store.url).put([row])


def timed(work: Callable[[], object], rounds: int) -> float:
    """Median milliseconds."""
    stages = Stages()
    for _ in range(rounds):
        with stages.time("work"):
            work()
    return stages.medians()["work"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--n", type=int, default=100_000, help="products of the catalog")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--photos", type=Path, help="folder of JPEG files")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        encoder = load_encoder()
        pictures = pictures_of(asked.photos, Path(folder) / "drawn")
        store = fill(Path(folder) / "shop.catalog", encoder, asked.n)
        searcher = Searcher(store, encoder, load_reader())
        request = SearchRequest.check(store, encoder.blocks, k=K, calibration=encoder.spec.calibration)
        warm, stages = Stages(), Stages()
        for data in pictures[:3]:
            one_photo(data, searcher, request, warm)
        for data in islice(cycle(pictures), asked.rounds):
            one_photo(data, searcher, request, stages)
        page = pictures[:PICTURES]
        one_page(page, searcher, request)
        found = {
            "products": asked.n,
            **stages.medians(),
            f"page of {len(page)} pictures": timed(
                lambda: one_page(page, searcher, request), max(asked.rounds // 4, 1)
            ),
            "stored look": timed(lambda: stored_look(store, "p0000000"), asked.rounds * 5),
        }
        store.close()
    if asked.json:
        print(json.dumps(found))
        return
    print(f"{asked.n} products, four garments, medians in ms; in brackets the paper's on a V100")
    for stage, spent in found.items():
        if stage != "products":
            beside = f" ({PAPER[stage]:.0f})" if stage in PAPER else ""
            print(f"{stage:24} {spent:8.1f}{beside}")


if __name__ == "__main__":
    main()
