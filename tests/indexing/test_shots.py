"""Pictures as the encoder takes them, and thumbnails."""

from __future__ import annotations

import io

from PIL import Image

from streetshop.core.photo import Photo
from streetshop.indexing.shots import thumbnail
from tests.catalog.shop import draw_picture, write_feed
from tests.indexing.shops import Shop


def test_thumbnails(shop: Shop) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x8825] = {1: "N", 2: (48.0, 8.0, 0.0)}
    draw_picture(shop.folder / "a.jpg", 1, size=(1200, 800), exif=exif)
    write_feed(shop.feed, [{"id": "x", "image": "a.jpg"}])
    shop.index()
    data = shop.open().thumbnail("x")
    assert data is not None
    small = Image.open(io.BytesIO(data))
    assert small.format == "JPEG"
    assert max(small.size) <= 320
    assert small.height > small.width
    assert not small.getexif()
    assert b"Exif" not in data
    write_feed(shop.feed, [{"id": "y", "image": "a.jpg"}])
    shop.index(thumbnails=False)
    assert not shop.open().thumbnail("y")
    assert Image.open(io.BytesIO(thumbnail(Photo.from_path(shop.folder / "a.jpg")))).size == (213, 320)
