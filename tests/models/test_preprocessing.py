"""Network inputs, against naive versions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from streetshop.core.photo import Photo
from streetshop.core.records import GarmentPicture
from streetshop.models.preprocessing import (
    Place,
    fit_image,
    fit_picture,
    mask_image,
    network_input,
    place_picture,
    reader_geometry,
    reader_input,
)
from streetshop.models.spec import InputSpec, ReaderSpec

sides = st.integers(1, 3000)


def noise(height: int, width: int, channels: int = 3, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)


def naive_resize(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.float64]:
    """Antialiased bilinear: each new pixel is the mean of the old ones under a triangle as wide as the reduction."""

    def weights(old: int, new: int) -> NDArray[np.float64]:
        scale = old / new
        reach = max(scale, 1.0)
        table = np.zeros((new, old))
        for i in range(new):
            for j in range(old):
                table[i, j] = max(1 - abs((j + 0.5) - (i + 0.5) * scale) / reach, 0)
        return table / table.sum(axis=1, keepdims=True)

    across = np.einsum("xj,yjc->yxc", weights(pixels.shape[1], width), pixels.astype(np.float64))
    return np.einsum("yi,ixc->yxc", weights(pixels.shape[0], height), across)


def reader_spec(*, step: int | None = 8, fit: str = "stretch") -> ReaderSpec:
    return ReaderSpec(
        name="r",
        version="1",
        input=InputSpec(width=64, height=96, fit=fit, background=(9, 8, 7)),
        side_step=step,
        classes=("background", "top"),
        garments=("top",),
        files={"model.onnx": ""},
    )


@given(width=sides, height=sides, wide=st.integers(16, 400), high=st.integers(16, 400))
def test_a_letterbox_touches_two_edges_keeps_the_ratio_and_is_centred(
    width: int, height: int, wide: int, high: int
) -> None:
    place = place_picture(width, height, InputSpec(width=wide, height=high))
    assert place.width == wide or place.height == high
    assert 1 <= place.width <= wide
    assert 1 <= place.height <= high
    ratio = min(wide / width, high / height)
    assert abs(place.width - max(width * ratio, 1)) <= 0.5
    assert abs(place.height - max(height * ratio, 1)) <= 0.5
    assert wide - place.width - 2 * place.left in (0, 1)
    assert high - place.height - 2 * place.top in (0, 1)
    assert place_picture(width, height, InputSpec(width=wide, height=high, fit="stretch")) == (0, 0, wide, high)


@pytest.mark.parametrize("size", [(40, 60), (60, 40), (30, 30), (23, 17)])
@pytest.mark.parametrize("fit", ["letterbox", "stretch"])
def test_an_image_is_resampled_into_its_place_on_the_background(size: tuple[int, int], fit: str) -> None:
    pixels, geometry = noise(size[1], size[0]), InputSpec(width=24, height=32, fit=fit)
    place = place_picture(*size, geometry)
    found = np.asarray(
        fit_image(Image.fromarray(pixels), place, geometry, Image.Resampling.BILINEAR, background=(1, 2, 3))
    ).astype(float)
    expected = np.full((32, 24, 3), (1.0, 2.0, 3.0))
    rows, columns = slice(place.top, place.top + place.height), slice(place.left, place.left + place.width)
    expected[rows, columns] = naive_resize(pixels, place.width, place.height)
    assert np.abs(found - expected).max() <= 1.0, "Pillow rounds each pass to whole levels"


@settings(max_examples=30)
@given(mean=st.tuples(*[st.floats(0, 255)] * 3), std=st.tuples(*[st.floats(1, 255)] * 3), masked=st.booleans())
def test_channels_are_centred_and_scaled(
    mean: tuple[float, float, float], std: tuple[float, float, float], masked: bool
) -> None:
    geometry = InputSpec(width=16, height=16, mean=mean, std=std, mask_channel=masked)
    pictures = [noise(5, 4, 3 + masked, seed) for seed in range(3)]
    found = network_input(pictures, geometry)
    assert (found.shape, found.dtype) == ((3, 3 + masked, 5, 4), np.float32)
    for picture, tensor in zip(pictures, found, strict=True):
        for channel in range(3):
            expected = (picture[..., channel].astype(np.float64) - mean[channel]) / std[channel]
            np.testing.assert_allclose(tensor[channel], expected, atol=1e-6 * 512 / std[channel] + 1e-6)
        if masked:
            np.testing.assert_allclose(tensor[3], picture[..., 3] / 255, atol=1e-6)


def test_the_shipped_scaling_is_exact() -> None:
    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    (found,) = network_input([pixels], InputSpec(width=16, height=16))
    assert (found == (pixels.transpose(2, 0, 1).astype(np.float64) - 127) / 128).all()


def test_a_garment_picture_and_its_mask_share_their_place() -> None:
    geometry = InputSpec(width=32, height=32, mask_channel=True)
    mask = np.zeros((40, 20), np.float32)
    mask[:, :10] = 1
    white = np.full((40, 20, 3), 200, np.uint8)
    found = fit_picture(GarmentPicture(white, mask), geometry)
    assert found.shape == (32, 32, 4)
    assert (found[:, 8:24, :3] == 200).all(), "16 x 32 in the middle"
    assert (found[:, :8, :3] == 255).all()
    assert (found[:, 8:15, 3] == 255).all()
    assert (found[:, 17:, 3] == 0).all()
    without = fit_picture(GarmentPicture(white), geometry)
    assert (without[..., 3] == np.where(found[..., 0] == 200, 255, 0)).all(), "without a mask all of it is garment"
    plain = fit_picture(GarmentPicture(white, mask), geometry.model_copy(update={"mask_channel": False}))
    assert (plain == found[..., :3]).all()


@pytest.mark.parametrize("size", [(40, 20), (20, 40), (7, 31), (32, 32)])
@pytest.mark.parametrize("masked", [True, False])
def test_the_margins_of_a_letterbox_are_no_garment(size: tuple[int, int], masked: bool) -> None:
    geometry = InputSpec(width=32, height=32, mask_channel=True, background=(9, 8, 7))
    picture = GarmentPicture(np.full((*size, 3), 200, np.uint8), np.ones(size, np.float32) if masked else None)
    place = place_picture(size[1], size[0], geometry)
    expected = np.zeros((32, 32), np.uint8)
    expected[place.top : place.top + place.height, place.left : place.left + place.width] = 255
    found = fit_picture(picture, geometry)
    assert (found[..., 3] == expected).all()
    assert (found[expected == 0][:, :3] == (9, 8, 7)).all()


def test_a_mask_is_rounded_to_bytes() -> None:
    mask = np.asarray([[0, 0.001, 0.5, 1]], np.float32)
    picture = GarmentPicture(noise(1, 4), mask)
    assert np.asarray(mask_image(picture)).tolist() == [[0, 0, 128, 255]]
    assert np.asarray(mask_image(GarmentPicture(noise(1, 4)))).tolist() == [[255] * 4]


def test_the_input_of_a_reader_keeps_the_ratio_of_the_sides() -> None:
    spec = reader_spec()

    def size(width: int, height: int) -> tuple[int, int]:
        found = reader_geometry(width, height, spec)
        return found.width, found.height

    assert size(400, 600) == (64, 96)
    assert size(600, 400) == (96, 64)
    assert size(500, 500) == (80, 80)
    width, height = size(10_000, 16)
    assert width <= 3.2 * height
    assert width % 8 == height % 8 == 0
    assert reader_geometry(600, 400, reader_spec(step=None)) == spec.input


@given(width=sides, height=sides, step=st.sampled_from([1, 8, 32]))
def test_the_input_of_a_reader_has_about_the_same_area(width: int, height: int, step: int) -> None:
    found = reader_geometry(width, height, reader_spec(step=step))
    ratio = min(max(width / height, 1 / 3), 3)
    for side, ideal in ((found.width, math.sqrt(64 * 96 * ratio)), (found.height, math.sqrt(64 * 96 / ratio))):
        assert side % step == 0
        assert abs(side - ideal) <= step / 2 or side == step


@pytest.mark.parametrize(("step", "fit", "expected"), [
    (8, "stretch", (0, 0, 96, 64)),
    (8, "letterbox", (0, 0, 96, 64)),
    (None, "stretch", (0, 0, 64, 96)),
    (None, "letterbox", (0, 26, 64, 43)),
])  # fmt: skip
def test_a_photo_in_the_input_of_a_reader(step: int | None, fit: str, expected: tuple[int, ...]) -> None:
    photo = Photo.from_array(np.full((200, 300, 3), 255, np.uint8))
    tensor, place = reader_input(photo, reader_spec(step=step, fit=fit))
    assert place == Place(*expected)
    left, top, width, height = place
    inside = tensor[0, :, top : top + height, left : left + width]
    assert (inside == 1).all()
    assert (tensor.min() < 0) == (inside.size < tensor.size), "the rest is the background"
