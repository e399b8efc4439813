"""Any mode of Pillow to RGB: in strips as whole, deep grey by its range."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageCms

from streetshop.core.errors import PhotoDamaged
from streetshop.core.photo import Photo
from streetshop.core.pictures.rgb import reduced_rgb
from tests.core.pictures.hostile import noise

RAMP = np.linspace(0, 1, 64 * 48).reshape(48, 64)


@pytest.mark.parametrize(
    "image",
    [
        Image.fromarray((RAMP * 255).astype(np.int32)),
        Image.fromarray((RAMP * 65535).astype(np.int32)),
        Image.fromarray((RAMP * 65535).astype(np.uint16)),
        Image.fromarray((RAMP * 65535).astype(">u2")),
        Image.fromarray((RAMP * (2**31 - 1)).astype(np.int32)),
        Image.fromarray(RAMP.astype(np.float32)),
        Image.fromarray((RAMP * 255).astype(np.float32)),
        Image.fromarray((RAMP * 65535).astype(np.float32)),
    ],
    ids=["I 8", "I 16", "I;16", "I;16B", "I 32", "F 1", "F 255", "F 65535"],
)
def test_deep_grey_is_scaled_by_its_range(image: Image.Image) -> None:
    rgb = np.asarray(reduced_rgb(image)).astype(float)
    assert np.abs(rgb - 255 * RAMP[:, :, None]).max() <= 1.01
    assert Photo.from_image(image).pixels.max() >= 254


def test_values_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(PhotoDamaged, match="no numbers"):
        Photo.from_image(Image.fromarray(np.full((32, 32), np.inf, np.float32)))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "L", "P", "CMYK", "1", "I;16"])
@pytest.mark.parametrize("factor", [1, 2, 7])
def test_strips_change_no_pixel(mode: str, factor: int) -> None:
    """A picture of several strips is what its conversion as a whole would be."""
    picture = noise(1500, 1501)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257)
    else:
        image = picture.convert(mode)
    if mode in ("RGBA", "LA"):
        image.putalpha(noise(1500, 1501, "L"))
    if mode == "RGB":
        image.info["icc_profile"] = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    found = reduced_rgb(image, factor)
    top = reduced_rgb(image.crop((0, 0, 1500, 210)), factor)  # one strip
    bottom = reduced_rgb(image.crop((0, 1260, 1500, 1501)), factor)
    assert found.size == (-(-1500 // factor), -(-1501 // factor))
    assert np.array_equal(np.asarray(found)[: 210 // factor], np.asarray(top)[: 210 // factor])
    assert np.array_equal(np.asarray(found)[1260 // factor :], np.asarray(bottom))
