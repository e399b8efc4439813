"""Views of a picture with its boxes: as the bundle will see it, and varied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from streetshop.core.errors import ManifestError, PhotoError
from streetshop.core.photo import Photo
from streetshop.lab.core.progress import say
from streetshop.lab.nets.backbones import PixelScale
from streetshop.lab.nets.detect import Target
from streetshop.lab.train.detector_recipe import DetectorRecipe
from streetshop.lab.train.tasks.detect.data import Picture
from streetshop.lab.train.tasks.reader.views import relight
from streetshop.models.preprocessing import Place, network_input, place_picture
from streetshop.models.spec import InputSpec

PADDING: Final = (127, 127, 127)
"""Grey around a letterboxed photo."""
_LEFT: Final = 0.4
"""Least share of a box inside the view; below it the box does not count."""


@dataclass(frozen=True, eq=False)
class View:
    """One picture as the network sees it.

    Attributes:
        pixels: (height, width, 3) uint8.
        boxes: (n, 4) float32 corners in pixels of the input.
        labels: (n,) int64.
        masks: (n, height, width) uint8, or None.
    """

    pixels: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    masks: NDArray[np.uint8] | None

    def target(self, device: torch.device) -> Target:
        """The view's boxes as tensors."""
        masks = None if self.masks is None else torch.from_numpy(self.masks).to(device)
        return Target(torch.from_numpy(self.boxes).to(device), torch.from_numpy(self.labels).to(device), masks)


def input_spec(recipe: DetectorRecipe, scale: PixelScale) -> InputSpec:
    """The input of a recipe's bundle."""
    return InputSpec(
        height=recipe.input.height,
        width=recipe.input.width,
        fit="letterbox",
        background=PADDING,
        mean=scale.mean,
        std=scale.std,
    )


def draw_view(
    picture: Picture, recipe: DetectorRecipe, *, masks: bool, rng: np.random.Generator | None = None
) -> View | None:
    """A view of a picture; None, said on stderr, where it cannot be decoded.

    Args:
        picture: with its boxes.
        recipe: its input, augmentation and least box.
        masks: whether the view has masks.
        rng: varies the view; None gives it as the bundle sees it.
    """
    row = picture.rows[0]
    try:
        photo = row.load_photo(min(recipe.input.height, recipe.input.width))
    except PhotoError as error:
        say(f"left out: {error}")
        return None
    geometry = InputSpec(height=recipe.input.height, width=recipe.input.width, background=PADDING)
    place = place_picture(photo.width, photo.height, geometry)
    flip = False
    if rng is not None:
        place = _zoomed(place, geometry, recipe.augment.zoom, rng)
        flip = recipe.augment.flip and bool(rng.random() < 0.5)
    image = photo.image().resize((place.width, place.height), Image.Resampling.BILINEAR, reducing_gap=2.0)
    canvas = Image.new("RGB", (geometry.width, geometry.height), PADDING)
    canvas.paste(image, (place.left, place.top))
    pixels = np.asarray(canvas)
    if rng is not None and recipe.augment.light:
        pixels = relight(pixels[None].astype(np.float32), rng)[0].astype(np.uint8)
    boxes, kept = _placed(picture, photo, place, geometry, recipe.data.least)
    layers = _masks(picture, kept, photo, place, geometry) if masks else None
    if layers is not None:
        seen = layers.reshape(len(layers), -1).any(axis=1)
        boxes, kept, layers = boxes[seen], kept[seen], layers[seen]
    labels = picture.labels[kept].astype(np.int64)
    if flip:
        pixels = pixels[:, ::-1]
        boxes = np.stack([geometry.width - boxes[:, 2], boxes[:, 1], geometry.width - boxes[:, 0], boxes[:, 3]], axis=1)
        layers = None if layers is None else np.ascontiguousarray(layers[:, :, ::-1])
    return View(np.ascontiguousarray(pixels), boxes.astype(np.float32), labels, layers)


def batch_input(views: list[View], spec: InputSpec) -> torch.Tensor:
    """(b, 3, height, width) scaled pixels."""
    return torch.from_numpy(network_input([view.pixels for view in views], spec))


def _zoomed(place: Place, geometry: InputSpec, most: float, rng: np.random.Generator) -> Place:
    """Larger or smaller, and anywhere: what is larger than the input is cropped."""
    factor = float(np.exp(rng.uniform(np.log(1 - most), np.log(1 + most))))
    width, height = max(round(place.width * factor), 8), max(round(place.height * factor), 8)
    slack_x, slack_y = geometry.width - width, geometry.height - height
    left, top = (int(rng.integers(min(slack, 0), max(slack, 0) + 1)) for slack in (slack_x, slack_y))
    return Place(left, top, width, height)


def _placed(
    picture: Picture, photo: Photo, place: Place, geometry: InputSpec, least: float
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Boxes in the input, and which of the picture's they are."""
    zoom = np.asarray([place.width / photo.width, place.height / photo.height] * 2)
    whole = picture.boxes.corners * zoom + [place.left, place.top] * 2
    cut = whole.clip(0, [geometry.width, geometry.height] * 2)
    sides = cut[:, 2:] - cut[:, :2]
    share = sides.prod(axis=1) / np.maximum((whole[:, 2:] - whole[:, :2]).prod(axis=1), 1e-6)
    kept = np.flatnonzero((sides.min(axis=1) >= max(least, 1.0)) & (share >= _LEFT) & ~picture.crowd)
    return cut[kept], kept


def _masks(
    picture: Picture, kept: NDArray[np.intp], photo: Photo, place: Place, geometry: InputSpec
) -> NDArray[np.uint8]:
    layers = np.zeros((len(kept), geometry.height, geometry.width), np.uint8)
    for layer, index in zip(layers, kept, strict=True):
        try:
            mask = picture.rows[index].load_mask(photo.width, photo.height)
        except ManifestError as error:
            say(f"left out: {error}")
            continue
        if mask is None:
            continue
        small = Image.fromarray(mask).resize((place.width, place.height), Image.Resampling.NEAREST)
        canvas = Image.new("1", (geometry.width, geometry.height))
        canvas.paste(small, (place.left, place.top))
        layer[:] = np.asarray(canvas)
    return layers
