"""Fuzz targets: what reads bytes of strangers.

A target takes any bytes: the reader returns, or raises its typed error; anything else is a fault. Seeds are made, none
is stored. ``python -m tests.fuzz`` runs the targets; ``test_targets.py`` runs them on their seeds and on damaged ones.
"""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from streetshop.catalog.filters import parse_filter
from streetshop.catalog.lance.layout import read_meta
from streetshop.core.errors import StreetshopError
from streetshop.core.photo import Photo, PhotoLimits
from streetshop.feeds.read import read_feed
from streetshop.models.folder import read_spec
from streetshop.search.request import parse_box
from streetshop.search.weights import parse_weights
from tests.feeds.mutated import valid_feeds

FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-"))
LIMITS = PhotoLimits(max_pixels=4_000_000, more_formats=True)
MORE = ("GIF", "BMP", "TIFF")


def photo(data: bytes) -> None:
    Photo.from_bytes(data, limits=LIMITS)


def feed_of(suffix: str) -> Callable[[bytes], None]:
    def feed(data: bytes) -> None:
        path = FOLDER / f"feed{suffix}"
        path.write_bytes(data)
        for _ in read_feed(path, max_rows=10_000):
            pass

    return feed


def filter_text(data: bytes) -> None:
    parse_filter(data.decode(errors="replace"), {"price": "number", "title": "text", "in_stock": "boolean"})


def weights(data: bytes) -> None:
    parse_weights(data.decode(errors="replace").split("|"))


def box(data: bytes) -> None:
    parse_box(data.decode(errors="replace"))


def catalog_json(data: bytes) -> None:
    (FOLDER / "catalog.json").write_bytes(data)
    read_meta(FOLDER)


def bundle_json(data: bytes) -> None:
    (FOLDER / "bundle.json").write_bytes(data)
    read_spec(FOLDER)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "photo": photo,
    "csv": feed_of(".csv"),
    "jsonl": feed_of(".jsonl"),
    "json": feed_of(".json"),
    "xml": feed_of(".xml"),
    "tsv": feed_of(".tsv"),
    "filter": filter_text,
    "weights": weights,
    "box": box,
    "catalog": catalog_json,
    "bundle": bundle_json,
}


def seeds(name: str) -> list[bytes]:
    """Valid inputs of a target."""
    if name == "photo":
        pixels = np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8)
        files = []
        kinds = (
            ("JPEG", {}),
            ("JPEG", {"progressive": True}),
            *((kind, {}) for kind in ("PNG", "WEBP", "AVIF", *MORE)),
        )
        for kind, options in kinds:
            stream = io.BytesIO()
            Image.fromarray(pixels).save(stream, kind, **options)
            files.append(stream.getvalue())
        return files
    if f".{name}" in valid_feeds():
        return valid_feeds()[f".{name}"]
    texts = {
        "filter": ["price < 50 and not (title = 'a b' or in_stock)", "title in (a, 'b')"],
        "weights": ["colour=6|style=.5"],
        "box": ["1,2,3.5,4e1", "[1, 2, 3, 4]"],
        "catalog": [json.dumps({"encoder": "e", "fingerprint": "f", "blocks": [{"name": "style", "dim": 8}]})],
        "bundle": [json.dumps({"kind": "encoder", "name": "e", "version": "1", "files": {}, "blocks": []})],
    }
    return [text.encode() for text in texts[name]]


def run(name: str, data: bytes) -> None:
    """Give ``data`` to a target; a typed error is as good as a result."""
    with contextlib.suppress(StreetshopError):
        TARGETS[name](data)
