"""Whether two pictures are one shot."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from streetshop.lab.curate import alignment
from streetshop.lab.curate.alignment import likeness, thumbnail_of


def photo(seed: int) -> Image.Image:
    """Something with structure of all sizes, 240 x 320."""
    rng = np.random.default_rng(seed)
    image = Image.fromarray(rng.integers(0, 255, (8, 6, 3), np.uint8)).resize((240, 320), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for _ in range(14):
        x, y = rng.integers(0, 200), rng.integers(0, 280)
        draw.rectangle([x, y, x + rng.integers(8, 60), y + rng.integers(8, 60)], fill=tuple(rng.integers(0, 255, 3)))
    return image


def recompressed(image: Image.Image) -> Image.Image:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=30)
    return Image.open(stream).convert("RGB")


COPIES = {
    "resized": lambda image: image.resize((97, 130)),
    "recompressed": recompressed,
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "cropped": lambda image: image.crop((20, 30, 225, 300)),
    "cropped and mirrored": lambda image: image.crop((0, 40, 210, 320)).transpose(Image.Transpose.FLIP_LEFT_RIGHT),
}


def like(a: Image.Image, b: Image.Image) -> float:
    return float(likeness(*(thumbnail_of(np.asarray(image))[None] for image in (a, b)))[0])


@pytest.mark.parametrize("kind", COPIES)
def test_a_copy_is_one_shot_either_way_round(kind: str) -> None:
    image = photo(1)
    copy = COPIES[kind](image)
    assert like(image, copy) > 0.8
    assert like(copy, image) == pytest.approx(like(image, copy), abs=0.02)


def test_other_pictures_are_not() -> None:
    assert max(like(photo(2 * seed), photo(2 * seed + 1)) for seed in range(8)) < 0.5


def test_the_same_outline_in_another_colour_is_another_shot() -> None:
    image = photo(3)
    tinted = Image.fromarray((np.asarray(image).astype(float) * 0.75 + (60, 0, 40)).clip(0, 255).astype(np.uint8))
    assert like(image, tinted) < 0.8


def test_plain_pictures_are_like_nothing() -> None:
    plain = np.full((1, 48, 48, 3), 200, np.uint8)
    assert likeness(plain, plain)[0] < 0.8
    assert likeness(plain, thumbnail_of(np.asarray(photo(0)))[None])[0] < 0.8


def test_batches_and_single_pairs_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = [thumbnail_of(np.asarray(photo(seed))) for seed in range(5)]
    cropped = [thumbnail_of(np.asarray(photo(seed).crop((10, 10, 230, 300)))) for seed in range(5)]
    together = likeness(np.stack(pictures), np.stack(cropped))
    monkeypatch.setattr(alignment, "_BATCH", 2)
    np.testing.assert_allclose(likeness(np.stack(pictures), np.stack(cropped)), together, atol=1e-6)


def test_area_averaging_keeps_the_mean() -> None:
    picture = np.random.default_rng(0).random((1, 48, 48, 3)).astype(np.float32)
    small = alignment.resize(picture, 12, 16)
    naive = picture[0].reshape(12, 4, 16, 3, 3).mean((1, 3))
    np.testing.assert_allclose(small[0], naive, atol=1e-5)
