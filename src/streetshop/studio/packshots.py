"""Packshots: the product alone on white."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from streetshop.studio.accessories import belt_patches, hat_patches, scarf_patches, sunglasses_patches
from streetshop.studio.bags import bag_patches
from streetshop.studio.body import Body, Figure
from streetshop.studio.framing import Picture, fit_camera, garments_truth, studio_light
from streetshop.studio.lower import skirt_patches, trousers_patches
from streetshop.studio.mesh import Array, Patch, rotation, sweep_frames, tube, turn
from streetshop.studio.people import plain
from streetshop.studio.poses import FLAT, MANNEQUIN
from streetshop.studio.products import Product, rng_for
from streetshop.studio.render import Rendering, Scene
from streetshop.studio.shoes import one_shoe
from streetshop.studio.tone import box_blur, to_srgb
from streetshop.studio.truth import PictureTruth
from streetshop.studio.upper import upper_patches


def draw_packshot(product: Product, seed: int, size: int) -> Picture:
    """The product alone on white; ``size`` is the long side in pixels."""
    rng = rng_for(seed, "packshot", product.id)
    texels = int(size * 0.95)
    patches = _laid_out(product, rng, texels)
    points = np.concatenate([p.points.reshape(-1, 3) for p in patches])
    span = points.max(axis=0) - points.min(axis=0)
    aspect = float(np.clip(span[0] / span[1], 0.72, 1.0))
    width, height = int(round(size * aspect / 2) * 2), size
    camera = fit_camera(
        points,
        width,
        height,
        float(rng.uniform(0.05, 0.10)),
        pitch=8.0 if product.group in ("footwear", "bags") else 0.0,
    )
    light = studio_light(rng)
    rendering = Scene(patches, light, shadow_size=0).draw(camera, width, height)
    white = np.full((height, width, 3), 1.15, np.float32)
    white *= (1 - _soft_shadow(rendering, 0.22))[..., None]
    color = rendering.color * 1.02 + white * (1 - rendering.coverage[..., None])
    truth = PictureTruth(
        f"images/shop/{product.id}-packshot.jpg",
        width,
        height,
        "shop",
        "packshot",
        None,
        False,
        product.id,
        garments_truth(rendering, [(1, product, None)], frozenset({product.id}), np.ones((height, width), np.bool_)),
    )
    return Picture(to_srgb(color), truth, 92)


def _soft_shadow(rendering: Rendering, strength: float) -> Array:
    """(h, w) a faint shadow below and around the product."""
    height, width = rendering.coverage.shape
    step = 4
    small = rendering.coverage[::step, ::step]
    radius = max(small.shape[0] // 60, 1)
    soft = np.roll(box_blur(small, radius), radius, axis=0) * strength
    return np.repeat(np.repeat(soft, step, axis=0), step, axis=1)[:height, :width]


def _laid_out(product: Product, rng: np.random.Generator, texels: int) -> list[Patch]:
    """Patches of the product on an invisible body, flat, on a hanger or standing."""
    group, owner = product.group, 1
    figure = Figure()
    style = product.rng("packshot style").random()
    flat = style < 0.45
    body = Body(figure, FLAT if flat else MANNEQUIN, float(rng.normal(0, 2)))
    if group in ("topwear", "outerwear", "dresses"):
        patches = upper_patches(product, body, owner, rng, texels, alone=True)
        if flat:
            patches = _pressed(patches)
        if 0.30 < style < 0.60 and product.get("neckline") not in ("off-shoulder", "turtleneck", "strappy", "halter"):
            patches += _hanger(body)
        return patches
    if group in ("bottomwear", "skirts"):
        draw = skirt_patches if group == "skirts" else trousers_patches
        patches = draw(product, body, owner, rng, texels)
        return _pressed(patches) if flat else patches
    up = np.array([0, 1, 0], np.float32)
    if group == "footwear":
        patches = []
        for place, turn in ((np.array([-0.03, 0.073, 0.06]), -74), (np.array([0.05, 0.073, -0.10]), -48)):
            forward = rotation("y", turn + float(rng.normal(0, 3))) @ np.array([0, 0, 1], np.float32)
            patches += one_shoe(
                product, place.astype(np.float32), forward.astype(np.float32), up, 1.0, owner, texels, 1
            )
        return patches
    if group == "bags":
        facing = rotation("y", float(rng.uniform(-28, 28))) @ np.array([0, 0, 1], np.float32)
        center = np.zeros(3, np.float32)
        across = np.cross(up, facing)
        strap = None
        if product.get("fit") == "crossbody":
            a = np.linspace(np.pi, 0, 9)[:, None]
            strap = (center + across * np.cos(a) * 0.10 + up * (0.10 + 0.30 * np.sin(a))).astype(np.float32)
        return bag_patches(product, center, facing.astype(np.float32), up, owner, texels, strap)
    turned = Body(figure, MANNEQUIN, float(rng.uniform(-35, 35)))
    if product.category == "hats":
        # From a little above and from the side, so that a brim is seen for what it is.
        turned = Body(figure, MANNEQUIN, float(rng.uniform(30, 60)) * (1 if rng.random() < 0.5 else -1))
        return [_turned(p, rotation("x", 12)) for p in hat_patches(product, turned, owner, texels)]
    if product.category == "scarves":
        return scarf_patches(product, Body(figure, MANNEQUIN), owner, rng, texels)
    if product.category == "belts":
        patches = belt_patches(product, turned, owner)
        # A coil seen from above: tip it towards the camera.
        return [_turned(p, rotation("x", 28)) for p in patches]
    return sunglasses_patches(product, turned, owner)


def _turned(patch: Patch, matrix: Array) -> Patch:
    center = np.array([0, 1, 0], np.float32)
    return replace(patch, points=(turn(patch.points - center, matrix) + center).astype(np.float32))


def _pressed(patches: list[Patch]) -> list[Patch]:
    """Lying on a table: nearly without depth."""
    return [
        replace(p, points=(p.points * np.array([1.06, 1, 0.30], np.float32)).astype(np.float32), layer=p.layer)
        for p in patches
    ]


def _hanger(body: Body) -> list[Patch]:
    """A wooden hanger in the shoulders of a garment."""
    tall = body.tall
    neck = body.trunk_point(0.845)
    left, right = body.trunk_point(0.813, 0.095), body.trunk_point(0.813, -0.095)
    k = np.linspace(0, 1, 24, dtype=np.float32)[:, None]
    bow = left * (1 - k) + right * k + np.array([0, 1, 0], np.float32) * np.sin(k * np.pi) * 0.030 * tall
    wood = plain((176, 128, 82), 6)
    parts = []
    a = np.linspace(-0.5 * np.pi, 1.1 * np.pi, 22)[:, None]
    top = neck + np.array([0, 0.075, 0], np.float32) * tall
    hook = np.concatenate(
        [
            np.linspace(bow[12], top - np.array([0, 0.022 * tall, 0]), 6),
            top + np.concatenate([np.cos(a), np.sin(a), 0 * a], 1) * 0.020 * tall,
        ]
    )
    for path, radius, texture, shine in ((bow, 0.011, wood, 0.2), (hook, 0.004, plain((150, 152, 156)), 0.8)):
        _, side, front = sweep_frames(path.astype(np.float32), np.array([0, 0, 1], np.float32))
        r = np.full(len(path), radius, np.float32)
        parts.append(Patch(tube(path, side, front, r, r * 0.7, 13), texture, 0, two_sided=False, shine=shine))
    return parts
