"""Street photos of dressed people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from streetshop.studio.body import Body
from streetshop.studio.camera import Camera
from streetshop.studio.framing import Picture, garments_truth, person_truth
from streetshop.studio.mesh import Array, Patch
from streetshop.studio.outfit import Wardrobe, dress, room_for
from streetshop.studio.places import PLACES
from streetshop.studio.poses import STREET_POSES, draw_figure, vary
from streetshop.studio.products import Product, rng_for
from streetshop.studio.render import Scene
from streetshop.studio.scenes import backdrop, foreground, linear_backdrop, street_light
from streetshop.studio.tone import box_blur, to_linear, to_srgb
from streetshop.studio.truth import PersonTruth, PictureTruth


@dataclass(frozen=True, slots=True)
class _Somebody:
    body: Body
    owner: int
    first: int
    garments: list[Product]


def draw_street_photo(number: int, wardrobe: Wardrobe, seed: int, size: int) -> Picture:
    """Street photo ``number`` of the shop ``seed``; ``size`` is its long side in pixels."""
    rng = rng_for(seed, "street", number)
    width, height = _format(size, rng)
    place = tuple(PLACES)[int(rng.integers(len(PLACES)))]
    light = street_light(place, rng)
    patches, people = _people(wardrobe, number, size, rng)
    camera, horizon = _camera(people, width, height, rng)
    scene = Scene(patches, light)
    rendering = scene.draw(camera, width, height)
    behind = linear_backdrop(backdrop(place, width, height, horizon, rng), width, height, light, rng)
    behind *= _ground_shadow(scene, camera, width, height, light.softness, rng)[..., None]
    behind = _blurred(behind, float(rng.uniform(0.0, 2.2)) * size / 512)
    color: Array = rendering.color + behind * (1 - rendering.coverage[..., None])
    seen = np.ones((height, width), np.bool_)
    cover = foreground(width, height, rng)
    if cover is not None:
        color, seen = _cover(color, cover, width, height, light.sky + light.key * 0.4, rng)
    pixels = _photograph(color, rng, size)
    persons: list[PersonTruth] = []
    items: list[tuple[int, Product, int | None]] = []
    for somebody in people:
        truth = person_truth(
            somebody.body, camera, rendering, somebody.owner, somebody.garments, somebody.first, seen, True
        )
        index = None
        if truth is not None:
            index = len(persons)
            persons.append(truth)
        items += [(somebody.first + k, g, index) for k, g in enumerate(somebody.garments)]
    main = max(persons, key=lambda p: p.area, default=None)
    worn = [item for item in items if item[2] is not None]
    picture = PictureTruth(
        f"images/street/{number:06d}.jpg",
        width,
        height,
        "street",
        "street",
        main.view if main else None,
        bool(main and main.full_shot),
        "",
        garments_truth(rendering, worn, wardrobe.sold, seen),
        tuple(persons),
    )
    return Picture(pixels, picture, int(rng.integers(55, 93)))


def _format(size: int, rng: np.random.Generator) -> tuple[int, int]:
    """Width and height; mostly portrait."""
    aspect = (0.75, 0.67, 0.5625, 1.0, 1.33)[int(rng.choice(5, p=[0.36, 0.28, 0.14, 0.12, 0.10]))]
    return (int(size * aspect / 2) * 2, size) if aspect <= 1 else (size, int(size / aspect / 2) * 2)


def _people(
    wardrobe: Wardrobe, number: int, size: int, rng: np.random.Generator
) -> tuple[list[Patch], list[_Somebody]]:
    count = int(rng.choice([1, 2, 3], p=[0.70, 0.22, 0.08]))
    patches: list[Patch] = []
    people: list[_Somebody] = []
    owner = 0
    at = 0.0
    for k in range(count):
        # The first person wears a product that the number of the photo selects, so that all products are worn.
        first = wardrobe.catalog[(number * 7919) % len(wardrobe.catalog)] if k == 0 else None
        outfit = wardrobe.outfit(first, rng)
        pose = vary(STREET_POSES[int(rng.integers(len(STREET_POSES)))], rng)
        yaw = float(rng.normal(0, 24)) if rng.random() < 0.68 else float(rng.uniform(-180, 180))
        body = Body(
            draw_figure(rng), room_for(pose, outfit), yaw, (at, 0.0, float(rng.uniform(-0.35, 0.2)) if k else 0.0)
        )
        at += float(rng.uniform(0.42, 0.75))
        texels = int(size * (0.62 if count == 1 else 0.5))
        worn, garments = dress(body, outfit, owner, owner + 1, rng, texels)
        people.append(_Somebody(body, owner, owner + 1, garments))
        patches += worn
        owner += 1 + len(garments)
    return patches, people


def _camera(people: list[_Somebody], width: int, height: int, rng: np.random.Generator) -> tuple[Camera, float]:
    """A random camera and framing; and the horizon as a fraction of the height from the top."""
    tall = max(p.body.tall for p in people)
    xs = [float(p.body.place[0]) for p in people]
    middle, wide = (min(xs) + max(xs)) / 2, max(xs) - min(xs) + 0.75
    framing = rng.random()
    low, high = -0.08, tall + 0.10
    if framing < 0.16:  # half figure
        low = tall * float(rng.uniform(0.32, 0.50))
    elif framing < 0.26:  # mirror selfie, no head
        high = tall * float(rng.uniform(0.80, 0.92))
    elif framing < 0.34:  # legs
        high = tall * float(rng.uniform(0.55, 0.70))
    elif framing < 0.60:  # small in the picture
        low, high = low - float(rng.uniform(0, 0.5)), high + float(rng.uniform(0, 0.7))
    distance = float(rng.uniform(2.4, 5.5))
    pitch = float(rng.normal(2, 4))
    eye = float(np.clip(rng.normal(1.35, 0.22), 0.7, 1.8))
    span = max(high - low, wide * height / width * 0.92)
    focal = height * distance / span
    center_y = (low + high) / 2
    camera = Camera(
        np.array([middle + float(rng.normal(0, 0.12)), eye, distance], np.float32),
        pitch,
        focal,
        (0.0, 0.0),
        float(rng.normal(0, 2.2)),
    )
    target, _ = camera.project(np.array([[middle, center_y, 0.0]], np.float32))
    shift = rng.normal(0, 0.05, 2) * np.array([width, height * 0.4])
    center = (width / 2 - float(target[0, 0]) + float(shift[0]), height / 2 - float(target[0, 1]) + float(shift[1]))
    camera = Camera(camera.position, pitch, focal, center, camera.roll)
    # The ground meets the houses some eight metres behind.
    foot, _ = camera.project(np.array([[middle, 0.0, -8.0]], np.float32))
    return camera, float(np.clip(foot[0, 1] / height, 0.05, 1.3))


def _ground_shadow(
    scene: Scene, camera: Camera, width: int, height: int, softness: float, rng: np.random.Generator
) -> Array:
    """(h, w) how bright the ground is where people's shadows fall."""
    step = 2
    y, x = np.meshgrid(
        np.arange(0, height, step, dtype=np.float32) + 1, np.arange(0, width, step, dtype=np.float32) + 1, indexing="ij"
    )
    rays = camera.rays(x.reshape(-1), y.reshape(-1))
    down = rays[:, 1] < -1e-3
    distance = np.where(down, -camera.position[1] / np.minimum(rays[:, 1], -1e-3), 0)
    points = camera.position + rays * distance[:, None]
    near = np.flatnonzero(down & (np.abs(points[:, 2]) < 4))
    lit = np.ones(len(points), np.float32)
    lit[near] = scene.lit(points[near].astype(np.float32), 0.01, 0.01 + 0.10 * softness)

    small = box_blur(lit.reshape(x.shape), 1 + int(3 * softness))
    full = np.repeat(np.repeat(small, step, 0), step, 1)[:height, :width]
    return 1 - (0.62 - 0.30 * softness) * (1 - full)


def _blurred(linear: Array, radius: float) -> Array:
    """Blur linear light by ``radius`` pixels."""
    if radius < 0.4:
        return linear
    image = Image.fromarray(to_srgb(linear)).filter(ImageFilter.GaussianBlur(radius))
    return to_linear(np.asarray(image))


def _cover(
    color: Array, cover: NDArray[np.uint8], width: int, height: int, light: Array, rng: np.random.Generator
) -> tuple[Array, NDArray[np.bool_]]:
    """Lay a blurred foreground over the picture; also (h, w) True where the picture remains visible."""
    image = (
        Image.fromarray(cover)
        .filter(ImageFilter.GaussianBlur(float(rng.uniform(0.5, 3))))
        .resize((width, height), Image.Resampling.BILINEAR)
    )
    rgba = np.asarray(image)
    alpha = rgba[..., 3:].astype(np.float32) / 255
    return color * (1 - alpha) + to_linear(rgba[..., :3]) * light * alpha, rgba[..., 3] < 128


def _photograph(linear: Array, rng: np.random.Generator, size: int) -> NDArray[np.uint8]:
    """Apply random exposure, white balance, vignette, noise and blur."""
    height, width = linear.shape[:2]
    exposure = float(np.exp(rng.normal(0.12, 0.22)))
    balance = np.exp(rng.normal(0, 0.06, 3) * np.array([1, 0.3, 1])).astype(np.float32)
    y, x = np.meshgrid(
        np.linspace(-1, 1, height, dtype=np.float32), np.linspace(-1, 1, width, dtype=np.float32), indexing="ij"
    )
    falloff = 1 - float(rng.uniform(0, 0.28)) * (x**2 + y**2) / 2
    picture = linear * (exposure * balance) * falloff[..., None]
    noise = float(rng.uniform(0.001, 0.014))
    picture = (
        picture
        + rng.standard_normal(picture.shape, dtype=np.float32) * np.sqrt(np.maximum(picture, 0) + 0.02) * noise * 2.2
    )
    pixels = to_srgb(picture)
    kind = rng.random()
    if kind < 0.30:
        image = Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(float(rng.uniform(0.4, 1.1)) * size / 512))
        pixels = np.asarray(image)
    elif kind < 0.42:
        pixels = _shaken(pixels, rng, size)
    return pixels


def _shaken(pixels: NDArray[np.uint8], rng: np.random.Generator, size: int) -> NDArray[np.uint8]:
    """Camera shake: the mean of five shifted copies."""
    reach, angle = float(rng.uniform(1.5, 4)) * size / 512, float(rng.uniform(0, np.pi))
    total = np.zeros(pixels.shape, np.float32)
    steps = np.linspace(-0.5, 0.5, 5)
    for t in steps:
        dx, dy = round(t * reach * np.cos(angle)), round(t * reach * np.sin(angle))
        total += np.roll(pixels, (dy, dx), axis=(0, 1))
    return (total / len(steps)).astype(np.uint8)
