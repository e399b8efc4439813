"""Training views of a garment as an encoder meets it in use: whole pictures, inexact boxes and masks."""

from __future__ import annotations

import io
import math
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy import ndimage

from streetshop.core.geometry import Box, Mask, box_of_mask
from streetshop.core.photo import Photo
from streetshop.core.records import Garment, GarmentPicture
from streetshop.lab.data import garment_pixels as px
from streetshop.lab.data.sample import Sample
from streetshop.looks.picture import garment_picture
from streetshop.models.spec import EncoderSpec

Form = Literal["whole", "lit", "box", "mask", "cloth", "packshot", "cutout"]
"""``whole``: the whole picture. ``lit``: the same rotated, cropped, relit and compressed. ``box``: the garment's box.
``mask``: the box and an imperfect mask. ``cloth``: a close-up of the fabric in another hue, with its mask.
``packshot``: the garment alone on a near-white ground. ``cutout``: the box of a packshot, and an imperfect mask."""

_RASTER: Final = 64
"""Side of the raster on which masks are degraded: about the resolution of a reader's masks."""


def draw_view(item: Sample, form: Form, spec: EncoderSpec, rng: np.random.Generator, *, jitter: bool) -> GarmentPicture:
    """Draw one view of a sample.

    Args:
        item: the garment.
        form: which view.
        spec: of the encoder, for cutting out.
        rng: random generator.
        jitter: move the box as much as a reader errs.

    Raises:
        StreetshopError: the picture or its mask cannot be read.
    """
    photo = Photo.from_path(item.root / item.image)
    if form in ("whole", "lit"):
        pixels = photo.pixels if form == "whole" else retaken(photo.pixels, rng)
        return GarmentPicture(pixels)
    mask = item.load_mask(photo.width, photo.height)
    box = item.load_box(photo.width, photo.height) if mask is None else box_of_mask(mask)
    if jitter:
        box = _shaken(box, rng).clip(photo.width, photo.height)
    if form == "box" or mask is None:
        return garment_picture(photo, Garment("garment", 1.0, box, box.center), spec)
    if form == "cloth":
        return _close_up(photo, mask, rng)
    if form in ("packshot", "cutout"):
        photo, mask = on_plain_ground(photo, mask, rng)
        box = box_of_mask(mask)
        if form == "packshot":
            return GarmentPicture(photo.pixels)
    raster = spoilt(mask[box.slices()], rng)
    return garment_picture(photo, Garment("garment", 1.0, box, box.center, raster), spec)


def on_plain_ground(photo: Photo, mask: Mask, rng: np.random.Generator) -> tuple[Photo, Mask]:
    """The garment alone in the middle of a near-white frame, and its mask there."""
    # Without the rim, whose pixels are half background.
    inner = ndimage.binary_erosion(mask)
    kept = inner if inner.any() else mask
    place = box_of_mask(kept).slices()
    pixels, cover = photo.pixels[place], kept[place]
    height, width = cover.shape
    upright = float(rng.choice([1.0, 1.25, 1.33, 1.5]))
    wide = math.ceil(max(width, height / upright) / rng.uniform(0.7, 0.95))
    high = max(math.ceil(wide * upright), height)
    top, left = (high - height) // 2, (wide - width) // 2
    around = ((top, high - height - top), (left, wide - width - left))
    soft = ndimage.gaussian_filter(np.pad(cover.astype(np.float32), around), 0.7)
    spread = np.pad(np.divide(pixels, 255, dtype=np.float32), (*around, (0, 0)), mode="edge")
    shown = px.on_white(spread, soft, rng)
    return Photo.from_array((np.clip(shown, 0, 1) * 255 + 0.5).astype(np.uint8)), np.pad(cover, around)


def spoilt(mask: Mask, rng: np.random.Generator) -> Mask:
    """(64, 64) mask with the errors of a reader: grown or shrunk, wavy along the rim, sometimes with a hole."""
    soft = Image.fromarray(mask.astype(np.uint8) * 255).resize((_RASTER, _RASTER), Image.Resampling.BOX)
    size = int(rng.choice([0, 0, 3, 5]))
    if size:
        soft = soft.filter(ImageFilter.MaxFilter(size) if rng.random() < 0.5 else ImageFilter.MinFilter(size))
    values = np.asarray(soft.filter(ImageFilter.GaussianBlur(1.5)), np.float32) / 255
    waves = Image.fromarray(rng.standard_normal((9, 9)).astype(np.float32)).resize((_RASTER, _RASTER))
    found = values + 0.18 * np.asarray(waves) > 0.5
    if rng.random() < 0.3:
        y, x = np.mgrid[:_RASTER, :_RASTER]
        centre, reach = rng.uniform(8, _RASTER - 8, 2), rng.uniform(3, 12, 2)
        found &= ((y - centre[0]) / reach[0]) ** 2 + ((x - centre[1]) / reach[1]) ** 2 > 1
    return found if found.sum() > 40 else values > values.max() / 2


def retaken(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """The picture as a second photo of the scene: slightly rotated, cropped, mirrored, relit, compressed."""
    image = Image.fromarray(pixels)
    image.thumbnail((320, 320))
    ground = tuple(int(v) for v in np.median(np.asarray(image)[:4].reshape(-1, 3), axis=0))
    image = image.rotate(float(rng.normal(0, 7)), Image.Resampling.BILINEAR, fillcolor=ground)
    width, height = image.size
    x0, x1, y0, y1 = rng.uniform(0, 0.12, 4)
    image = image.crop((int(x0 * width), int(y0 * height), int((1 - x1) * width), int((1 - y1) * height)))
    if rng.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    lit = px.relight(np.divide(np.asarray(image), 255, dtype=np.float32), rng)
    return compressed((lit * 255 + 0.5).astype(np.uint8), int(rng.integers(30, 90)))


def compressed(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """The pixels after JPEG compression."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"))


def _close_up(photo: Photo, mask: Mask, rng: np.random.Generator) -> GarmentPicture:
    """A crop of 35 to 70 % of the garment's box in another hue and light, which leaves the pattern."""
    box = box_of_mask(mask)
    rows, columns = np.nonzero(mask)
    i = int(rng.integers(len(rows)))
    share = rng.uniform(0.35, 0.7)
    side = share * math.sqrt(box.area) / 2
    x, y = float(columns[i]), float(rows[i])
    piece = Box(x - side, y - side, x + side, y + side).clip(photo.width, photo.height)
    image = Image.fromarray(photo.pixels[piece.slices()])
    hue = np.asarray(image.convert("HSV")).copy()
    hue[..., 0] += np.uint8(rng.integers(0, 256))
    turned = np.divide(np.asarray(Image.fromarray(hue, "HSV").convert("RGB")), 255, dtype=np.float32)
    lit = px.relight(turned, rng)
    cover = mask[piece.slices()].astype(np.float32)
    return GarmentPicture((lit * 255 + 0.5).astype(np.uint8), cover)


def _shaken(box: Box, rng: np.random.Generator) -> Box:
    dx, dy = box.width * 0.05, box.height * 0.05
    return Box(
        box.x0 + rng.normal(0, dx), box.y0 + rng.normal(0, dy), box.x1 + rng.normal(0, dx), box.y1 + rng.normal(0, dy)
    )
