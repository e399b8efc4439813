"""Placeholders are found; white garments on white and shared pictures of sizes are not taken for them."""

from __future__ import annotations

import io
import itertools
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from streetshop.core.errors import PhotoBlank
from streetshop.core.photo import Photo
from streetshop.core.records import Product, Shot
from streetshop.feeds.read import FeedRow, read_feed
from streetshop.indexing.placeholders import check_not_even, shared_pictures


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("colour", ["white", "black", (244, 244, 246), (210, 200, 190)])
def test_even_pictures_are_refused(kind: str, colour: object) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (120, 160), colour).save(stream, kind)
    with pytest.raises(PhotoBlank, match="one colour"):
        check_not_even(Photo.from_bytes(stream.getvalue()).pixels)


def test_a_sample_of_cloth_is_no_placeholder() -> None:
    check_not_even(np.full((64, 64, 3), (200, 30, 60), np.uint8))


def test_transparent_pictures_are_even() -> None:
    stream = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 4), np.uint8)
    noise[:, :, 3] = 0
    Image.fromarray(noise).save(stream, "PNG")
    with pytest.raises(PhotoBlank):
        check_not_even(Photo.from_bytes(stream.getvalue()).pixels)


def test_a_white_garment_on_white_is_no_placeholder() -> None:
    image = Image.new("RGB", (300, 400), "white")
    ImageDraw.Draw(image).polygon(
        [(100, 80), (200, 80), (230, 330), (70, 330)], fill=(246, 246, 244), outline=(236, 236, 236)
    )
    check_not_even(np.asarray(image))


def _rows(count: int, **changes: object) -> list[FeedRow]:
    fields = {"id": "{i}", "title": "Product {word}", "shots": "p.jpg", **changes}
    rows = []
    for i in range(count):
        values = {
            name: str(text).format(i=i, word="abcdefghijklmnopqrstuvwxyz"[i] * 2, size=("S", "M", "XL")[i % 3])
            for name, text in fields.items()
        }
        rows.append(FeedRow(i, Product(**{**values, "shots": (Shot(values["shots"]), Shot(f"{i}.jpg"))})))  # type: ignore[arg-type]
    return rows


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, {"p.jpg": 12}),
        ({"title": ""}, {"p.jpg": 12}),
        ({"title": "Dress, size {i}"}, {}),
        ({"title": "Dress {size}"}, {}),
        ({"design": "d"}, {}),
        ({"design": "d{i}", "title": "Dress"}, {"p.jpg": 12}),
        ({"shots": "{i}.png"}, {}),
    ],
)
def test_pictures_of_many_products(changes: dict[str, str], found: dict[str, int]) -> None:
    assert dict(shared_pictures(_rows(12, **changes))) == found


def test_nine_products_may_share_one_and_rows_without_product_are_left_out() -> None:
    assert shared_pictures(_rows(9)) == {}
    assert shared_pictures([]) == {}
    assert shared_pictures(["refused", *_rows(12)], least=12) == {"p.jpg": 12}
    assert shared_pictures(_rows(12), least=13) == {}


@pytest.mark.data
@pytest.mark.slow
def test_no_photograph_of_a_real_set_is_taken_for_a_placeholder(data_root: Path) -> None:
    feed = read_feed(
        data_root / "clothing" / "images.csv", columns={"category": "label"}, image_template="images/{}.jpg"
    )
    assert shared_pictures(feed) == {}
    for row in itertools.islice(feed, 400):
        if isinstance(row, FeedRow):
            check_not_even(Photo.from_path(feed.root / row.product.shots[0].source, at_least=64).pixels)
