"""Garments cut out of photos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streetshop.core.geometry import Box
from streetshop.core.photo import Photo, encode_jpeg
from streetshop.core.records import Garment
from streetshop.looks import boxed_garment, garment_picture
from streetshop.models.folder import read_spec
from streetshop.models.spec import EncoderSpec
from tests.core.test_photo import gradient
from tests.models.tiny import tiny_encoder


@pytest.fixture
def photo() -> Photo:
    return Photo.from_array(np.asarray(gradient(90, 60)))


@pytest.fixture
def spec(tmp_path: Path) -> EncoderSpec:
    found = read_spec(tiny_encoder(tmp_path))
    assert isinstance(found, EncoderSpec)
    return found


def test_crop_is_the_box_with_its_margin(photo: Photo, spec: EncoderSpec) -> None:
    picture = garment_picture(photo, boxed_garment(Box(20, 20, 40, 40)), spec)  # margin .05 of 20 pixels
    assert picture.mask is None
    assert (picture.pixels == photo.pixels[19:41, 19:41]).all()
    edge = garment_picture(photo, boxed_garment(Box(80, 50, 90, 60)), spec)
    assert edge.pixels.shape[:2] == (11, 11)


def test_boxes_are_in_the_frame_of_the_original(spec: EncoderSpec) -> None:
    big = gradient(900, 600)
    photo = Photo.from_bytes(encode_jpeg(big, 95), at_least=150)
    picture = garment_picture(photo, boxed_garment(Box(450, 300, 900, 600)), spec)
    whole = garment_picture(Photo.from_array(np.asarray(big)), boxed_garment(Box(450, 300, 900, 600)), spec)
    assert np.abs(picture.pixels.mean((0, 1)) - whole.pixels.mean((0, 1))).max() < 3


@pytest.mark.parametrize("cut", ["box", "mask", "soft"])
def test_cutting_out(photo: Photo, spec: EncoderSpec, cut: str) -> None:
    mask = np.zeros((10, 10), bool)
    mask[:, :5] = True
    garment = Garment("dress", 1.0, Box(20, 20, 40, 40), (25, 30), mask)
    chosen = spec.model_copy(update={"cut": cut, "margin": 0.0})
    picture = garment_picture(photo, garment, chosen)
    crop = photo.pixels[20:40, 20:40]
    assert picture.mask is not None
    assert picture.mask.shape == (20, 20)
    assert (picture.pixels[:, :8] == crop[:, :8]).all(), "the garment itself is untouched"
    assert picture.mask[:, :8].min() == 1
    far = picture.pixels[:, 14:]
    if cut == "box":
        assert (far == crop[:, 14:]).all()
    elif cut == "mask":
        assert (far == 255).all()
    else:
        assert far.mean() > crop[:, 14:].mean()
