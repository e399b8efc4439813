"""Item 4 of the survival list over HTTP: odd pictures are answered or refused, each in one typed way."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from tests.web.serving import jpeg, png, street


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def transparent_palette() -> bytes:
    image = Image.fromarray(street()).quantize(16)
    return saved(image, "PNG", transparency=0)


GOOD = {
    "cmyk": lambda: saved(Image.fromarray(street()).convert("CMYK"), "JPEG"),
    "16-bit grey": lambda: saved(Image.fromarray(np.full((64, 64), 40_000, np.uint16)), "PNG"),
    "palette": transparent_palette,
    "grey with alpha": lambda: saved(Image.fromarray(street()).convert("LA"), "PNG"),
    "webp": lambda: saved(Image.fromarray(street()), "WEBP"),
}
BAD = {
    "1x1": (lambda: png(np.zeros((1, 1, 3), np.uint8)), 422, "photo-too-small"),
    "1x10000": (lambda: png(np.zeros((10_000, 1, 3), np.uint8)), 422, "photo-too-small"),
    "empty": (lambda: b"", 422, "photo-empty"),
    "html named jpg": (lambda: b"<!doctype html><script>alert(1)</script>", 415, "photo-format-unsupported"),
    "svg": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>', 415, "photo-format-unsupported"),
    "eps": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", 415, "photo-format-unsupported"),
    "pdf": (lambda: b"%PDF-1.7\n", 415, "photo-format-unsupported"),
    "gif": (lambda: saved(Image.fromarray(street()), "GIF"), 415, "photo-format-unsupported"),
}


@pytest.mark.parametrize("name", GOOD)
def test_readable_pictures_are_searched(client, name):
    answer = client.post("/v1/search", files={"photo": ("x.jpg", GOOD[name]())}, data={"k": "2"})
    assert answer.status_code == 200
    assert answer.json()["garments"][0]["matches"]


@pytest.mark.parametrize("name", BAD)
def test_unreadable_pictures_are_refused(client, name):
    make, status, slug = BAD[name]
    answer = client.post("/v1/search", files={"photo": ("x.jpg", make(), "image/jpeg")})
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:streetshop:problem:{slug}")
    assert answer.json()["hint"]


@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_a_photo_cut_off_at_every_tenth_is_refused(client, kind):
    whole = jpeg(street(scale=2)) if kind == "jpeg" else png(street())
    for tenth in range(1, 10):
        answer = client.post("/v1/search", files={"photo": whole[: len(whole) * tenth // 10]})
        assert answer.status_code in (415, 422), tenth
        assert answer.json()["type"].split(":")[-1].startswith("photo-")
