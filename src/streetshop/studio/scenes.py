"""Backdrop, light and foreground of street photos."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streetshop.studio.camera import Light
from streetshop.studio.cloth import hexed
from streetshop.studio.mesh import Array, unit
from streetshop.studio.places import PLACES, a_car, any_color
from streetshop.studio.svg import svg
from streetshop.studio.tone import to_linear


def street_light(place: str, rng: np.random.Generator) -> Light:
    """Random light of the place: sun, overcast, evening, shop windows or a lamp."""
    kind = rng.random()
    side, high = float(rng.uniform(-1.2, 1.2)), float(rng.uniform(0.35, 1.3))
    towards = unit(np.array([side, high, rng.uniform(-0.1, 1.0)], np.float32))
    if place == "room":
        key, sky, soft = np.array([1.0, 0.82, 0.62]) * rng.uniform(0.4, 0.8), np.array([0.42, 0.38, 0.33]), 0.8
    elif kind < 0.4:  # sun
        key, sky, soft = np.array([1.55, 1.45, 1.28]) * rng.uniform(0.6, 0.9), np.array([0.30, 0.35, 0.44]), 0.12
    elif kind < 0.75:  # overcast
        key, sky, soft = np.array([0.42, 0.43, 0.45]), np.array([0.62, 0.64, 0.68]), 1.0
    elif kind < 0.9:  # low evening sun
        key, sky, soft = np.array([1.5, 1.05, 0.62]) * 0.75, np.array([0.28, 0.28, 0.36]), 0.25
        towards = unit(np.array([side, 0.35, 0.6], np.float32))
    else:  # shop windows at night
        key, sky, soft = np.array([0.8, 0.66, 0.52]) * 0.7, np.array([0.13, 0.14, 0.20]), 0.5
    key = key * (1 + rng.normal(0, 0.04, 3))
    return Light(
        towards,
        key.astype(np.float32),
        sky.astype(np.float32),
        (sky * 0.55 + np.array([0.05, 0.045, 0.04])).astype(np.float32),
        soft,
    )


def backdrop(place: str, width: int, height: int, horizon: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """(h, w, 3) uint8 picture of the place at 55 % of the size; the ground begins at ``horizon`` x ``height``."""
    w, h = 100.0 * width / height, 100.0
    y = min(max(horizon, 0.2), 0.96) * 100
    parts = PLACES[place](w, h, y, rng)
    scale = 0.55
    picture = svg("".join(parts), max(int(width * scale), 8), max(int(height * scale), 8), (0, 0, w, h))
    return np.ascontiguousarray(picture[..., :3])


def linear_backdrop(
    picture: NDArray[np.uint8], width: int, height: int, light: Light, rng: np.random.Generator
) -> Array:
    """(height, width, 3) the picture in linear light, with grain, tinted by the light of the scene."""
    from PIL import Image

    big = np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC))
    linear = to_linear(big)
    level = light.key.mean() * 0.55 + light.sky.mean()
    tint = (light.key * 0.5 + light.sky) / (light.key * 0.5 + light.sky).mean()
    grain = 1 + 0.07 * rng.standard_normal((height, width, 1)).astype(np.float32)
    return np.asarray(linear * tint * np.clip(level, 0.25, 1.15) * grain, np.float32)


def foreground(width: int, height: int, rng: np.random.Generator) -> NDArray[np.uint8] | None:
    """RGBA of an object between camera and people at half size (a post, leaves, a car, a shoulder), or None."""
    if rng.random() > 0.30:
        return None
    w = 100.0 * width / height
    x = float(rng.uniform(0, w))
    kind = int(rng.integers(5))
    if kind == 0:
        part = (
            f'<rect x="{x:.1f}" y="0" width="{rng.uniform(1.5, 3.5):.1f}" height="100" '
            f'fill="{any_color(rng, 40, 130, 10)}"/>'
        )
    elif kind == 1:
        side = 0 if rng.random() < 0.5 else w
        green = np.array([60, 105, 50])
        part = "".join(
            f'<ellipse cx="{side + rng.normal(0, 9):.1f}" cy="{rng.uniform(0, 100):.1f}" rx="6" '
            f'ry="2.4" fill="{hexed(green, float(rng.uniform(0.6, 1.4)))}" '
            f'transform="rotate({rng.uniform(-50, 50):.0f} {side} 50)"/>'
            for _ in range(26)
        )
    elif kind == 2:
        part = a_car(x, 97, float(rng.uniform(0.9, 1.5)), rng)
    elif kind == 3:
        side = -4.0 if rng.random() < 0.5 else w + 4
        part = (
            f'<circle cx="{side:.1f}" cy="34" r="9" fill="#2f2520"/><path d="M{side - 20:.1f} 100 '
            f'Q{side - 18:.1f} 46 {side:.1f} 44 Q{side + 18:.1f} 46 {side + 20:.1f} 100 Z" '
            f'fill="{any_color(rng, 30, 160, 30)}"/>'
        )
    else:
        yy = float(rng.uniform(72, 88))
        bar = any_color(rng, 60, 170, 15)
        part = f'<rect x="0" y="{yy:.1f}" width="{w:.1f}" height="1.4" fill="{bar}"/>' + "".join(
            f'<rect x="{v:.1f}" y="{yy:.1f}" width="1.1" height="40" fill="{bar}"/>'
            for v in np.arange(float(rng.uniform(0, 10)), w, 16)
        )
    return svg(part, width // 2, height // 2, (0, 0, w, 100))
