"""Garments of the hips and legs: trousers, shorts and skirts."""

from __future__ import annotations

import numpy as np

from streetshop.studio.body import Body, Curve
from streetshop.studio.cloth import hexed, paint, seam_of, shade_of, trim_of
from streetshop.studio.drapery import crease, drape, gored, skirt_rings, wrinkle_joint
from streetshop.studio.mesh import Array, Patch, Texture, tube
from streetshop.studio.prints import logo
from streetshop.studio.products import Product
from streetshop.studio.svg import paste, svg

WAIST = 0.605
LEG_END = {"micro": 0.22, "mid": 0.48, "knee": 0.82, "below knee": 1.18, "mid-calf": 1.45, "ankle": 1.82, "full": 1.99}
SKIRT_END = {"mini": 0.40, "knee": 0.295, "midi": 0.19, "maxi": 0.065}


def trousers_patches(product: Product, body: Body, owner: int, rng: np.random.Generator, texels: int) -> list[Patch]:
    """Trousers, jeans or shorts worn on ``body``."""
    fit, end = product.get("fit"), LEG_END[product.get("length")]
    ease = {"skinny": 0.004, "slim": 0.008, "straight": 0.014, "loose": 0.026, "wide": 0.030, "flared": 0.012}[fit]
    if product.category == "palazzos":
        ease = 0.045
    h = np.linspace(WAIST, 0.462, 26, dtype=np.float32)
    ring = body.rings(h)
    snug = np.interp(h, [0.46, 0.52, 0.58, WAIST], [ease, 0.7 * ease + 0.002, 0.006, 0.004]).astype(np.float32)
    points = tube(
        ring.centers, ring.side, ring.front, ring.half_width + snug, ring.half_depth + snug, 73, exponent=2.35
    )
    crease(points, ring.centers, np.interp(h, [0.47, 0.52, 0.58], [0.012, 0.012, 0.0]).astype(np.float32), rng)
    place = (float(rng.uniform(0, 0.5)), float(rng.uniform(0, 0.5)))
    wrinkle = 0.85 if product.category != "jeans" else 0.7
    patches = [Patch(points, _hip_texture(product, texels), owner, 2.5, wrinkle=wrinkle, offset=place, lining=(4, 0))]
    cloth = _leg_texture(product, max(texels // 2, 48), end, True)
    other = (
        _leg_texture(product, max(texels // 2, 48), end, False) if product.get("details") == "logo" else mirrored(cloth)
    )
    for texture, leg in ((cloth, body.left_leg), (other, body.right_leg)):
        surface = leg_surface(product, body, leg, ease, end, rng)
        patches.append(Patch(surface, texture, owner, 2.4, wrinkle=wrinkle, offset=(place[1], place[0]), lining=(0, 3)))
    return patches


def mirrored(texture: Texture) -> Texture:
    """Left and right exchanged."""
    alpha, relief = texture.alpha, texture.relief
    return Texture(
        np.ascontiguousarray(texture.color[:, ::-1]),
        None if alpha is None else np.ascontiguousarray(alpha[:, ::-1]),
        None if relief is None else np.ascontiguousarray(relief[:, ::-1]),
    )


def leg_surface(product: Product, body: Body, leg: Curve, ease: float, end: float, rng: np.random.Generator) -> Array:
    """(rows, 37, 3) points of one trouser leg."""
    fit = product.get("fit")
    t = np.linspace(-0.45, end, 16 + int(22 * end), dtype=np.float32)
    centers, side, front = leg.frames(t)
    radius = body.leg_radius(t) + ease * np.interp(t, [-0.4, 0.1, 1.0], [0.3, 0.9, 1.0])
    if fit in ("straight", "loose") or (product.category in ("shorts", "capris") and fit != "skinny"):
        # Falls straight from the knee, or from the thigh if wide.
        radius = np.maximum(
            radius, np.interp(t, [0.5, 1.0, 2.0], [0, 0.034 * body.tall + ease, 0.030 * body.tall + 0.9 * ease])
        )
    if fit == "wide" or product.category == "palazzos":
        radius = np.maximum(
            radius, np.interp(t, [0.1, 0.5, 2.0], [0, 0.05 * body.tall + 0.8 * ease, 0.05 * body.tall + 1.4 * ease])
        )
    if fit == "flared":
        radius = radius + np.interp(t, [0.9, 2.0], [0, 0.055])
    if product.category == "track pants":
        radius = np.where(t > end - 0.10, body.leg_radius(t) + 0.006, radius)
    points = tube(centers, side, front, radius, radius * 1.04, 37)
    wrinkle_joint(points, centers, t, leg, 0.008 + 0.2 * ease, rng)
    if fit in ("wide", "flared") or product.category == "palazzos":
        u = np.linspace(0, 2 * np.pi, 37)
        wave = np.cos(int(rng.integers(4, 7)) * u + rng.uniform(0, 6))[None] * np.clip((t - 0.3) / 1.7, 0, 1)[:, None]
        out = points - centers[:, None]
        points = centers[:, None] + out * (1 + 0.16 * wave[..., None])
    elif end > 1.9:
        # Cloth gathers over the shoe.
        stack = 0.007 * np.sin(2 * np.pi * (t - 1.6) * 7 + rng.uniform(0, 6)) * np.clip((t - 1.6) / 0.2, 0, 1)
        out = points - centers[:, None]
        points = points + out * (stack / radius)[:, None, None]
    return np.asarray(points, np.float32)


def _hip_texture(product: Product, texels: int) -> Texture:
    """The texture of the hips: waistband, fly and pockets."""
    length = (WAIST - 0.462) * 1.7
    rows = max(int(texels * length / 0.95), 16)
    x = (0.5 - np.linspace(0, 1, texels, dtype=np.float32)[None]) * -0.95
    y = np.linspace(0, length, rows, dtype=np.float32)[:, None]
    color, relief = paint(product, x, y, "hip")
    base = shade_of(product)
    dark = seam_of(base, 0.55, 45)
    jean = product.get("pattern") == "denim wash"
    thread = "#c98a3c" if jean and float(base.mean()) < 190 else dark
    ink = []
    if product.get("closure") in ("elastic", "drawstring"):
        ink += [
            f'<path d="M{v:.3f} 0 v.035" stroke="{dark}" stroke-width=".003" opacity=".6"/>'
            for v in np.arange(-0.47, 0.47, 0.011)
        ]
        if product.get("closure") == "drawstring":
            tie = hexed(trim_of(product)) if product.get("secondary_colour") != "none" else "#eeeeea"
            ink.append(
                '<path d="M-.008 .02 Q-.03 .07 -.025 .13 M.008 .02 Q.03 .06 .022 .12" fill="none" '
                f'stroke="{tie}" stroke-width=".006"/>'
            )
    else:
        ink.append(f'<rect x="-.475" y="0" width=".95" height=".036" fill="{hexed(base, 0.94)}"/>')
        ink.append(f'<path d="M-.475 .037 H.475" stroke="{thread}" stroke-width=".0035"/>')
        ink += [
            f'<rect x="{v - 0.006}" y="-.002" width=".012" height=".046" fill="{hexed(base, 0.9)}" '
            f'stroke="{dark}" stroke-width=".002"/>'
            for v in (-0.36, -0.13, 0.13, 0.36, 0.465, -0.465)
        ]
        ink.append(
            f'<path d="M.0 .036 V.16 M.028 .036 V.13 Q.028 .155 0 .165" fill="none" stroke="{thread}" '
            'stroke-width=".0035"/>'
        )
        ink.append(f'<circle cx=".0" cy=".018" r=".009" fill="{"#c8a45a" if jean else dark}"/>')
    if product.category not in ("palazzos", "track pants") or product.get("details") == "side pockets":
        for s in (-1, 1):
            curve = (
                f"M{s * 0.115} .036 Q{s * 0.125} .095 {s * 0.205} .10" if jean else f"M{s * 0.15} .036 L{s * 0.205} .15"
            )
            ink.append(f'<path d="{curve}" fill="none" stroke="{thread}" stroke-width=".0045"/>')
    for s in (-1, 1):
        if jean:
            ink.append(
                f'<path d="M{s * 0.345 - 0.055} .085 h.11 v.095 l-.055 .03 l-.055 -.03 Z" '
                f'fill="{hexed(base, 1.06)}" fill-opacity=".5" stroke="{thread}" stroke-width=".004"/>'
            )
        elif product.category != "palazzos":
            ink.append(f'<path d="M{s * 0.345 - 0.05} .10 h.10" stroke="{dark}" stroke-width=".006"/>')
    ink.append(
        f'<path d="M-.475 .0 V.25 M.475 0 V.25 M.2375 .036 V.25 M-.2375 .036 V.25" stroke="{dark}" '
        'stroke-width=".003" opacity=".6"/>'
    )
    if product.get("details") == "pleats":
        ink += [
            f'<path d="M{v} .037 L{v * 1.05} .25" stroke="{dark}" stroke-width=".004" opacity=".8"/>'
            for v in (-0.1, -0.065, 0.065, 0.1)
        ]
    color = paste(color, svg("".join(ink), texels, rows, (-0.475, 0, 0.95, length))[:, ::-1])
    return Texture(color, None, relief)


def _leg_texture(product: Product, texels: int, end: float, left: bool) -> Texture:
    """The texture of one leg; u = 0.5 is the front, the outer seam is at a quarter."""
    around = 0.46
    length = max(0.402 * (end + 0.45), 0.08)
    rows = max(int(texels * length / around), 12)
    x = (np.linspace(0, 1, texels, dtype=np.float32)[None] - 0.5) * around
    y = np.linspace(0, length, rows, dtype=np.float32)[:, None]
    color, relief = paint(product, x, y, "leg")
    base = shade_of(product)
    dark = seam_of(base, 0.6, 40)
    outer = 0.115 if left else -0.115
    details = product.get("details")
    jean = product.get("pattern") == "denim wash"
    ink = [f'<path d="M{outer} 0 V{length} M{-outer} 0 V{length}" stroke="{dark}" stroke-width=".0035" opacity=".75"/>']
    hem = "#b9833f" if jean and float(base.mean()) < 190 else dark
    ink.append(f'<path d="M-.23 {length - 0.02} h.46" stroke="{hem}" stroke-width=".0035"/>')
    if product.category == "trousers" and product.get("fit") != "skinny":
        ink.append(f'<path d="M0 .1 V{length}" stroke="{dark}" stroke-width=".003" opacity=".55"/>')
    if details == "turn-ups":
        ink.append(
            f'<rect x="-.23" y="{length - 0.05}" width=".46" height=".05" '
            f'fill="{hexed(base * 0.55 + 95)}"/><path d="M-.23 {length - 0.05} h.46" stroke="{dark}" '
            'stroke-width=".006"/>'
        )
    if details == "ripped":
        rng = product.rng("rips")
        for k in range(int(rng.integers(3, 6))):
            cy, cx, w = (
                0.18 + 0.42 * k / 4 + float(rng.uniform(-0.03, 0.03)),
                float(rng.uniform(-0.04, 0.04)),
                float(rng.uniform(0.03, 0.055)),
            )
            ink.append(
                f'<ellipse cx="{cx}" cy="{cy}" rx="{w}" ry=".018" fill="#b98a6c"/><ellipse cx="{cx}" '
                f'cy="{cy}" rx="{w}" ry=".018" fill="none" stroke="#e9eef2" stroke-width=".007"/>'
            )
            ink += [
                f'<path d="M{cx - w} {cy + d} h{2 * w}" stroke="#eef2f5" stroke-width=".003"/>'
                for d in (-0.008, 0.0, 0.008)
            ]
    if details == "side stripes":
        stripe = (
            hexed(trim_of(product))
            if product.get("secondary_colour") != "none"
            else ("#f2f0ea" if float(base.mean()) < 150 else "#26262a")
        )
        ink += [
            f'<rect x="{outer + d - 0.006}" y="0" width=".012" height="{length}" fill="{stripe}"/>'
            for d in (-0.022, 0, 0.022)
        ]
    if details == "cargo pockets":
        ink.append(
            f'<path d="M{outer - 0.06} .36 h.12 v.13 h-.12 Z M{outer - 0.065} .36 h.13 v.04 h-.13 Z" '
            f'fill="{hexed(base, 1.05)}" stroke="{dark}" stroke-width=".0045"/>'
        )
        ink.append(
            f'<path d="M{outer * 0.55 - 0.04} .36 h.08 v.13 h-.08 Z" fill="{hexed(base, 1.05)}" '
            f'stroke="{dark}" stroke-width=".0045"/>'
        )
    if details == "logo" and left:
        ink.append(f'<g transform="translate(-.06 .2)">{logo(product, 0.03)}</g>')
    if product.category == "track pants":
        ink += [
            f'<path d="M{v:.3f} {length - 0.045} V{length}" stroke="{dark}" stroke-width=".003" opacity=".6"/>'
            for v in np.arange(-0.23, 0.23, 0.011)
        ]
    color = paste(color, svg("".join(ink), texels, rows, (-around / 2, 0, around, length))[:, ::-1])
    return Texture(color, None, relief)


def skirt_patches(product: Product, body: Body, owner: int, rng: np.random.Generator, texels: int) -> list[Patch]:
    """A skirt worn on ``body``."""
    fit, hem = product.get("fit"), SKIRT_END[product.get("length")]
    flare = {"pencil": 0.0, "a-line": 0.075, "full": 0.15, "pleated": 0.085}[fit]
    h = np.linspace(WAIST + 0.01, hem, 34 + int(50 * (0.5 - hem)), dtype=np.float32)
    ring = body.rings(np.maximum(h, 0.47))
    half_x, half_z = ring.half_width + 0.006, ring.half_depth + 0.006
    centers = ring.centers.copy()
    low = np.flatnonzero(h < 0.53)
    c, x, z = skirt_rings(body, h[low], 0.010, flare)
    w = np.clip((0.53 - h[low]) / 0.06, 0, 1).astype(np.float32)
    centers[low] = centers[low] * (1 - w)[:, None] + c * w[:, None]
    half_x[low] = np.maximum(np.maximum(half_x[low] * (h[low] > 0.47), x), half_x[low[0]] * 0.85)
    half_z[low] = np.maximum(np.maximum(half_z[low] * (h[low] > 0.47), z), half_z[low[0]] * 0.8)
    above = np.clip((h - 0.47) / 0.10, 0, 1)
    half_x = half_x + (flare * 0.16 * (1 - above)).astype(np.float32)
    columns = 145 if fit == "pleated" else 109
    points = tube(centers, ring.side, ring.front, half_x, half_z, columns, exponent=2.2)
    if fit == "pleated":
        u = np.linspace(0, 1, columns)
        saw = np.abs(((u * 24) % 1) - 0.5) * 2 - 0.5
        depth = 0.010 + 0.022 * np.clip((0.58 - h) / (0.58 - hem), 0, 1)
        out = points - centers[:, None]
        points = centers[:, None] + out * (1 + (saw[None] * depth[:, None] / half_x[:, None]))[..., None]
        points[:, -1] = points[:, 0]
    drape(points, centers, h, flare * (0.4 if fit == "pleated" else 1.0), hem, rng)
    place = (float(rng.uniform(0, 0.5)), float(rng.uniform(0, 0.5)))
    return [
        Patch(
            points.astype(np.float32),
            _skirt_texture(product, texels, float(WAIST + 0.01 - hem) * 1.7, flare),
            owner,
            2.5,
            wrinkle=0.7 if flare < 0.05 else 0.35,
            offset=place,
            lining=(3, 6),
        )
    ]


def _skirt_texture(product: Product, texels: int, length: float, flare: float) -> Texture:
    rows = max(int(texels * length / 0.95), 24)
    y = np.linspace(0, length, rows, dtype=np.float32)[:, None]
    around = 0.80 + 0.15 * np.clip(y / 0.2, 0, 1) + 2 * np.pi * flare * np.clip((y - 0.14) / 0.31, 0, None) ** 0.9
    x = gored(np.linspace(0, 1, texels, dtype=np.float32)[None], 0.95, around)
    color, relief = paint(product, x, y, "skirt")
    base = shade_of(product)
    dark = seam_of(base, 0.55, 45)
    jean = product.get("pattern") == "denim wash"
    thread = "#c98a3c" if jean and float(base.mean()) < 190 else dark
    ink = [
        f'<rect x="-.475" y="0" width=".95" height=".034" fill="{hexed(base, 0.93)}"/><path '
        f'd="M-.475 .035 H.475 M-.475 {length - 0.02} H.475" stroke="{thread}" '
        'stroke-width=".0035"/>'
    ]
    if product.get("closure") == "buttons":
        ink.append(f'<path d="M-.018 0 V{length} M.018 0 V{length}" stroke="{dark}" stroke-width=".0025"/>')
        ink += [
            f'<circle cx="0" cy="{v:.3f}" r=".010" fill="{hexed(trim_of(product))}" stroke="#0008" '
            'stroke-width=".003"/>'
            for v in np.arange(0.017, length - 0.02, 0.075)
        ]
    if product.get("details") == "side pockets":
        ink += [
            f'<path d="M{s * 0.13} .036 Q{s * 0.14} .12 {s * 0.215} .125" fill="none" '
            f'stroke="{thread}" stroke-width=".005"/>'
            for s in (-1, 1)
        ]
    if product.get("details") == "ruffle":
        wave = " ".join(f"q.0125 {0.022 if k % 2 else -0.014} .025 0" for k in range(38))
        ink += [
            f'<path d="M-.475 {length - d} {wave}" fill="none" stroke="{dark}" stroke-width=".005"/>'
            for d in (0.13, 0.10)
        ]
    if product.get("fit") == "pleated":
        ink += [
            f'<path d="M{v:.4f} .035 V{length}" stroke="{dark}" stroke-width=".004" opacity=".5"/>'
            for v in np.arange(-0.475, 0.475, 0.95 / 24)
        ]
    color = paste(color, svg("".join(ink), texels, rows, (-0.475, 0, 0.95, length))[:, ::-1])
    return Texture(color, None, relief)
