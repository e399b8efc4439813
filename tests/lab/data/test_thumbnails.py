"""Tests of ``lab.data.thumbnails``."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.thumbnails import thumbnail


def test_a_thumbnail_shows_the_box(tmp_path: Path) -> None:
    image = Image.new("RGB", (400, 300), "blue")
    image.paste("red", (100, 50, 200, 250))
    image.save(tmp_path / "a.png")
    rows = [Sample("a.png", "shop"), Sample("a.png", "shop", box=(100, 50, 200, 250)), Sample("none.png", "shop")]
    manifest = Manifest.from_rows(rows, tmp_path)
    whole, box = (Image.open(io.BytesIO(thumbnail(manifest, row) or b"")) for row in (0, 1))
    assert whole.size == (120, 90)
    assert box.size == (60, 120)
    red, _, blue = box.getpixel((30, 60))
    assert red > 200
    assert blue < 60
    assert thumbnail(manifest, 2) is None
