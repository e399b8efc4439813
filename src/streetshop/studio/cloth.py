"""Colour and relief of a product's fabric."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from streetshop.studio.mesh import Array
from streetshop.studio.products import Product, rng_for
from streetshop.studio.svg import svg
from streetshop.studio.vocabulary import COLORS

_TILE = 160


def shade_of(product: Product, attribute: str = "base_colour") -> Array:
    """(3,) float sRGB 0-255: the shade of this design for its named colour."""
    name = product.get(attribute)
    if name in ("", "none"):
        name = product.get("base_colour")
    rgb = np.asarray(COLORS[name], np.float32)
    jitter = product.rng(f"shade {attribute}").normal(0, 1, 3)
    return np.asarray(np.clip(rgb + jitter * 7 + jitter[0] * 6, 6, 250), np.float32)


def hexed(rgb: Array, scale: float = 1.0) -> str:
    """``#rrggbb`` of a colour times ``scale``."""
    r, g, b = (int(v) for v in np.clip(np.asarray(rgb, float) * scale, 0, 255))
    return f"#{r:02x}{g:02x}{b:02x}"


def seam_of(base: Array, darker: float, lighter: float) -> str:
    """``#rrggbb`` of lines on a ``base`` colour: ``darker`` times it, or ``lighter`` more than a dark one."""
    return hexed(base, darker) if float(base.mean()) > 60 else hexed(base + lighter)


def trim_of(product: Product) -> Array:
    """(3,) shade of buttons, laces and piping: the second colour, or else a darker or lighter base colour."""
    if product.get("secondary_colour") not in ("", "none"):
        return shade_of(product, "secondary_colour")
    base = shade_of(product)
    dark = float(base.mean()) < 90
    return np.clip(base * 0.4 + 150, 0, 255) if dark else base * 0.55


def paint(product: Product, x: Array, y: Array, part: str = "body") -> tuple[NDArray[np.uint8], Array | None]:
    """Fabric at the coordinates ``x`` and ``y``.

    Args:
        product: the product.
        x: metres across, 0 in the middle of the front; (h, w) or a shape that broadcasts to it.
        y: metres down, likewise.
        part: body, sleeve, hip, leg or skirt; colour blocks and worn denim depend on it.

    Returns:
        (h, w, 3) uint8 sRGB, and (h, w) relief in metres for knits, or None.
    """
    base, second = shade_of(product), shade_of(product, "secondary_colour")
    rng = product.rng("pattern")
    pattern = product.get("pattern")
    relief: Array | None = None
    mix = np.zeros(np.broadcast(x, y).shape, np.float32)
    if pattern == "horizontal stripes":
        mix = _stripes(np.broadcast_to(y, mix.shape), rng)
    elif pattern == "vertical stripes":
        mix = _stripes(np.broadcast_to(x, mix.shape), rng)
    elif pattern == "plaid":
        color = _plaid(x, y, base, second, rng)
        return _finish(color, product), None
    elif pattern == "dots":
        mix = _dots(x, y, rng)
    elif pattern in ("floral", "animal"):
        tile, metres = pattern_tile(product.seed, pattern, tuple(base.tolist()), tuple(second.tolist()))
        row = (np.floor(y / metres * _TILE).astype(np.int32)) % _TILE
        column = (np.floor(x / metres * _TILE).astype(np.int32)) % _TILE
        return _finish(
            tile[np.broadcast_to(row, mix.shape), np.broadcast_to(column, mix.shape)].astype(np.float32), product
        ), None
    elif pattern == "colour block":
        mix = _blocks(x, y, part, rng, mix.shape)
    elif pattern == "denim wash":
        color = _denim(x, y, base, part, rng, mix.shape)
        return _finish(color, product), None
    elif pattern == "knit":
        relief, darker = _knit(x, y, rng, mix.shape)
        color = base * (1 - 0.22 * darker[..., None])
        return _finish(color, product), relief
    color = base + (second - base) * mix[..., None]
    return _finish(color, product), relief


def _finish(color: Array, product: Product) -> NDArray[np.uint8]:
    """Add the grain of the yarn and convert to uint8."""
    grain = product.rng("grain").standard_normal((64, 64)).astype(np.float32) * 3.0
    h, w = color.shape[:2]
    tiled = np.tile(grain, (h // 64 + 1, w // 64 + 1))[:h, :w]
    return np.clip(color + tiled[..., None], 0, 255).astype(np.uint8)


def _stripes(t: Array, rng: np.random.Generator) -> Array:
    period = float(rng.choice([0.018, 0.03, 0.05, 0.09]))
    share = float(rng.choice([0.2, 0.35, 0.5]))
    phase = (t / period + 0.25) % 1
    mix = (phase < share).astype(np.float32)
    if rng.random() < 0.25:
        mix = np.maximum(mix, ((phase > share + 0.12) & (phase < share + 0.2)) * 0.8)
    return mix


def _plaid(x: Array, y: Array, base: Array, second: Array, rng: np.random.Generator) -> Array:
    period = float(rng.choice([0.03, 0.06, 0.11]))
    bands = [(0.0, float(rng.uniform(0.25, 0.45)), 0.55), (0.6, 0.66, 0.9), (0.75, 0.79, 0.5)]
    third = np.clip(255 - base * 0.6, 0, 255) if rng.random() < 0.4 else second
    color = np.broadcast_to(base, (*np.broadcast(x, y).shape, 3)).copy()
    for t in (x, y):
        phase = np.broadcast_to((t / period) % 1, color.shape[:2])
        for k, (low, high, strength) in enumerate(bands):
            a = ((phase >= low) & (phase < high)).astype(np.float32)[..., None] * strength * 0.62
            color = color * (1 - a) + (third if k == 2 else second) * a
    return color


def _dots(x: Array, y: Array, rng: np.random.Generator) -> Array:
    period = float(rng.choice([0.018, 0.03, 0.055]))
    radius = float(rng.uniform(0.2, 0.36))
    row = np.floor(y / period)
    u = (x / period + 0.5 * (row % 2)) % 1 - 0.5
    v = (y / period) % 1 - 0.5
    return np.asarray(np.hypot(u, v) < radius, np.float32)


def _blocks(x: Array, y: Array, part: str, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    kind = int(rng.integers(4))
    if kind == 0:  # contrasting sleeves
        return np.full(shape, 0.0 if part == "body" else 1.0, np.float32)
    if kind == 1:  # a yoke
        return np.broadcast_to((y < 0.20) & (part != "leg"), shape).astype(np.float32)
    if kind == 2:  # a broad band
        return np.broadcast_to((y > 0.20) & (y < 0.34), shape).astype(np.float32)
    half = np.broadcast_to(x > 0, shape)  # two halves
    return half.astype(np.float32)


def _denim(x: Array, y: Array, base: Array, part: str, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    fade = float(rng.uniform(0.15, 0.75))
    x, y = np.broadcast_to(x, shape), np.broadcast_to(y, shape)
    if part == "leg":
        worn = np.exp(-((x / 0.055) ** 2)) * np.exp(-(((y - 0.22) / 0.20) ** 2)) * fade
    else:
        worn = 0.35 * fade * np.exp(-((x / 0.2) ** 2))
    blotch = _cloud(rng, 96)
    row = (y / 0.5 * 96).astype(np.int32) % 96
    column = (x / 0.5 * 96).astype(np.int32) % 96
    twill = 0.05 * np.sign(np.sin((x + y) * 2 * np.pi / 0.0035))
    light = np.clip(worn + 0.07 * blotch[row, column] + twill, -0.2, 0.9)[..., None]
    faded = np.clip(light, 0, 1)
    return np.asarray(base * (1 - faded + np.minimum(light, 0)) + np.array([205, 216, 228], np.float32) * faded)


def _cloud(rng: np.random.Generator, size: int, peak: float = 5.0) -> Array:
    """(size, size) seamless band-limited noise with a standard deviation of 1."""
    fy, fx = np.meshgrid(np.fft.fftfreq(size) * size, np.fft.rfftfreq(size) * size, indexing="ij")
    band = np.exp(-(((np.hypot(fx, fy) - peak) / (0.6 * peak)) ** 2))
    wave = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((size, size))) * band, s=(size, size))
    return np.asarray(wave / wave.std(), np.float32)


def _knit(x: Array, y: Array, rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Relief in metres, and the darkness of the valleys."""
    kind = int(rng.integers(3))
    x, y = np.broadcast_to(x, shape), np.broadcast_to(y, shape)
    if kind == 0:  # ribs
        period = float(rng.choice([0.009, 0.016, 0.024]))
        wave = np.cos(2 * np.pi * x / period)
        return (wave * 0.0016).astype(np.float32), (wave < -0.3).astype(np.float32)
    if kind == 1:  # cables
        period = float(rng.choice([0.06, 0.08]))
        strand = (x / period) % 1 - 0.5
        twist = 0.16 * np.sin(2 * np.pi * y / 0.055)
        one, two = np.abs(strand - twist), np.abs(strand + twist)
        height = np.maximum(np.exp(-((one / 0.11) ** 2)), np.exp(-((two / 0.11) ** 2)))
        purl = 0.25 * np.cos(2 * np.pi * x / 0.008)
        return ((height + 0.3 * purl * (height < 0.3)) * 0.006).astype(np.float32), np.clip(0.8 - height, 0, 1).astype(
            np.float32
        )
    stitch = float(rng.choice([0.008, 0.012]))  # coarse stockinette: rows of little Vs
    vee = np.cos(2 * np.pi * (y / stitch + 0.5 * np.abs((x / stitch) % 1 - 0.5) * 2)) * np.abs(
        np.sin(np.pi * x / stitch)
    )
    return (vee * 0.0018).astype(np.float32), (vee < -0.2).astype(np.float32)


@lru_cache(maxsize=256)
def pattern_tile(
    seed: int, pattern: str, base: tuple[float, ...], second: tuple[float, ...]
) -> tuple[NDArray[np.uint8], float]:
    """(160, 160, 3) seamless uint8 tile of a print, and its side in metres."""
    rng = rng_for(seed, "tile", pattern)
    if pattern == "animal":
        return _animal(rng, np.asarray(base), np.asarray(second)), float(rng.choice([0.16, 0.26]))
    return _floral(rng, np.asarray(base, np.float32), np.asarray(second, np.float32)), float(
        rng.choice([0.14, 0.22, 0.36])
    )


def _animal(rng: np.random.Generator, base: Array, second: Array) -> NDArray[np.uint8]:
    dark, light = (base, second) if base.mean() < second.mean() else (second, base)
    kind = int(rng.integers(3))
    if kind == 0:  # leopard: rings with a darker heart
        cloud = _cloud(rng, _TILE, 9.0)
        ring = (np.abs(cloud - 0.85) < 0.33).astype(np.float32)
        heart = (cloud > 1.18).astype(np.float32)
        mix = np.clip(ring + 0.35 * heart, 0, 1)
    elif kind == 1:  # zebra
        y, x = np.meshgrid(np.arange(_TILE), np.arange(_TILE), indexing="ij")
        mix = (np.sin(2 * np.pi * (y * 7 / _TILE) + 1.9 * _cloud(rng, _TILE, 2.5)) > 0.15).astype(np.float32)
    else:  # snake: scales with patches
        y, x = np.meshgrid(np.arange(_TILE), np.arange(_TILE), indexing="ij")
        scales = np.minimum(np.abs((x + y) / 8 % 1 - 0.5), np.abs((x - y) / 8 % 1 - 0.5)) < 0.09
        mix = np.clip((_cloud(rng, _TILE, 4.0) > 0.3) * 0.75 + scales * 0.3, 0, 1)
    return np.asarray(np.clip(light + (dark - light) * mix[..., None], 0, 255), np.uint8)


def _floral(rng: np.random.Generator, base: Array, second: Array) -> NDArray[np.uint8]:
    third = np.roll(second, 1) * 0.8 + 30
    leaf = hexed(np.array([60, 110, 70]) * 0.6 + base * 0.25)
    petals = int(rng.integers(4, 8))
    shapes = []
    for _ in range(int(rng.integers(9, 18))):
        x, y, size, turn = rng.uniform(0, 160), rng.uniform(0, 160), rng.uniform(7, 17), rng.uniform(0, 360)
        fill = hexed(second if rng.random() < 0.65 else third, float(rng.uniform(0.9, 1.1)))
        flower = (
            f'<path d="M0 0 Q{size * 1.6:.1f} {size * 0.4:.1f} {size * 1.9:.1f} {size * 1.5:.1f} '
            f'Q{size * 0.6:.1f} {size * 1.3:.1f} 0 0" fill="{leaf}"/>'
        )
        for k in range(petals):
            flower += (
                f'<ellipse cx="0" cy="{-size * 0.6:.1f}" rx="{size * 0.36:.1f}" ry="{size * 0.55:.1f}" '
                f'fill="{fill}" transform="rotate({k * 360 / petals:.0f})"/>'
            )
        flower += (
            f'<circle r="{size * 0.26:.1f}" '
            f'fill="{hexed(np.array([240, 200, 90]) if rng.random() < 0.5 else base, 0.95)}"/>'
        )
        shapes += [
            f'<g transform="translate({x + dx:.1f} {y + dy:.1f}) rotate({turn:.0f})">{flower}</g>'
            for dx in (-160, 0, 160)
            for dy in (-160, 0, 160)
            if -30 < x + dx < 190 and -30 < y + dy < 190
        ]
    picture = svg(
        f'<rect width="160" height="160" fill="{hexed(base)}"/>' + "".join(shapes), _TILE, _TILE, (0, 0, 160, 160)
    )
    return np.ascontiguousarray(picture[..., :3])
