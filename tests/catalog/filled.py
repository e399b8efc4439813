"""A small real catalog for tests: coloured squares in a real LanceDB behind a tiny real encoder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from streetshop.catalog.open import create_catalog
from streetshop.catalog.store import CatalogMeta, Entry, Store
from streetshop.core.photo import Photo, encode_jpeg
from streetshop.core.records import Product, Shot
from streetshop.looks import garment_picture, whole_photo
from streetshop.models import Encoder, load_encoder
from tests.models.tiny import tiny_encoder

COLOURS = {
    "red": (200, 20, 30),
    "orange": (240, 130, 20),
    "green": (30, 150, 60),
    "blue": (30, 60, 200),
    "black": (15, 15, 15),
    "white": (245, 245, 245),
}
PATTERNS = ("plain", "stripes", "checks")


def square(colour: str, pattern: str = "plain", side: int = 64, shift: int = 0) -> np.ndarray:
    """(side, side, 3) picture of a garment of one colour and pattern; ``shift`` moves the pattern."""
    pixels = np.full((side, side, 3), COLOURS[colour], np.uint8)
    y, x = np.mgrid[0:side, 0:side] + shift
    if pattern == "stripes":
        pixels[(y // 8) % 2 == 0] = 128
    elif pattern == "checks":
        pixels[((y // 16) + (x // 16)) % 2 == 0] = 128
    return pixels


def entry(encoder: Encoder, product: Product, pictures: list[np.ndarray]) -> Entry:
    photos = [Photo.from_array(pixels) for pixels in pictures]
    vectors = encoder.encode(
        [encoder.prepare(garment_picture(photo, whole_photo(photo), encoder.spec)) for photo in photos], side="shop"
    )
    shots = tuple(Shot(f"{product.id}-{i}.png", photo.sha256) for i, photo in enumerate(photos))
    filled = replace(product, shots=shots)
    return Entry(filled, vectors, tuple(encode_jpeg(Image.fromarray(pixels)) for pixels in pictures))


def filled_catalog(folder: Path) -> tuple[Store, Encoder]:
    """Eighteen products ``red-plain`` ... ``white-checks``, two shots each; the catalog at ``folder/shop.catalog``."""
    encoder = load_encoder(tiny_encoder(folder / "encoder"), threads=1)
    meta = CatalogMeta(encoder.name, encoder.fingerprint, encoder.blocks)
    store = create_catalog(str(folder / "shop.catalog"), meta)
    entries = []
    for i, colour in enumerate(COLOURS):
        for j, pattern in enumerate(PATTERNS):
            product = Product(
                f"{colour}-{pattern}",
                title=f"{colour.title()} {pattern}",
                category=("dress", "shirt", "skirt")[j],
                brand=("Ahorn", "Birke")[i % 2],
                price=10.0 * (i + 1) + j,
                currency="EUR",
                in_stock=bool((i + j) % 2),
                attributes={"colour": colour, "pattern": pattern, "year": 2020.0 + i},
            )
            entries.append(entry(encoder, product, [square(colour, pattern), square(colour, pattern, shift=3)]))
    store.upsert(entries)
    return store, encoder
