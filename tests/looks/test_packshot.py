"""Articles before a plain ground."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from streetshop.core.photo import Photo
from streetshop.looks.packshot import article_on_plain_ground


def packshot(shape: tuple[int, int, int, int], *, ground: int = 250, colour: int = 225, size: tuple[int, int]) -> Photo:
    """A near-white bag with a hole in its handle, on a ground with a little noise."""
    image = Image.new("RGB", size, (ground,) * 3)
    draw = ImageDraw.Draw(image)
    x0, y0, x1, y1 = shape
    draw.rectangle((x0, y0, x1 - 1, y1 - 1), fill=(colour, colour, colour - 5))
    draw.ellipse((x0 + (x1 - x0) // 3, y0 + 10, x1 - (x1 - x0) // 3, y0 + 30), fill=(ground,) * 3)
    noise = np.random.default_rng(0).normal(0, 1.5, (size[1], size[0], 3))
    return Photo.from_array(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


@settings(max_examples=25, deadline=None)
@given(
    st.tuples(st.integers(20, 150), st.integers(20, 200)),
    st.tuples(st.integers(80, 220), st.integers(80, 280)),
    st.sampled_from([(400, 520), (600, 700)]),
)
def test_the_box_is_that_of_what_differs_and_the_mask_has_no_holes(corner, extent, size) -> None:
    shape = (*corner, corner[0] + extent[0], corner[1] + extent[1])
    box, mask = article_on_plain_ground(packshot(shape, size=size))
    step = max(size) / 224
    assert np.abs(np.subtract(box.corners, shape)).max() <= 1.5 * step
    assert mask.mean() > 0.97


def test_a_busy_border_or_an_empty_picture_is_no_packshot() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (200, 150, 3)).astype(np.uint8)
    assert article_on_plain_ground(Photo.from_array(noise)) is None
    assert article_on_plain_ground(Photo.from_array(np.full((200, 150, 3), 240, np.uint8))) is None
    halves = np.full((200, 150, 3), 240, np.uint8)
    halves[100:] = 30
    assert article_on_plain_ground(Photo.from_array(halves)) is None
