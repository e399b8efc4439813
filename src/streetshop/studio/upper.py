"""Garments of the trunk and arms: tops, shirts, sweaters, jackets, dresses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streetshop.studio.body import Body, Curve
from streetshop.studio.collars import collar_patches
from streetshop.studio.cut import Cut, cut_of, trunk_heights
from streetshop.studio.drapery import crease, drape, skirt_rings, wrinkle_joint
from streetshop.studio.mesh import Array, Patch, tube, unit
from streetshop.studio.products import Product
from streetshop.studio.upper_cloth import sleeve_texture, trunk_texture


def trunk_surface(body: Body, cut: Cut, h: Array, columns: int, rng: np.random.Generator) -> Array:
    """(rows, columns, 3) points of the cloth around the trunk and, below the hips, around both legs."""
    ring = body.rings(np.maximum(h, 0.47))
    ease = cut.ease * np.interp(h, [0.55, 0.70, 0.80, 0.825, 0.86], [1.3, 1.0, 0.8, 0.35, 0.25]).astype(np.float32)
    half_x, half_z = ring.half_width + ease, ring.half_depth + ease
    # Cloth falls from the widest part of the body above it.
    chest = np.maximum.accumulate(np.where(h < 0.80, half_x, 0)), np.maximum.accumulate(np.where(h < 0.80, half_z, 0))
    hang = cut.hang * np.clip((0.74 - h) / 0.06, 0, 1)
    half_x = np.maximum(half_x, half_x * (1 - hang) + chest[0] * hang)
    half_z = np.maximum(half_z, half_z * (1 - hang) + chest[1] * hang * 0.97)
    centers, side, front = ring.centers.copy(), ring.side, ring.front
    low = np.flatnonzero(h < 0.53)
    if len(low):
        c, x, z = skirt_rings(body, h[low], 0.012 + cut.ease, cut.flare)
        w = np.clip((0.53 - h[low]) / 0.06, 0, 1).astype(np.float32)
        centers[low] = centers[low] * (1 - w)[:, None] + c * w[:, None]
        half_x[low] = np.maximum(half_x[low] * (h[low] > 0.47), x)
        half_z[low] = np.maximum(half_z[low] * (h[low] > 0.47), z)
        half_x[low], half_z[low] = _not_narrower(half_x, half_z, low)
    points = tube(centers, side, front, half_x, half_z, columns, exponent=2.35)
    drape(points, centers, h, cut.flare, cut.hem, rng)
    soft = cut.ease * (0.8 + cut.hang) * np.interp(h, [0.5, 0.6, 0.72, 0.80], [0.5, 0.8, 0.35, 0.0])
    if len(low) == 0 or cut.flare == 0:
        crease(points, centers, soft.astype(np.float32), rng)
    return np.asarray(points, np.float32)


def _not_narrower(half_x: Array, half_z: Array, low: NDArray[np.int64]) -> tuple[Array, Array]:
    """Half axes below the hips, at least 86 % of those just above."""
    start = max(int(low[0]) - 1, 0)
    floor = np.array([half_x[start], half_z[start]]) * 0.86
    return np.maximum(half_x[low], floor[0]), np.maximum(half_z[low], floor[1])


def sleeve_surface(body: Body, arm: Curve, cut: Cut, rows: int, columns: int, rng: np.random.Generator) -> Array:
    """(rows, columns, 3) points of a sleeve, wrinkled inside the bend of the elbow."""
    t = np.linspace(-0.55, cut.sleeve, rows, dtype=np.float32)
    centers, side, front = arm.frames(t)
    loose = cut.sleeve_ease * np.interp(t, [-0.5, -0.1, 0.0, 0.35, 1.2, 1.9, 2.0], [0.1, 0.25, 0.4, 1.0, 1.0, 0.8, 0.6])
    radius = (body.arm_radius(t) + loose).astype(np.float32)
    points = tube(centers, side, front, radius, radius, columns)
    wrinkle_joint(points, centers, t, arm, 0.007 + 0.16 * cut.sleeve_ease, rng)
    # The lower side of a raised sleeve sags away from the arm.
    tangent = unit(np.gradient(centers, axis=0))
    level = np.sqrt(np.clip(1 - tangent[:, 1] ** 2, 0, 1))
    out = unit(points - centers[:, None])
    points[..., 1] -= (np.clip(-out[..., 1], 0, 1) * (level * cut.sleeve_ease * 1.3)[:, None]).astype(np.float32)
    return points


def upper_patches(
    product: Product,
    body: Body,
    owner: int,
    rng: np.random.Generator,
    texels: int,
    *,
    tucked: bool = False,
    opened: bool = False,
    alone: bool = False,
) -> list[Patch]:
    """A garment of the trunk worn on ``body``; ``alone`` draws it empty, its inside visible."""
    cut = cut_of(product, tucked=tucked, opened=opened)
    lining = (10_000, 0) if cut.open_front is not None else (26, 6) if alone else (20, 2)
    rows = 52 + int(40 * max(0.5 - cut.hem, 0) / 0.4)
    heights = trunk_heights(cut, rows)
    columns = 65 if cut.flare < 0.05 else 97
    wrinkle = 0.9 - 0.5 * cut.thickness
    shine = 0.25 if product.category == "jackets" and product.get("details") == "quilting" else 0.0

    def place() -> tuple[float, float]:
        return float(rng.uniform(0, 0.5)), float(rng.uniform(0, 0.5))

    surface = trunk_surface(body, cut, heights, columns, rng)
    patches = [
        Patch(
            surface,
            trunk_texture(product, cut, texels, heights),
            owner,
            cut.layer,
            wrinkle=wrinkle,
            offset=place(),
            shine=shine,
            lining=lining,
        )
    ]
    if cut.sleeve > 0 and product.get("neckline") not in ("strappy", "halter"):
        cloth = sleeve_texture(product, cut, max(texels * 2 // 5, 40))
        for arm in (body.left_arm, body.right_arm):
            points = sleeve_surface(body, arm, cut, 14 + int(22 * cut.sleeve), 33, rng)
            if product.get("neckline") == "off-shoulder":
                points = points[5:]
            patches.append(
                Patch(points, cloth, owner, cut.layer, wrinkle=wrinkle, offset=place(), shine=shine, lining=(0, 4))
            )
    return patches + collar_patches(product, body, cut, owner, texels)
