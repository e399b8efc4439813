"""Hats, scarves, belts and sunglasses."""

from __future__ import annotations

import numpy as np

from streetshop.studio.body import Body
from streetshop.studio.cloth import hexed, seam_of, shade_of, trim_of
from streetshop.studio.head import HEAD_DEPTH, HEAD_WIDTH, head_rings
from streetshop.studio.material import inked, material
from streetshop.studio.mesh import Patch, Texture, sweep_frames, tube
from streetshop.studio.people import plain
from streetshop.studio.prints import logo
from streetshop.studio.products import Product
from streetshop.studio.svg import svg


def hat_patches(product: Product, body: Body, owner: int, texels: int) -> list[Patch]:
    """A hat on the head of ``body``."""
    fit, tall = product.get("fit"), body.tall
    up, front = body.head[:, 1], body.head[:, 2]
    patches: list[Patch] = []
    base = shade_of(product)
    dark = seam_of(base, 0.6, 50)
    low = {"beanie": 0.34, "cap": 0.42, "wide brim": 0.42, "bucket": 0.36}[fit]
    s, centers, half_x, half_z, _ = head_rings(body, 1.14, 26, low)
    s = np.asarray(s)
    side = body.head[:, 0]
    if fit in ("wide brim", "bucket"):
        # The crown has nearly straight sides and a flat top.
        half_x = np.maximum(
            half_x, HEAD_WIDTH * tall * np.interp(s, [low, 0.9, 0.97, 1], [1.14, 0.95, 0.85, 0]).astype(np.float32)
        )
        half_z = np.maximum(
            half_z, HEAD_DEPTH * tall * np.interp(s, [low, 0.9, 0.97, 1], [1.12, 0.95, 0.85, 0]).astype(np.float32)
        )
    half_x[0] = half_z[0] = 0.0
    centers = centers + up * (0.004 + 0.010 * np.clip(s, 0, 1)[:, None]) * tall
    texture = material(product, 0.6, 0.2, max(texels // 2, 64))
    ink = []
    if fit == "beanie":
        ink.append(
            f'<rect x="0" y=".74" width="1" height=".26" fill="{hexed(base, 0.9)}"/><path d="M0 .74 '
            f'H1" stroke="{dark}" stroke-width=".03"/>'
        )
        ink += [
            f'<path d="M{x:.3f} 0 V1" stroke="{dark}" stroke-width=".004" opacity=".6"/>' for x in np.arange(0, 1, 0.02)
        ]
    elif fit == "cap":
        ink += [
            f'<path d="M{x:.3f} 0 V1" stroke="{dark}" stroke-width=".006" opacity=".8"/>'
            for x in np.arange(0, 1, 1 / 6)
        ]
    if product.get("details") == "band" or fit == "wide brim":
        ink.append(f'<rect x="0" y=".72" width="1" height=".22" fill="{hexed(trim_of(product))}"/>')
    if product.get("details") == "logo":
        ink.append(f'<g transform="translate(.5 .62) scale(.4 1)">{logo(product, 0.17)}</g>')
    patches.append(
        Patch(
            tube(centers, side, front, half_x + 0.004, half_z + 0.004, 49, exponent=2.1),
            inked(texture, "".join(ink), (0, 0, 1, 1)),
            owner,
            2.0,
            wrinkle=0.4,
        )
    )
    rim = centers[-1]
    felt = material(product, 0.5, 0.1, 64)
    if fit == "cap":
        a = np.linspace(-1.15, 1.15, 21)
        rows = []
        for r in np.linspace(0, 1, 6):
            reach = 1.0 + r * 1.05 * np.cos(a * 1.25)
            rows.append(
                rim
                + np.outer(np.sin(a) * (HEAD_WIDTH * 1.16 + 0.004 * r), body.head[:, 0]) * tall
                + np.outer(np.cos(a) * HEAD_DEPTH * 1.16 * reach, front) * tall
                - up * (0.010 * r + 0.007 * r * np.abs(np.sin(a))[:, None]) * tall
            )
        patches.append(Patch(np.stack(rows).astype(np.float32), felt, owner, 2.0, wrap=False))
    elif fit in ("wide brim", "bucket"):
        a = np.linspace(0, 1, 49)
        wide, drop = (0.055, 0.006) if fit == "wide brim" else (0.028, 0.030)
        n = 6
        k = np.linspace(0, 1, n, dtype=np.float32)
        ring = rim - up * (k[:, None] * drop) * tall
        hx, hz = (HEAD_WIDTH * 1.14 + k * wide) * tall, (HEAD_DEPTH * 1.12 + k * wide) * tall
        brim = tube(ring, body.head[:, 0], front, hx, hz, 49)
        brim += (np.sin(a * 4 * np.pi + 0.6)[None, :, None] * k[:, None, None] * 0.006 * tall * up).astype(np.float32)
        patches.append(Patch(brim, felt, owner, 2.0, wrinkle=0.2))
    if product.get("details") == "pompon":
        center = centers[0] + up * 0.016 * tall
        b = np.linspace(0.05, np.pi - 0.05, 10)
        r = (np.sin(b) * 0.02 * tall).astype(np.float32)
        path = center + np.cos(b)[:, None] * up * 0.02 * tall
        fuzz = np.clip(
            trim_of(product)[None, None] + product.rng("fuzz").standard_normal((60, 90, 1)) * 22, 0, 255
        ).astype(np.uint8)
        patches.append(Patch(tube(path, body.head[:, 0], front, r, r, 21), Texture(fuzz), owner, 2.2))
    return patches


def scarf_patches(product: Product, body: Body, owner: int, rng: np.random.Generator, texels: int) -> list[Patch]:
    """A scarf around the neck with its ends in front."""
    bulky = product.get("fit") == "bulky"
    tall = body.tall
    a = np.linspace(0, 2 * np.pi, 41)
    up, front, across = body.chest[:, 1], body.chest[:, 2], body.chest[:, 0]
    base = body.trunk_point(0.843, 0, 0.004)
    radius = 0.047 if bulky else 0.042
    path = (
        base
        + (
            np.outer(np.sin(a), across) * radius
            + np.outer(-np.cos(a), front) * (radius + 0.006)
            + np.outer(-0.012 * (1 - np.cos(a)) / 2, up)
        )
        * tall
    )
    _, side, normal = sweep_frames(path.astype(np.float32), up)
    thick = (0.021 if bulky else 0.014) * tall * (1 + 0.14 * np.sin(a * 5 + rng.uniform(0, 6)) * np.sin(a / 2))
    loop = tube(path, side, normal, thick * 0.85, thick * 1.35, 21)
    place = (float(rng.uniform(0, 0.5)), float(rng.uniform(0, 0.5)))
    patches = [Patch(loop, material(product, 0.2, 0.7, max(texels // 3, 48)), owner, 8.0, wrinkle=1.0, offset=place)]
    end = 0.72 if product.get("length") == "short" else 0.60
    for s, drop in ((1, 0.0), (-1, 0.04)):
        h = np.linspace(0.828, end + drop, 22, dtype=np.float32)
        ring = body.rings(h)
        x = s * np.interp(h, [0.6, 0.83], [0.030, 0.016]).astype(np.float32) * tall
        out = ring.half_depth + 0.030
        # The ends lie on the chest and fall straight from there.
        center = ring.centers + ring.side * x[:, None] + ring.front * out[:, None]
        lead = np.maximum.accumulate((center - center[0]) @ front)
        center = center + front * (lead - (center - center[0]) @ front)[:, None]
        half = (0.038 if bulky else 0.026) * tall
        v = np.linspace(-1, 1, 15)
        fold = 0.010 * np.cos(v * 6 + rng.uniform(0, 6))
        points = (
            center[:, None] + v[None, :, None] * ring.side[:, None] * half + fold[None, :, None] * ring.front[:, None]
        )
        texture = material(product, 2 * half, 0.4, max(texels // 4, 32))
        if product.get("details") == "fringe":
            rows, columns = texture.color.shape[:2]
            alpha = np.ones((rows, columns), np.bool_)
            tail = int(rows * 0.86)
            alpha[tail:] = (np.arange(columns) // max(columns // 24, 1) % 2 == 0)[None]
            texture = Texture(texture.color, alpha, texture.relief)
        patches.append(Patch(points.astype(np.float32), texture, owner, 7.5, wrap=False, wrinkle=0.6, offset=place))
    return patches


def belt_patches(product: Product, body: Body, owner: int, height: float = 0.60, out: float = 0.014) -> list[Patch]:
    """A belt around the waist at trunk height ``height``, ``out`` metres from the body."""
    half = 0.019 if product.get("fit") == "wide" else 0.011
    h = np.linspace(height + half / 1.7, height - half / 1.7, 5, dtype=np.float32)
    ring = body.rings(h)
    texture = material(product, 0.9, 2 * half, 384)
    base = shade_of(product)
    dark = seam_of(base, 0.55, 50)
    metal = "#d8bb68" if product.rng("metal").random() < 0.5 else "#d4d6da"
    detail = product.get("details")
    ink = [f'<path d="M0 .12 H1 M0 .88 H1" stroke="{dark}" stroke-width=".05"/>']
    ink += [f'<circle cx="{0.545 + 0.012 * k}" cy=".5" r=".003" fill="#111"/>' for k in range(5)]
    points = tube(ring.centers, ring.side, ring.front, ring.half_width + out, ring.half_depth + out, 73, exponent=2.35)
    patches = [Patch(points, inked(texture, "".join(ink), (0, 0, 1, 1)), owner, 4.5, shine=0.35)]
    at = body.trunk_point(height) + ring.front[2] * (float(ring.half_depth[2]) + out + 0.004)
    side, up = ring.side[2], ring.up[2]
    size = half * (1.35 if detail != "bow" else 1.0)
    v, u = np.meshgrid(np.linspace(1, -1, 9), np.linspace(-1, 1, 9), indexing="ij")
    plate = (
        at
        + (u * size * 1.25)[..., None] * side
        + (v * size)[..., None] * up
        + (0.004 * (1 - u**2))[..., None] * ring.front[2]
    )
    if detail == "bow":
        trim = hexed(base, 0.85)
        picture = svg(
            f'<path d="M32 32 L4 8 V56 Z M32 32 L60 8 V56 Z" fill="{trim}" stroke="{dark}" '
            f'stroke-width="3"/><circle cx="32" cy="32" r="8" fill="{trim}" stroke="{dark}" '
            'stroke-width="2"/>',
            64,
            64,
            (0, 0, 64, 64),
        )
        plate = at + (u * half * 3.2)[..., None] * side + (v * half * 2.0)[..., None] * up
    elif detail == "round buckle":
        picture = svg(
            f'<circle cx="32" cy="32" r="24" fill="none" stroke="{metal}" stroke-width="11"/><path '
            f'd="M32 32 H58" stroke="{metal}" stroke-width="6"/>',
            64,
            64,
            (0, 0, 64, 64),
        )
    else:
        picture = svg(
            f'<rect x="7" y="7" width="50" height="50" rx="4" fill="none" stroke="{metal}" '
            f'stroke-width="11"/><path d="M12 32 H58" stroke="{metal}" stroke-width="6"/>',
            64,
            64,
            (0, 0, 64, 64),
        )
    patches.append(
        Patch(
            plate.astype(np.float32),
            Texture(np.ascontiguousarray(picture[..., :3]), picture[..., 3] > 110),
            owner,
            4.9,
            wrap=False,
            shine=0.6,
        )
    )
    return patches


def sunglasses_patches(product: Product, body: Body, owner: int) -> list[Patch]:
    """Sunglasses on the nose of ``body``."""
    tall = body.tall
    side, up, front = body.head[:, 0], body.head[:, 1], body.head[:, 2]
    fit = product.get("fit")
    lens = {
        "dark lenses": ("#17171b", "#2e2e36"),
        "brown lenses": ("#4a2c18", "#8a5a34"),
        "mirror lenses": ("#7f9db8", "#dfe9f2"),
    }[product.get("details")]
    base = shade_of(product)
    frame = hexed(base)
    # One lens around its middle, the temple to the right.
    shape = {
        "round": '<circle r="29" {p}/>',
        "square": '<rect x="-31" y="-26" width="62" height="52" rx="7" {p}/>',
        "cat-eye": '<path d="M40 -30 Q0 -26 -30 -12 Q-34 26 0 27 Q30 26 40 -30 Z" {p}/>',
        "aviator": '<path d="M-24 -22 Q8 -28 32 -20 Q34 12 14 30 Q-8 34 -22 12 Q-30 -6 -24 -22 Z" {p}/>',
    }[fit]
    ink = [
        '<linearGradient id="l" x1="0" y1="0" x2="0" y2="1"><stop offset="0" '
        f'stop-color="{lens[0]}"/><stop offset="1" stop-color="{lens[1]}"/></linearGradient>'
    ]
    width = 4 if fit == "aviator" else 7
    paint_lens = f'fill="url(#l)" stroke="{frame}" stroke-width="{width}"'
    ink += [
        f'<g transform="translate({120 + s * 43} 50) scale({s} 1)">{shape.format(p=paint_lens)}</g>' for s in (-1, 1)
    ]
    ink.append(f'<path d="M104 42 Q120 34 136 42" fill="none" stroke="{frame}" stroke-width="{width}"/>')
    ink += [
        f'<path d="M{120 + s * 68} 36 L{120 + s * 88} 36" stroke="{frame}" stroke-width="{width}"/>' for s in (-1, 1)
    ]
    picture = svg(
        f'<g transform="translate(120 50) scale(1.36) translate(-120 -50)">{"".join(ink)}</g>',
        240,
        100,
        (0, 0, 240, 100),
    )
    color = np.ascontiguousarray(picture[..., :3])
    if product.get("pattern") == "animal":
        cloth = material(product, 0.16, 0.066, 240).color
        rim = np.abs(color.astype(int) - base.astype(int)).sum(-1) < 90
        color = np.where(
            rim[..., None], cloth[: color.shape[0], : color.shape[1]] if cloth.shape[0] >= 100 else color, color
        )
    center = body.skull + up * 0.006 * tall
    v, u = np.meshgrid(np.linspace(1, -1, 15), np.linspace(-1, 1, 31), indexing="ij")
    bow = HEAD_DEPTH * 1.10 * np.sqrt(np.clip(1 - (u * 0.66) ** 2, 0, 1)) + 0.004
    points = (
        center
        + (u * 0.0480 * tall)[..., None] * side
        + (v * 0.0260 * tall)[..., None] * up
        + (bow * tall)[..., None] * front
    )
    patches = [
        Patch(points.astype(np.float32), Texture(color, picture[..., 3] > 110), owner, 3.0, wrap=False, shine=0.9)
    ]
    for s in (-1, 1):
        k = np.linspace(0, 1, 8, dtype=np.float32)[:, None]
        path = (
            center
            + side * s * (0.0440 + 0.0025 * np.minimum(k / 0.2, 1)) * tall
            + front * (HEAD_DEPTH * (0.90 - 1.05 * k)) * tall
            + up * (0.0095 - 0.008 * k**3) * tall
        )
        _, x, z = sweep_frames(path.astype(np.float32), side)
        r = np.full(8, 0.0035, np.float32)
        patches.append(Patch(tube(path, x, z, r, r, 9), plain(base), owner, 2.0, shine=0.4))
    return patches
