"""A shop of products with kinds and designs, and a photo to ask it with."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from streetshop.catalog.open import create_catalog
from streetshop.catalog.store import CatalogMeta
from streetshop.core.records import Product
from streetshop.models import Encoder, load_encoder
from tests.catalog.filled import COLOURS, entry, square
from tests.models.tiny import tiny_encoder
from tests.web.serving import BandReader

TOPS, BAGS = 60, 2
SHIRT = {
    "shirt-red-m": ("red", "M", 20.0, True),
    "shirt-red-l": ("red", "L", 20.0, False),
    "shirt-red-s": ("red", "S", 20.0, True),
    "shirt-blue-m": ("blue", "M", 25.0, True),
}
"""The variants of the one design: colour, size, price, stock."""


def kinds_reader() -> BandReader:
    """A reader of photos of three bands: a top; a skirt or a dress; a hat, which the shop does not sell."""
    return BandReader({"top": {"top": 0.9}, "bottom": {"skirt": 0.5, "dress": 0.4}, "shoes": {"hat": 0.9}})


def three_bands() -> np.ndarray:
    """(440, 240, 3) photo: a red square above a blue one above a green one."""
    pixels = np.full((440, 240, 3), 190, np.uint8)
    for top, colour in ((30, "red"), (170, "blue"), (310, "green")):
        pixels[top : top + 100, 70:170] = square(colour, side=100)
    return pixels


def kinds_catalog(folder: Path) -> tuple[Path, Encoder]:
    """Sixty tops, a design of tops with four variants, three skirts, two dresses, two bags, a bed sheet; no hats."""
    encoder = load_encoder(tiny_encoder(folder / "encoder"), threads=1)
    path = folder / "kinds.catalog"
    store = create_catalog(str(path), CatalogMeta(encoder.name, encoder.fingerprint, encoder.blocks))
    colours = list(COLOURS)

    def product(id: str, kind: str, **fields: object) -> Product:
        known = {"kind": kind, "kind_source": "category", "kind_probability": 0.95} if kind else {}
        return Product(
            id, title=id.title(), category=kind or "bedding", currency="EUR", **{"price": 9.0, **known, **fields}
        )  # type: ignore[arg-type]

    entries = [
        entry(encoder, product(f"top-{i:02}", "top", price=30.0 + i), [square(colours[i % 6], "stripes", shift=i)])
        for i in range(TOPS)
    ]
    for id, (colour, size, price, stock) in SHIRT.items():
        about = {
            "price": price,
            "in_stock": stock,
            "design": "shirt",
            "attributes": {
                "availability": "in stock" if stock else "out of stock",
                "base_colour": colour,
                "size": size,
            },
        }
        entries.append(entry(encoder, product(id, "top", **about), [square(colour)]))
    others = [
        *(("skirt", c) for c in colours[:3]),
        ("dress", "blue"),
        ("dress", "red"),
        ("bag", "green"),
        ("bag", "red"),
    ]
    entries += [entry(encoder, product(f"{kind}-{c}", kind), [square(c, "checks")]) for kind, c in others]
    entries.append(entry(encoder, product("sheet-white", ""), [square("white")]))
    store.upsert(entries)
    store.close()
    return path, encoder
