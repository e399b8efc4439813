"""Pictures to network inputs: one geometry, one letterbox, one resampling, one normalisation.

Encoder and reader, serving and lab go through these functions, so that a network sees in training, calibration and
measuring what it sees when it serves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streetshop.core.photo import Photo
from streetshop.core.records import GarmentPicture
from streetshop.models.spec import InputSpec, ReaderSpec

_WIDEST: Final = 3.0
"""Largest ratio of a reader input's sides. Beyond it the shorter side is too small for the network."""


class Place(NamedTuple):
    """Where a picture lies in the input of a network, in pixels of the input."""

    left: int
    top: int
    width: int
    height: int


def place_picture(width: int, height: int, geometry: InputSpec) -> Place:
    """Place a picture of ``width`` x ``height`` in an input, as ``geometry.fit`` says.

    ``stretch`` fills the input; ``letterbox`` keeps the ratio of the sides and centres the picture.
    """
    if geometry.fit == "stretch":
        return Place(0, 0, geometry.width, geometry.height)
    ratio = min(geometry.width / width, geometry.height / height)
    wide, high = max(round(width * ratio), 1), max(round(height * ratio), 1)
    return Place((geometry.width - wide) // 2, (geometry.height - high) // 2, wide, high)


def fit_image(
    image: Image.Image,
    place: Place,
    geometry: InputSpec,
    resampling: Image.Resampling,
    *,
    background: tuple[int, int, int] | int,
    reducing_gap: float | None = None,
) -> Image.Image:
    """Resize ``image`` to its place in an input of ``geometry`` and fill the rest with ``background``.

    Args:
        image: of any size and mode.
        place: from :func:`place_picture`.
        geometry: of the input.
        resampling: filter of Pillow.
        background: in the mode of the image.
        reducing_gap: as in ``Image.resize``: above 1, large pictures are reduced by whole factors first.
    """
    resized = image.resize((place.width, place.height), resampling, reducing_gap=reducing_gap)
    if resized.size == (geometry.width, geometry.height):
        return resized
    canvas = Image.new(image.mode, (geometry.width, geometry.height), background)
    canvas.paste(resized, (place.left, place.top))
    return canvas


def network_input(pixels: Sequence[NDArray[np.uint8]], geometry: InputSpec) -> NDArray[np.float32]:
    """Stack and normalise pictures: ``(pixel - mean) / std`` per channel, the mask channel divided by 255.

    Args:
        pixels: (height, width, channels) uint8 each, all of one shape.
        geometry: of the input.

    Returns:
        (n, channels, height, width) float32.
    """
    mean, std = list(geometry.mean), list(geometry.std)
    if geometry.mask_channel:
        mean, std = [*mean, 0.0], [*std, 255.0]
    height, width, channels = pixels[0].shape
    tensor = np.empty((len(pixels), channels, height, width), np.float32)
    for place, picture in zip(tensor, pixels, strict=True):
        place[:] = picture.transpose(2, 0, 1)
    for channel in range(channels):
        tensor[:, channel] *= np.float32(1 / std[channel])
        tensor[:, channel] -= np.float32(mean[channel] / std[channel])
    return tensor


# --- encoder ------------------------------------------------------------------------------------------------------


def fit_picture(picture: GarmentPicture, geometry: InputSpec) -> NDArray[np.uint8]:
    """Fit a garment picture to an encoder's input.

    Returns:
        (height, width, 3) uint8, or (height, width, 4) with the mask where the encoder takes one.
    """
    height, width = picture.pixels.shape[:2]
    place = place_picture(width, height, geometry)
    image = Image.fromarray(picture.pixels)
    canvas = fit_image(image, place, geometry, Image.Resampling.BICUBIC, background=geometry.background)
    pixels = np.asarray(canvas)
    if geometry.mask_channel:
        layer = fit_image(mask_image(picture), place, geometry, Image.Resampling.BILINEAR, background=0)
        pixels = np.concatenate([pixels, np.asarray(layer)[..., None]], axis=2)
    return pixels


def mask_image(picture: GarmentPicture) -> Image.Image:
    """Return the mask of a garment picture as 8-bit grey, 255 everywhere where it has none."""
    if picture.mask is None:
        return Image.new("L", (picture.pixels.shape[1], picture.pixels.shape[0]), 255)
    return Image.fromarray((picture.mask * 255).round().astype(np.uint8))


# --- reader -------------------------------------------------------------------------------------------------------


def reader_geometry(width: int, height: int, spec: ReaderSpec) -> InputSpec:
    """Return the input geometry for a photo of ``width`` x ``height``; see ``ReaderSpec.side_step``."""
    if spec.side_step is None:
        return spec.input
    ratio = min(max(width / height, 1 / _WIDEST), _WIDEST)
    area = spec.input.width * spec.input.height
    sides = (math.sqrt(area * ratio), math.sqrt(area / ratio))
    wide, high = (max(round(side / spec.side_step), 1) * spec.side_step for side in sides)
    return spec.input.model_copy(update={"width": wide, "height": high, "fit": "stretch"})


def reader_input(photo: Photo, spec: ReaderSpec) -> tuple[NDArray[np.float32], Place]:
    """Bring a photo to a reader's input.

    Returns:
        (1, 3, h, w) float32, and where the photo lies in it.
    """
    return photo_input(photo, reader_geometry(photo.width, photo.height, spec))


def photo_input(photo: Photo, geometry: InputSpec) -> tuple[NDArray[np.float32], Place]:
    """Bring a photo to an input of ``geometry``; see :func:`reader_input`."""
    place = place_picture(photo.width, photo.height, geometry)
    image = fit_image(
        photo.image(),
        place,
        geometry,
        Image.Resampling.BILINEAR,
        background=geometry.background,
        reducing_gap=2.0,
    )
    return network_input([np.asarray(image)], geometry), place
