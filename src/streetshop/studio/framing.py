"""The finished picture, camera framing, and the ground truth of what is visible."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from streetshop.studio.body import Body
from streetshop.studio.camera import Camera, Light
from streetshop.studio.mesh import Array, unit
from streetshop.studio.products import Product
from streetshop.studio.render import Rendering
from streetshop.studio.truth import (
    LEAST_PIXELS,
    GarmentTruth,
    PersonTruth,
    PictureTruth,
    box_list,
    encode_mask,
    is_full_shot,
    keypoints_of,
    view_of,
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawn picture.

    Attributes:
        pixels: (h, w, 3) uint8 sRGB.
        truth: its ground truth.
        quality: of the JPEG file, 1 to 95.
    """

    pixels: NDArray[np.uint8]
    truth: PictureTruth
    quality: int


def studio_light(rng: np.random.Generator) -> Light:
    """Soft boxes: bright, even light, slightly from one side."""
    side = float(rng.uniform(-0.6, 0.6))
    towards = unit(np.array([side, 0.75, 0.9], np.float32))
    tint = rng.normal(0, 0.015, 3)
    return Light(
        towards,
        (np.array([0.85, 0.84, 0.83]) + tint).astype(np.float32),
        (np.array([0.50, 0.51, 0.53]) + tint).astype(np.float32),
        (np.array([0.36, 0.35, 0.34]) + tint).astype(np.float32),
        0.8,
    )


def fit_camera(
    points: Array, width: int, height: int, margin: float, distance: float = 4.0, pitch: float = 0.0
) -> Camera:
    """A camera with all (n, 3) points in the centre and ``margin`` (a share of the picture) around them."""
    low, high = points.min(axis=0), points.max(axis=0)
    middle = (low + high) / 2
    p = np.radians(pitch)
    position = middle + np.array([0, np.sin(p), np.cos(p)]) * distance
    camera = Camera(position.astype(np.float32), pitch, 1000.0, (0.0, 0.0))
    xy, _ = camera.project(points)
    low2, high2 = xy.min(axis=0), xy.max(axis=0)
    span = high2 - low2
    k = float(min(width * (1 - 2 * margin) / span[0], height * (1 - 2 * margin) / span[1]))
    center = np.array([width, height]) / 2 - (low2 + high2) / 2 * k
    return replace(camera, focal=1000.0 * k, center=(float(center[0]), float(center[1])))


def person_truth(
    body: Body,
    camera: Camera,
    rendering: Rendering,
    owner: int,
    garments: list[Product],
    first: int,
    seen: NDArray[np.bool_],
    whole: bool,
) -> PersonTruth | None:
    """Box, mask, keypoints and view of a person; None if fewer than 4 x LEAST_PIXELS pixels are visible.

    Args:
        body: the person.
        camera: the camera of the picture.
        rendering: the drawn scene.
        owner: label of the body.
        garments: what the person wears.
        first: label of the first garment; the others follow.
        seen: (h, w) False where the foreground covers the picture.
        whole: the framing allows a full shot.
    """
    own = np.array([owner, *range(first, first + len(garments))])
    skirts = np.array([first + k for k, g in enumerate(garments) if g.category in ("skirts", "dresses")])
    mask = np.isin(rendering.owner, own) & seen
    if int(mask.sum()) < 4 * LEAST_PIXELS:
        return None
    points = keypoints_of(body, camera, rendering, own, skirts, seen)
    return PersonTruth(
        box_list(mask), int(mask.sum()), points, view_of(body.yaw), whole and is_full_shot(points), encode_mask(mask)
    )


def garments_truth(
    rendering: Rendering, items: list[tuple[int, Product, int | None]], sold: frozenset[str], seen: NDArray[np.bool_]
) -> tuple[GarmentTruth, ...]:
    """The garments with at least LEAST_PIXELS visible pixels; ``items`` are (owner, product, person)."""
    result = []
    for owner, product, person in items:
        mask = (rendering.owner == owner) & seen
        area = int(mask.sum())
        if area < LEAST_PIXELS:
            continue
        known = product.id in sold
        result.append(
            GarmentTruth(
                product.id if known else "",
                product.category,
                dict(product.attributes),
                box_list(mask),
                area,
                encode_mask(mask),
                person,
                product.split if known else "",
            )
        )
    return tuple(result)
