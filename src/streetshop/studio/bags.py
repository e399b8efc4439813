"""Hand bags."""

from __future__ import annotations

import numpy as np

from streetshop.studio.cloth import hexed, seam_of, shade_of, trim_of
from streetshop.studio.material import inked, material
from streetshop.studio.mesh import Array, Patch, Texture, sweep_frames, tube
from streetshop.studio.people import plain
from streetshop.studio.prints import logo
from streetshop.studio.products import Product

BAG_SIZES = {"small": 0.70, "medium": 1.0, "large": 1.3}


def bag_patches(
    product: Product, center: Array, facing: Array, up: Array, owner: int, texels: int, strap_to: Array | None = None
) -> list[Patch]:
    """A hand bag.

    Args:
        product: the bag.
        center: (3,) metres, the centre of its body.
        facing: (3,) unit direction of its front.
        up: (3,) unit direction.
        owner: label of the pixels.
        texels: texture columns.
        strap_to: (n, 3) points that the long strap runs over, for a crossbody bag; None draws short handles only.
    """
    k = BAG_SIZES[product.get("length")]
    fit = product.get("fit")
    w, h, d = {
        "tote": (0.17, 0.155, 0.05),
        "satchel": (0.15, 0.105, 0.055),
        "bucket": (0.11, 0.125, 0.10),
        "crossbody": (0.11, 0.075, 0.035),
    }[fit]
    w, h, d = w * k, h * k, d * k
    across = np.cross(up, facing)
    v = np.array([1.0, 0.995, 0.9, 0.5, 0.0, -0.5, -0.85, -0.97, -1.0, -1.0], np.float32)
    taper = {"tote": 0.10, "satchel": -0.10, "bucket": -0.06, "crossbody": -0.02}[fit]
    grow = 1 + taper * v
    mouth = np.array(
        [0.0 if fit != "bucket" and fit != "tote" else 0.96, 0.8, 1, 1, 1, 1, 1, 0.96, 0.85, 0.0], np.float32
    )
    belly = np.interp(v, [-1, -0.4, 1], [1.0, 1.05, 0.75 if fit in ("satchel", "crossbody") else 0.9])
    points = tube(
        center + v[:, None] * up * h,
        across,
        facing,
        w * grow * np.maximum(mouth, 0.55 if fit != "bucket" else 0),
        d * belly * mouth,
        49,
        exponent=5.0 if fit != "bucket" else 2.4,
    )
    patches = [Patch(points, _bag_texture(product, texels, w, h), owner, 7.0, shine=0.35, wrinkle=0.12)]
    leather = plain(shade_of(product) * 0.78, 2)
    top = center + up * h * (0.9 if fit != "satchel" else 0.97)
    reach = {"tote": 0.20, "satchel": 0.085, "bucket": 0.16, "crossbody": 0.0}[fit] * (0.8 + 0.2 * k)
    if reach:
        for s in (-1, 1):
            a = np.linspace(0, np.pi, 15, dtype=np.float32)[:, None]
            path = (
                top + across * np.cos(a) * w * 0.5 + up * np.clip(np.sin(a), 0, 1) ** 0.8 * reach + facing * d * 0.6 * s
            )
            patches.append(_strap(path.astype(np.float32), facing, leather, owner, 0.0045))
    if strap_to is not None:
        ends = center + up * h * 0.85 - across * w * 0.92, center + up * h * 0.85 + across * w * 0.92
        path = np.concatenate([ends[0][None], strap_to, ends[1][None]]).astype(np.float32)
        patches.append(_strap(_smooth(path, 40), facing, leather, owner, 0.007))
    if product.get("details") == "tassel":
        at = center + across * w * 0.6 + facing * d * 1.1 + up * h * 0.3
        column = np.linspace(0, 1, 5, dtype=np.float32)[:, None]
        r = np.array([0.004, 0.011, 0.012, 0.015, 0.016], np.float32)
        patches.append(
            Patch(tube(at - up * column * 0.085, across, facing, r, r, 13), plain(trim_of(product), 8), owner, 7.2)
        )
    return patches


def _smooth(path: Array, count: int) -> Array:
    """``path`` resampled to ``count`` points, its corners rounded."""
    at = np.concatenate([[0], np.cumsum(np.sqrt((np.diff(path, axis=0) ** 2).sum(-1)))])
    even = np.linspace(0, at[-1], count)
    points = np.stack([np.interp(even, at, path[:, k]) for k in range(3)], -1)
    for _ in range(2):
        points[1:-1] = (points[:-2] + 2 * points[1:-1] + points[2:]) / 4
    return points.astype(np.float32)


def _strap(path: Array, facing: Array, texture: Texture, owner: int, half: float) -> Patch:
    _, side, front = sweep_frames(path, facing)
    n = len(path)
    return Patch(
        tube(path, side, front, np.full(n, half, np.float32), np.full(n, half * 0.6, np.float32), 9),
        texture,
        owner,
        7.0,
        two_sided=False,
        shine=0.3,
    )


def _bag_texture(product: Product, texels: int, w: float, h: float) -> Texture:
    around = 4 * w * 1.15
    size = max(texels * 2 // 3, 64)
    texture = material(product, around, 2 * h, size)
    base = shade_of(product)
    dark, fill = seam_of(base, 0.55, 50), hexed(base, 0.9)
    # Drawn so that 0..1 across is the front face, y from 0 at the top to 1.
    ink = [f'<path d="M-.5 .94 H1.5 M0 .1 V1 M1 .1 V1" stroke="{dark}" stroke-width=".012" fill="none"/>']
    closure, fit = product.get("closure"), product.get("fit")
    if closure == "flap":
        ink.append(
            f'<path d="M0 0 H1 V.42 Q.95 .58 .5 .62 Q.05 .58 0 .42 Z" fill="{fill}" stroke="{dark}" '
            'stroke-width=".014"/><rect x=".45" y=".54" width=".10" height=".12" rx=".02" '
            'fill="#d3b25c" stroke="#6d5520" stroke-width=".01"/>'
        )
    elif closure == "zip":
        ink.append(
            f'<path d="M.03 .14 H.97" stroke="{dark}" stroke-width=".03"/><path d="M.03 .14 H.97" '
            'stroke="#d0d0d0" stroke-width=".014" stroke-dasharray=".015 .01"/><rect x=".90" y=".14" '
            'width=".03" height=".12" fill="#c9c9c9"/>'
        )
    else:
        ink.append(f'<path d="M-.5 .09 H1.5" stroke="{dark}" stroke-width=".012"/>')
    if fit in ("satchel", "tote"):
        ink += [
            f'<rect x="{x - 0.03}" y="0" width=".06" height=".34" fill="{fill}" stroke="{dark}" '
            f'stroke-width=".01"/><circle cx="{x}" cy=".28" r=".018" fill="#d3b25c"/>'
            for x in (0.25, 0.75)
        ]
    detail = product.get("details")
    if detail == "buckle":
        ink.append(
            '<rect x=".40" y=".42" width=".20" height=".18" rx=".02" fill="none" stroke="#d3b25c" stroke-width=".035"/>'
        )
    elif detail == "logo":
        ink.append(f'<g transform="translate(.5 .55)">{logo(product, 0.16)}</g>')
    # The front face spans u = 0.25..0.75.
    return inked(texture, f'<g transform="translate(.27 0) scale(.46 1)">{"".join(ink)}</g>', (0, 0, 1, 1))
