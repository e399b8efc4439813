"""Pillow images of any mode to 8-bit RGB."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import Final

from PIL import Image, ImageCms

from streetshop.core.errors import PhotoDamaged

_STRIP_PIXELS: Final = 2**20
"""Pixels that are converted at a time. The conversions of transparency and colour take five times their memory."""

_ALPHA: Final = frozenset({"RGBA", "LA", "PA", "RGBa", "La"})
_FULL_SCALES: Final = (255, 2**16 - 1, 2**31 - 1)


def reduced_rgb(image: Image.Image, factor: int = 1) -> Image.Image:
    """RGB, each side divided by ``factor`` and rounded up.

    Transparency is laid on white, wide-gamut and CMYK colours are converted to sRGB, deep grey is scaled to 8 bits.
    """
    convert = _converter(image)
    width, height = image.size
    rows = max(_STRIP_PIXELS // width // factor, 1) * factor
    if rows >= height:
        return _reduced(convert(image), factor)
    result = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    for top in range(0, height, rows):
        strip = image.crop((0, top, width, min(top + rows, height)))
        result.paste(_reduced(convert(strip), factor), (0, top // factor))
    return result


def _reduced(image: Image.Image, factor: int) -> Image.Image:
    return image.reduce(factor) if factor > 1 else image


def _converter(image: Image.Image) -> Callable[[Image.Image], Image.Image]:
    """The conversion of strips of an image."""
    if image.mode == "I;16":
        return _high_bytes
    if image.mode[0] == "I" or image.mode == "F":
        scale = _grey_scale(image)
        return lambda strip: _scaled_grey(strip, scale)
    opaque = _on_white if image.mode in _ALPHA or "transparency" in image.info else None
    if opaque is None and image.mode in ("P", "LAB", "HSV", "YCbCr"):
        opaque = _plain if image.mode != "LAB" else _from_lab
    mode = "RGB" if opaque else image.mode
    profile = image.info.get("icc_profile")
    to_srgb = _to_srgb(profile, mode) if profile and mode in ("RGB", "CMYK") and image.mode != "LAB" else None

    def convert(strip: Image.Image) -> Image.Image:
        flat = opaque(strip) if opaque else strip
        if to_srgb is not None:
            try:
                return to_srgb.apply(flat)
            except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
                pass  # a profile for other colours than the picture has
        return flat.convert("RGB")

    return convert


def _on_white(image: Image.Image) -> Image.Image:
    rgba = image.convert("RGBA")
    ground = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
    return Image.alpha_composite(ground, rgba).convert("RGB")


def _plain(image: Image.Image) -> Image.Image:
    return image.convert("RGB")


def _from_lab(image: Image.Image) -> Image.Image:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(lab, srgb, "LAB", "RGB").apply(image)


def _to_srgb(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """The transform of an ICC profile; None when it is sRGB already or unusable."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if mode == "RGB" and "srgb" in ImageCms.getProfileDescription(source).lower():
            return None
        return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _high_bytes(image: Image.Image) -> Image.Image:
    """16-bit grey without its lower byte."""
    return Image.frombytes("L", image.size, image.tobytes("raw", "I;16")[1::2]).convert("RGB")


def _grey_scale(image: Image.Image) -> float:
    """The factor to 8 bits. 32-bit modes do not say what white is: the least usual value that none exceeds."""
    if image.mode.startswith("I;16"):
        return 255 / 65535
    _, largest = image.getextrema()
    if not isinstance(largest, int | float) or not math.isfinite(largest):
        raise PhotoDamaged("it holds values that are no numbers", hint="Give values from 0 to 255")
    scales = (1, *_FULL_SCALES) if image.mode == "F" else _FULL_SCALES
    return 255 / next((scale for scale in scales if largest <= scale), largest)


def _scaled_grey(image: Image.Image, scale: float) -> Image.Image:
    wide = image if image.mode == "F" else image.convert("I").convert("F")
    return wide.point(lambda value: value * scale).convert("L").convert("RGB")
