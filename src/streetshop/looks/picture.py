"""The picture of one garment, cut from a photo as an encoder takes it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from streetshop.core.geometry import Box
from streetshop.core.photo import Photo
from streetshop.core.records import Garment, GarmentPicture
from streetshop.models.spec import EncoderSpec


def garment_picture(photo: Photo, garment: Garment, spec: EncoderSpec) -> GarmentPicture:
    """Cut the garment's box, grown by ``spec.margin`` and clipped to the photo.

    With a mask, ``spec.cut`` says what becomes of the pixels that are not garment: ``box`` keeps them, ``mask`` paints
    them with the background of the encoder, ``soft`` fades them, which tolerates masks that are slightly wrong.
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
        # Doubled and clipped, so that the garment itself does not fade.
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
