"""Collars and hoods."""

from __future__ import annotations

import numpy as np

from streetshop.studio.body import Body
from streetshop.studio.cloth import paint
from streetshop.studio.cut import Cut
from streetshop.studio.mesh import Patch, Texture, sweep_frames, tube
from streetshop.studio.products import Product
from streetshop.studio.upper_cloth import edge_of


def collar_patches(product: Product, body: Body, cut: Cut, owner: int, texels: int) -> list[Patch]:
    """The collar or hood of a product; empty if its neckline has none."""
    neck = product.get("neckline")
    tall, extra = body.tall, 0.004 + 0.3 * cut.ease
    texture = Texture(
        paint(
            product,
            np.linspace(-0.2, 0.2, 96, dtype=np.float32)[None],
            np.linspace(0, 0.08, 16, dtype=np.float32)[:, None],
            "body",
        )[0]
    )
    opened = cut.open_front is not None
    if neck in ("turtleneck", "band collar", "mandarin collar", "stand collar", "crew") or neck == "shirt collar":
        high = {
            "turtleneck": 0.883,
            "stand collar": 0.868,
            "mandarin collar": 0.862,
            "band collar": 0.858,
            "crew": 0.0,
        }.get(neck, 0.860)
        if neck == "crew":
            return []
        h = np.linspace(high, 0.832, 10, dtype=np.float32)
        ring = body.rings(h)
        spread = np.linspace(0, 1, len(h), dtype=np.float32) ** 2 * 0.012
        rx, rz = ring.half_width + extra + 0.004 + spread * 0.4, ring.half_depth + extra + 0.006 + spread
        center = ring.centers + ring.front * (0.006 * tall * np.linspace(0, 1, len(h))[:, None]).astype(np.float32)
        gap = 0.06 if neck in ("mandarin collar", "stand collar") else 0.045
        if neck == "turtleneck":
            gap = 0.0
        if opened:
            gap = 0.14
        stand = _notched(texture, gap, gap)
        patches = [
            Patch(tube(center, ring.side, ring.front, rx, rz, 49), stand, owner, layer=cut.layer + 0.3, wrinkle=0.5)
        ]
        if neck == "shirt collar":
            patches.append(_fold_over(body, texture, extra, owner, cut, opened))
        return patches
    if neck == "hood":
        return [_hood(product, body, owner, cut, texture)]
    return []


def _notched(texture: Texture, upper: float, lower: float) -> Texture:
    """The texture with a gap in the middle of the front; ``upper`` and ``lower`` are its width at both ends, in u."""
    rows, columns = texture.color.shape[:2]
    u = np.abs(np.linspace(0, 1, columns)[None] - 0.5)
    gap = np.linspace(upper, lower, rows)[:, None]
    return Texture(texture.color, u >= gap / 2, texture.relief)


def _fold_over(body: Body, texture: Texture, extra: float, owner: int, cut: Cut, opened: bool) -> Patch:
    """The leaf of a shirt collar: from the top of the stand down and outwards, ending in two points."""
    tall = body.tall
    h = np.array([0.862, 0.8605, 0.856, 0.85, 0.844, 0.838, 0.832, 0.826], np.float32)
    ring = body.rings(h)
    out = np.array([0.006, 0.011, 0.014, 0.017, 0.020, 0.022, 0.023, 0.022], np.float32)
    down = np.clip(0.838 - h, 0, 1) * tall
    rx = body.rings(np.maximum(h, 0.846)).half_width + extra + out + 0.9 * down
    rz = body.rings(np.maximum(h, 0.846)).half_depth + extra + out + 1.0 * down
    points = tube(ring.centers, ring.side, ring.front, rx, rz, 61)
    columns = 120
    u = np.abs(np.linspace(0, 1, columns)[None] - 0.5)
    v = np.linspace(0, 1, 24)[:, None]
    start = 0.02 + 0.05 * v if not opened else np.full_like(v, 0.12)
    alpha = (u > start) & (v < 0.62 + 0.38 * np.exp(-(((u - 0.085) / 0.07) ** 2)))
    color = np.repeat(np.repeat(texture.color[:1, :96], 24, 0), 2, 1)[:, :columns].copy()
    edge = edge_of(alpha)
    color[edge] = (color[edge] * 0.7).astype(np.uint8)
    return Patch(points, Texture(color, alpha), owner, layer=cut.layer + 0.6)


def _hood(product: Product, body: Body, owner: int, cut: Cut, texture: Texture) -> Patch:
    """A hood thrown back: a thick roll from the collar bones around behind the neck."""
    a = np.linspace(-2.2, 2.2, 31)
    tall = body.tall
    base = body.trunk_point(0.838, 0, -0.004)
    across, front, up = body.chest[:, 0], body.chest[:, 2], body.chest[:, 1]
    behind = (np.cos(a) + 1) / 2
    path = (
        base
        + np.outer(np.sin(a) * (0.056 + 0.010 * behind), across) * tall
        - np.outer(np.cos(a) * 0.055 + 0.012 * behind, front) * tall
        + np.outer(0.010 * behind - 0.028 * (1 - behind), up) * tall
    ).astype(np.float32)
    _, side, normal = sweep_frames(path, up)
    r = (np.interp(np.abs(a), [0, 1.2, 2.2], [0.030, 0.024, 0.006]) * tall).astype(np.float32)
    return Patch(tube(path, side, normal, r, r * 1.25, 25), texture, owner, layer=cut.layer + 0.4, wrinkle=0.6)
