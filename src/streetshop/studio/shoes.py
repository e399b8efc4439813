"""Shoes and boots."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from streetshop.studio.body import Body
from streetshop.studio.cloth import hexed, seam_of, shade_of, trim_of
from streetshop.studio.material import inked, material
from streetshop.studio.mesh import Array, Patch, Texture, tube
from streetshop.studio.people import plain
from streetshop.studio.prints import logo
from streetshop.studio.products import Product


def shoe_patches(product: Product, body: Body, owner: int, texels: int) -> list[Patch]:
    """A pair of shoes on the feet of ``body``."""
    patches: list[Patch] = []
    for s in (1, -1):
        ankle, forward, up = body.foot(s)
        patches += one_shoe(product, ankle, forward, up, body.tall / 1.70, owner, texels, outer=s)
    return patches


def one_shoe(
    product: Product, ankle: Array, forward: Array, up: Array, scale: float, owner: int, texels: int, outer: int
) -> list[Patch]:
    """A shoe around the ankle joint, which lies 7.3 cm above the ground."""
    fit, length = product.get("fit"), product.get("length")
    sport = product.category == "sports shoes"
    across = np.cross(up, forward)
    ground = ankle - up * 0.073 * scale
    heel_up = 0.055 if fit == "heel" else 0.0
    chunky = 0.012 if fit == "chunky" else 0.0
    boot = length in ("ankle boot", "knee boot")
    # Along the shoe from heel to toe: position, half width, height of the upper, lift of the sole.
    q = np.array([-0.072, -0.066, -0.05, -0.02, 0.01, 0.04, 0.07, 0.10, 0.13, 0.155, 0.172, 0.180])
    wide = np.array([0.006, 0.024, 0.031, 0.033, 0.032, 0.034, 0.039, 0.042, 0.040, 0.031, 0.016, 0.002])
    high = np.array([0.045, 0.068, 0.078, 0.082, 0.080, 0.070, 0.058, 0.048, 0.042, 0.036, 0.026, 0.012])
    if fit in ("ballet flat", "heel", "loafer") and not boot:
        high = np.array([0.042, 0.055, 0.056, 0.044, 0.034, 0.033, 0.040, 0.042, 0.036, 0.030, 0.022, 0.010]) + (
            0.008 if fit == "loafer" else 0
        )
        wide = wide * (0.92 if fit != "loafer" else 1.0)
    lift = heel_up * np.clip(1 - (q + 0.05) / 0.13, 0, 1)
    wide, high = wide + chunky * 0.5 * (wide > 0.01), high + chunky * 0.4
    centers = ground + (q[:, None] * forward + (lift + high / 2)[:, None] * up) * scale
    points = tube(centers, across, up, wide * scale, high / 2 * scale, 41, exponent=2.6)
    # The sole is flat.
    below = (points - ground) @ up
    floor = (lift[:, None] + 0.004) * scale
    points += (np.maximum(floor - below, 0)[..., None] * up).astype(np.float32)
    texture = _shoe_texture(product, texels, sport, fit, outer)
    shine = 0.05 if sport or fit == "canvas" else 0.55
    patches = [Patch(points, texture, owner, 1.5, shine=shine, wrinkle=0.15)]
    patches.append(_sole(product, ground, forward, up, across, scale, q, wide, lift, owner, sport, fit, chunky))
    if heel_up:
        column = np.linspace(0, 1, 6, dtype=np.float32)[:, None]
        path = ground - forward * (0.055 - 0.01 * column) * scale + up * (heel_up + 0.012) * (1 - column) * scale
        r = (np.interp(column[:, 0], [0, 0.5, 1], [0.020, 0.009, 0.008]) * scale).astype(np.float32)
        patches.append(
            Patch(tube(path, across, forward, r, r, 15), plain(shade_of(product) * 0.8), owner, 1.5, shine=0.4)
        )
    shaft = {"high": 0.135, "ankle boot": 0.16, "knee boot": 0.40}.get(length, 0.0)
    if shaft:
        v = np.linspace(shaft, 0.045, 14, dtype=np.float32)
        path = ground + (v[:, None] * up - 0.012 * forward) * scale
        if shaft > 0.3:
            path = path - 0.02 * np.clip((v - 0.1) / 0.3, 0, 1)[:, None] * forward * scale
        r = (np.interp(v, [0.045, 0.09, 0.2, 0.33, 0.40], [0.042, 0.043, 0.048, 0.062, 0.063]) * scale).astype(
            np.float32
        )
        patches.append(
            Patch(
                tube(path, across, forward, r * 0.92, r * 1.05, 29),
                _shaft_texture(product, sport),
                owner,
                2.45 if shaft < 0.3 else 2.9,
                shine=shine,
                wrinkle=0.3,
            )
        )
    return patches


def _shoe_texture(product: Product, texels: int, sport: bool, fit: str, outer: int) -> Texture:
    """Rows from heel to toe; u = 0.5 is the top, 0 underneath."""
    size = max(texels // 3, 48)
    texture = material(product, 0.26, 0.26, size)
    base = shade_of(product)
    dark = seam_of(base, 0.6, 50)
    trim = hexed(trim_of(product))
    ink = []
    if sport or fit == "canvas":
        white = "#f4f3ee" if float(base.mean()) < 190 else "#3a3a40"
        ink.append(
            f'<path d="M.37 .42 Q.5 .36 .63 .42 L.60 .72 Q.5 .78 .40 .72 Z" fill="{hexed(base, 0.88)}" '
            f'stroke="{dark}" stroke-width=".006"/>'
        )
        ink += [
            f'<path d="M.40 {v:.3f} L.60 {v + 0.03:.3f} M.60 {v:.3f} L.40 {v + 0.03:.3f}" '
            f'stroke="{white}" stroke-width=".016"/>'
            for v in np.arange(0.46, 0.70, 0.055)
        ]
        ink.append(
            f'<path d="M.16 .80 Q.5 .74 .84 .80 L.9 1 H.1 Z" fill="{trim if sport else "#f2efe8"}" '
            f'opacity="{0.9 if sport else 1}"/>'
        )
        ink.append(f'<path d="M.3 0 H.7 V.10 Q.5 .16 .3 .10 Z" fill="{trim}" opacity=".9"/>')
    elif fit == "loafer":
        ink.append(
            '<path d="M.36 .56 Q.5 .66 .64 .56 L.70 .86 Q.5 1.0 .30 .86 Z" fill="none" '
            f'stroke="{dark}" stroke-width=".014"/><rect x=".30" y=".56" width=".40" height=".07" '
            f'fill="{hexed(base, 0.8)}" stroke="{dark}" stroke-width=".006"/>'
        )
    if fit in ("ballet flat", "heel", "loafer") and product.get("length") == "low":
        ink.append(
            '<path d="M.36 .14 L.34 .5 Q.5 .66 .66 .5 L.64 .14 Q.5 .08 .36 .14 Z" fill="#3b2c24"/>'
            '<path d="M.36 .14 L.34 .5 Q.5 .66 .66 .5 L.64 .14 Q.5 .08 .36 .14 Z" fill="none" '
            f'stroke="{dark}" stroke-width=".012"/>'
        )
    detail = product.get("details")
    for mirrored in (False, True):

        def m(x: float, over: bool = mirrored) -> float:
            return 1 - x if over else x

        if detail == "side stripes":
            ink += [
                f'<path d="M{m(0.36)} {0.40 + d} L{m(0.14)} {0.48 + d}" stroke="{trim}" stroke-width=".03"/>'
                for d in (0, 0.08, 0.16)
            ]
        if detail == "swoosh":
            ink.append(
                f'<path d="M{m(0.16)} .30 Q{m(0.10)} .62 {m(0.36)} .62 Q{m(0.22)} .52 {m(0.16)} .30 Z" fill="{trim}"/>'
            )
        if detail == "logo":
            ink.append(
                f'<g transform="translate({m(0.25)} .45) rotate({90 if mirrored else -90})">{logo(product, 0.08)}</g>'
            )
    if detail == "bow":
        ink.append(
            f'<path d="M.5 .72 L.36 .66 V.80 Z M.5 .72 L.64 .66 V.80 Z" fill="{trim}" stroke="{dark}" '
            'stroke-width=".008"/>'
        )
    if detail == "buckle":
        ink.append('<rect x=".42" y=".60" width=".16" height=".09" fill="none" stroke="#d8b860" stroke-width=".022"/>')
    return inked(texture, "".join(ink), (0, 0, 1, 1))


def _shaft_texture(product: Product, sport: bool) -> Texture:
    texture = material(product, 0.3, 0.3, 64)
    base = shade_of(product)
    dark = seam_of(base, 0.6, 50)
    ink = f'<path d="M0 .06 H1" stroke="{dark}" stroke-width=".03"/>'
    if sport or product.get("fit") == "canvas":
        ink += "".join(
            f'<path d="M.40 {v} L.60 {v + 0.1} M.60 {v} L.40 {v + 0.1}" stroke="#f0f0ec" stroke-width=".03"/>'
            for v in (0.2, 0.4, 0.6, 0.8)
        )
    else:
        ink += f'<path d="M.25 0 V1" stroke="{dark}" stroke-width=".015"/>'
    return inked(texture, ink, (0, 0, 1, 1))


def _sole(
    product: Product,
    ground: Array,
    forward: Array,
    up: Array,
    across: Array,
    scale: float,
    q: Array,
    wide: Array,
    lift: Array,
    owner: int,
    sport: bool,
    fit: str,
    chunky: float,
) -> Patch:
    """The sole: rings of its outline from its top to the ground."""
    thick = 0.026 + chunky if sport else 0.020 if fit == "canvas" else 0.012 if fit == "loafer" else 0.007
    rim = 0.003 + chunky * 0.5
    outline = np.concatenate([np.stack([q, wide + rim], -1), np.stack([q, -(wide + rim)], -1)[::-1]])
    outline = np.concatenate([outline, outline[:1]])
    raised = np.concatenate([lift, lift[::-1], lift[:1]])
    levels = np.array([thick, thick * 0.98, 0.002, 0.0], np.float32)
    inset = np.array([0.0, 1.0, 1.0, 0.93], np.float32)
    rings = []
    for level, k in zip(levels, inset, strict=True):
        xy = outline * np.array([1.0 if k else 0.5, k if k else 0.0])
        rings.append(ground + (xy[:, :1] * forward + xy[:, 1:] * across + (raised[:, None] + level) * up) * scale)
    color: Sequence[float] | Array = (240, 238, 232) if (sport or fit == "canvas") else (46, 38, 34)
    base = shade_of(product)
    if sport and float(base.mean()) > 200:
        color = trim_of(product)
    return Patch(np.stack(rings).astype(np.float32), plain(color, 3), owner, 1.6, shine=0.05)
