"""Cut one garment out of a photo, the way its encoder wants it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from streetshop.core.geometry import Box
from streetshop.core.photo import Photo
from streetshop.core.records import Garment, GarmentPicture
from streetshop.models.spec import EncoderSpec


def garment_picture(photo: Photo, garment: Garment, spec: EncoderSpec) -> GarmentPicture:
    """The garment's box grown by ``spec.margin``, cut from ``photo`` and clipped to it.

    Without a mask the picture is the crop, whatever ``spec.cut`` says. With one, ``mask`` paints what is not garment
    with the encoder's background and ``soft`` fades it, which forgives a mask that is a little off.
    """
    grown = garment.box.expand(spec.margin).clip(photo.width, photo.height).scale(*photo.scale)
    rows, columns = grown.slices()
    pixels = photo.pixels[rows, columns]
    if garment.mask is None:
        return GarmentPicture(pixels)
    crop = Box(float(columns.start), float(rows.start), float(columns.stop), float(rows.stop))
    mask = _mask_in_crop(garment, crop, pixels.shape[:2], photo.scale)
    if spec.cut == "box":
        return GarmentPicture(pixels, mask)
    if spec.cut == "soft":
        radius = 0.03 * max(pixels.shape[:2])
        blurred = Image.fromarray((mask * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(radius))
        # Twice the blur, clipped: the garment itself stays whole and only its surroundings fade.
        mask = np.clip(np.asarray(blurred, np.float32) / 127.5, 0, 1)
    ground = np.asarray(spec.input.background, np.float32)
    mixed = pixels * mask[..., None] + ground * (1 - mask[..., None])
    return GarmentPicture(mixed.round().astype(np.uint8), mask)


def _mask_in_crop(
    garment: Garment, crop: Box, shape: tuple[int, int], scale: tuple[float, float]
) -> NDArray[np.float32]:
    """The garment's mask resampled to the pixels of the crop, 0 outside its box."""
    raster = np.asarray(garment.mask, np.uint8) * 255
    box = garment.box.scale(*scale)
    left, top = round(box.x0 - crop.x0), round(box.y0 - crop.y0)
    size = (max(round(box.width), 1), max(round(box.height), 1))
    canvas = Image.new("L", (shape[1], shape[0]), 0)
    canvas.paste(Image.fromarray(raster).resize(size, Image.Resampling.BILINEAR), (left, top))
    return np.asarray(canvas).astype(np.float32) / np.float32(255)
