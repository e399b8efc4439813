"""What gets into a scraped pile besides garments, drawn; and copies of a picture as they get around."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

WORDS: Final = (
    "SALE", "NEW", "FREE", "SHIPPING", "RETURNS", "30", "DAYS", "CARE", "WASH", "COLD", "COTTON", "SIZE", "GUIDE",
    "FOLLOW", "US", "STYLE", "TREND", "GIFT",
)  # fmt: skip
NOISE: Final = ("size table", "packaging", "text", "landscape")
COPIES: Final = ("resize", "crop", "recompress", "watermark", "flip")
_SIZE: Final = (240, 320)

Colour = tuple[int, int, int]


def draw_noise(kind: str, seed: int) -> Image.Image:
    """A picture of one of :data:`NOISE`, 240 x 320."""
    rng = np.random.default_rng([NOISE.index(kind), seed])
    return {"size table": _table, "packaging": _parcel, "text": _banner, "landscape": _landscape}[kind](rng)


def _colour(rng: np.random.Generator, low: int = 0, high: int = 255) -> Colour:
    return tuple(int(v) for v in rng.integers(low, high, 3))  # type: ignore[return-value]


def _table(rng: np.random.Generator) -> Image.Image:
    image = Image.new("RGB", _SIZE, _colour(rng, 225))
    draw = ImageDraw.Draw(image)
    ink, head = _colour(rng, 0, 90), _colour(rng, 90, 220)
    columns, rows = int(rng.integers(3, 7)), int(rng.integers(5, 13))
    left, top = int(rng.integers(4, 24)), int(rng.integers(30, 90))
    wide, high = (_SIZE[0] - 2 * left) / columns, min((_SIZE[1] - top - 10) / rows, 26)
    draw.text((left, top - 26), "Size guide (cm)", fill=ink, font_size=int(rng.integers(12, 20)))
    draw.rectangle([left, top, _SIZE[0] - left, top + high], fill=head)
    for row in range(rows + 1):
        draw.line([(left, top + row * high), (_SIZE[0] - left, top + row * high)], fill=ink)
    for column in range(columns + 1):
        draw.line([(left + column * wide, top), (left + column * wide, top + rows * high)], fill=ink)
        for row in range(rows if column < columns else 0):
            value = ("XS", "S", "M", "L", "XL")[row % 5] if column == 0 else str(int(rng.integers(30, 120)))
            draw.text((left + column * wide + 4, top + row * high + 3), value, fill=ink, font_size=10)
    return image


def _parcel(rng: np.random.Generator) -> Image.Image:
    image = Image.new("RGB", _SIZE, _colour(rng, 120, 250))
    draw = ImageDraw.Draw(image)
    card = np.array([190, 150, 105]) + rng.integers(-25, 25, 3)
    x, y = int(rng.integers(20, 60)), int(rng.integers(70, 120))
    w, h, d = int(rng.integers(110, 150)), int(rng.integers(90, 160)), int(rng.integers(15, 40))
    front, side, top = (tuple(int(v) for v in np.clip(card * f, 0, 255)) for f in (1.0, 0.75, 1.15))
    draw.polygon([(x, y), (x + d, y - d), (x + w + d, y - d), (x + w, y)], fill=top)
    draw.polygon([(x + w, y), (x + w + d, y - d), (x + w + d, y + h - d), (x + w, y + h)], fill=side)
    draw.rectangle([x, y, x + w, y + h], fill=front)
    tape = x + w // 2
    draw.rectangle([tape - 8, y, tape + 8, y + h], fill=_colour(rng, 170, 240))
    draw.rectangle([x + 10, y + 14, x + 60, y + 50], fill=(245, 245, 245))
    for line in range(5):
        draw.line([(x + 14, y + 20 + 6 * line), (x + int(rng.integers(30, 56)), y + 20 + 6 * line)], fill=(60, 60, 60))
    return image.filter(ImageFilter.GaussianBlur(0.6))


def _banner(rng: np.random.Generator) -> Image.Image:
    image = Image.new("RGB", _SIZE, _colour(rng))
    draw = ImageDraw.Draw(image)
    y = int(rng.integers(10, 40))
    while y < _SIZE[1] - 30:
        size = int(rng.integers(12, 44))
        text = " ".join(rng.choice(WORDS, int(rng.integers(1, 4))))
        draw.text((int(rng.integers(4, 40)), y), text, fill=_colour(rng), font_size=size)
        y += size + int(rng.integers(4, 24))
    return image


def _landscape(rng: np.random.Generator) -> Image.Image:
    w, h = _SIZE
    high, low = np.array(_colour(rng, 60, 180)), np.array(_colour(rng, 170, 250))
    horizon = int(h * rng.uniform(0.35, 0.65))
    shade = np.linspace(0, 1, h)[:, None, None]
    pixels = np.broadcast_to(high * (1 - shade) + low * shade, (h, w, 3)).astype(np.uint8)
    image = Image.fromarray(np.ascontiguousarray(pixels))
    draw = ImageDraw.Draw(image)
    for layer in range(3):
        ground = tuple(int(v) for v in np.array([50, 90, 45]) * (0.7 + 0.3 * layer) + rng.integers(-20, 20, 3))
        base, waves = horizon + 35 * layer, rng.uniform(0.01, 0.05, 3)
        crest = [
            base + sum(12 * np.sin(f * x * (i + 1) + rng.uniform(0, 0.05)) for i, f in enumerate(waves))
            for x in range(w)
        ]
        draw.polygon([(0, h), *((x, float(v)) for x, v in enumerate(crest)), (w, h)], fill=ground)
    for _ in range(int(rng.integers(4, 14))):
        x, y, r = int(rng.integers(0, w)), int(rng.integers(horizon, h)), int(rng.integers(5, 16))
        draw.rectangle([x - 2, y, x + 2, y + 2 * r], fill=(80, 60, 40))
        draw.ellipse([x - r, y - 2 * r, x + r, y + r // 2], fill=(30, int(rng.integers(70, 130)), 40))
    grain = rng.normal(0, 9, (h, w, 1))
    return Image.fromarray(np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8)).filter(
        ImageFilter.GaussianBlur(0.7)
    )


def copy_of(image: Image.Image, kind: str, seed: int) -> bytes:
    """A JPEG copy of ``image``.

    It is resized (to 40-80 %), cropped (80-95 % of each side), recompressed (quality 25-50), stamped with
    half-transparent text, or mirrored.
    """
    rng = np.random.default_rng([COPIES.index(kind), seed])
    image = image.convert("RGB")
    w, h = image.size
    if kind == "resize":
        scale = rng.uniform(0.4, 0.8)
        image = image.resize((int(w * scale), int(h * scale)), Image.Resampling.LANCZOS)
    elif kind == "crop":
        wide, high = rng.uniform(0.8, 0.95, 2)
        x, y = rng.uniform(0, 1 - wide) * w, rng.uniform(0, 1 - high) * h
        image = image.crop((int(x), int(y), int(x + wide * w), int(y + high * h)))
    elif kind == "watermark":
        layer = Image.new("RGBA", image.size, (0, 0, 0, 0))
        place = (w * rng.uniform(0.05, 0.4), h * rng.uniform(0.3, 0.7))
        ImageDraw.Draw(layer).text(place, "(c) shop.example", fill=(255, 255, 255, 150), font_size=int(w / 9))
        image = Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")
    elif kind == "flip":
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=int(rng.integers(25, 50)) if kind == "recompress" else 88)
    return stream.getvalue()
