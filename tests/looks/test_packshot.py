"""Articles before a plain ground."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from streetshop.core.geometry import Box
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


# Photos of 224 x 224, which are not reduced: the border is 4 wide, 3,520 pixels of 50,176.
SIDE, GROUND = 224, 200


def found(*parts: tuple[slice, slice, int]) -> tuple[Box, NDArray[np.bool_]] | None:
    pixels = np.full((SIDE, SIDE, 3), GROUND, np.uint8)
    for rows, columns, level in parts:
        pixels[rows, columns] = level
    return article_on_plain_ground(Photo.from_array(pixels))


MIDDLE = (slice(60, 160), slice(80, 140), 20)


def test_the_article_is_what_differs_by_more_than_twelve_levels() -> None:
    for level, box in ((GROUND - 12, Box(80, 60, 140, 160)), (GROUND - 13, Box(80, 60, 160, 160))):
        article = found(MIDDLE, (slice(60, 160), slice(140, 160), level))
        assert article is not None
        assert article[0] == box
        assert article[1].all()


def test_85_percent_of_the_border_have_one_colour() -> None:
    # The article covers a piece of the upper border: 4 x 132 of 3,520 are 15 %.
    assert found((slice(0, 100), slice(40, 172), 20)) is not None
    assert found((slice(0, 100), slice(40, 173), 20)) is None


def test_the_border_differs_by_at_most_ten_levels() -> None:
    for level, plain in ((GROUND - 10, True), (GROUND - 11, False)):
        assert (found(MIDDLE, (slice(0, 4), slice(0, SIDE), level)) is not None) is plain


def test_an_article_has_half_a_percent_to_95_percent_of_the_picture() -> None:
    assert found((slice(100, 110), slice(100, 125), 20)) is None  # 250 of 50,176
    assert found((slice(100, 110), slice(100, 126), 20)) is not None  # 260
    # 224 x 120, with a border 2 wide: 25,520 of 26,880, and 16 or 18 pixels of the border.
    for columns, fits in ((8, True), (9, False)):
        pixels = np.full((120, SIDE, 3), GROUND, np.uint8)
        pixels[2:-2, 2:-2] = pixels[:2, 50 : 50 + columns] = 20
        assert (article_on_plain_ground(Photo.from_array(pixels)) is not None) is fits


def test_parts_below_a_fiftieth_of_the_largest_are_dropped() -> None:
    # The article has 6,000 pixels.
    assert found(MIDDLE, (slice(190, 200), slice(20, 31), 20))[0] == Box(80, 60, 140, 160)  # 110
    assert found(MIDDLE, (slice(190, 200), slice(20, 32), 20))[0] == Box(20, 60, 140, 200)  # 120


def test_boxes_are_in_pixels_of_the_photo() -> None:
    pixels = np.full((896, 448, 3), GROUND, np.uint8)
    pixels[80:400, 40:360] = 20
    box, mask = article_on_plain_ground(Photo.from_array(pixels))
    assert box == Box(40, 80, 360, 400)
    assert mask.shape == (80, 80)
