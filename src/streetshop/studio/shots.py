"""The pictures of a product page: packshot; worn from the front, back, left and right; and a detail."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from streetshop.core.geometry import point_inside
from streetshop.studio.body import Body
from streetshop.studio.camera import Camera
from streetshop.studio.framing import Picture, fit_camera, garments_truth, person_truth, studio_light
from streetshop.studio.mesh import Array
from streetshop.studio.outfit import Wardrobe, dress, room_for
from streetshop.studio.packshots import draw_packshot
from streetshop.studio.poses import STUDIO_POSES, draw_figure, vary
from streetshop.studio.products import Product, rng_for
from streetshop.studio.render import Scene
from streetshop.studio.tone import box_blur, to_srgb
from streetshop.studio.truth import PictureTruth, view_of

SHOTS = ("packshot", "front", "back", "left", "right", "detail")
_YAW = {"front": 0.0, "back": 180.0, "left": -90.0, "right": 90.0}


def draw_shot(product: Product, shot: str, wardrobe: Wardrobe, seed: int, size: int) -> Picture:
    """One picture of a product page; ``size`` is its long side in pixels."""
    if shot == "packshot":
        return draw_packshot(product, seed, size)
    return _worn(product, shot, wardrobe, seed, size)


def _worn(product: Product, shot: str, wardrobe: Wardrobe, seed: int, size: int) -> Picture:
    page = rng_for(seed, "page", product.id)
    model = draw_figure(page, model=True)
    outfit = wardrobe.outfit(product, page, plenty=0.45)
    rng = rng_for(seed, shot, product.id)
    side = "front" if shot == "detail" else shot
    pose = vary(STUDIO_POSES[int(rng.integers(len(STUDIO_POSES)))], rng, 0.5)
    if shot != "detail":
        pose = replace(pose, head=(pose.head[0] * 0.4, pose.head[1] * 0.4, pose.head[2] * 0.5))
    yaw = _YAW[side] + float(rng.normal(0, 6))
    body = Body(model, room_for(pose, outfit), yaw)
    width, height = int(size * 0.75 / 2) * 2, size
    patches, garments = dress(body, outfit, 0, 1, rng, size if shot == "detail" else size * 7 // 10)
    whole = np.concatenate([p.points.reshape(-1, 3) for p in patches])
    margin = float(rng.uniform(0.03, 0.06))
    scene = Scene(patches, studio_light(rng))
    camera = fit_camera(whole, width, height, margin, distance=4.5)
    if shot == "detail":
        owner = 1 + garments.index(product)
        own = np.concatenate([p.points.reshape(-1, 3) for p in patches if p.owner == owner])
        camera = _close_up(scene, camera, owner, own, width, height, rng)
    rendering = scene.draw(camera, width, height)
    color = rendering.color + paper(scene, camera, width, height, rng) * (1 - rendering.coverage[..., None])
    seen = np.ones((height, width), np.bool_)
    person = person_truth(body, camera, rendering, 0, garments, 1, seen, shot != "detail")
    persons = (person,) if person else ()
    items = [(1 + k, g, 0 if person else None) for k, g in enumerate(garments)]
    truth = PictureTruth(
        f"images/shop/{product.id}-{shot}.jpg",
        width,
        height,
        "shop",
        shot,
        "detail" if shot == "detail" else view_of(yaw),
        bool(person and person.full_shot and shot != "detail"),
        product.id,
        garments_truth(rendering, items, wardrobe.sold, seen),
        persons,
    )
    return Picture(to_srgb(color), truth, 90)


def _close_up(
    scene: Scene, overview: Camera, owner: int, own: Array, width: int, height: int, rng: np.random.Generator
) -> Camera:
    """A camera on a visible part of the garment with (n, 3) points ``own``, which fills the picture."""
    small = 4
    far = replace(
        overview, focal=overview.focal / small, center=(overview.center[0] / small, overview.center[1] / small)
    )
    rendering = scene.draw(far, width // small, height // small)
    seen = rendering.owner == owner
    if seen.any():
        x, y = point_inside(seen)
        ray = far.rays(np.array([x], np.float32), np.array([y], np.float32))[0]
        middle = far.position + ray * rendering.depth[int(y), int(x)]
    else:
        middle = np.median(own, axis=0)
    span = own.max(axis=0) - own.min(axis=0)
    half = float(np.clip(min(span[0], span[1] * 0.75) * rng.uniform(0.24, 0.36), 0.055, 0.4))
    middle = middle + np.array([rng.uniform(-0.3, 0.3), rng.uniform(-0.2, 0.4), 0]) * half
    reach = np.array([[-half, -half * 4 / 3, 0], [half, half * 4 / 3, 0]])
    return fit_camera((middle + reach).astype(np.float32), width, height, 0.0, distance=2.0)


def paper(scene: Scene, camera: Camera, width: int, height: int, rng: np.random.Generator) -> Array:
    """(h, w, 3) linear colour of a seamless paper background, with the model's shadow on the floor."""
    base = np.array([0.93, 0.93, 0.93]) if rng.random() < 0.6 else np.array([0.74, 0.73, 0.72]) + rng.normal(0, 0.06, 3)
    y, x = np.meshgrid(
        np.arange(height, dtype=np.float32) + 0.5, np.arange(width, dtype=np.float32) + 0.5, indexing="ij"
    )
    shade = 1 - 0.10 * ((x / width - 0.5) ** 2 + (y / height - 0.45) ** 2)
    picture = base[None, None] * shade[..., None]
    rays = camera.rays(x.reshape(-1), y.reshape(-1))
    down = rays[:, 1] < -1e-3
    distance = np.where(down, -camera.position[1] / np.minimum(rays[:, 1], -1e-3), 0)
    points = camera.position + rays * distance[:, None]
    near = down & (np.abs(points[:, 2]) < 1.5)
    lit = np.ones(len(points), np.float32)
    lit[near] = scene.lit(points[near].astype(np.float32), 0.01, 0.07)
    floor = box_blur(lit.reshape(height, width), 3)

    return np.asarray(picture * (0.72 + 0.28 * floor)[..., None], np.float32)
