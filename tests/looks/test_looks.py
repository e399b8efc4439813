"""Looks, garment pictures and overlays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streetshop.core.geometry import COCO_KEYPOINTS, Box, Keypoint
from streetshop.core.photo import Photo, encode_jpeg
from streetshop.core.records import Garment, Look, Person
from streetshop.looks import PHOTO_SIDE, WholePhotoReader, boxed_garment, garment_picture, read_look, whole_photo
from streetshop.looks.overlay import draw_overlay, index_picture
from streetshop.models.spec import EncoderSpec
from tests.core.test_photo import gradient
from tests.models.tiny import tiny_encoder


@pytest.fixture
def photo() -> Photo:
    return Photo.from_array(np.asarray(gradient(90, 60)))


@pytest.fixture
def spec(tmp_path: Path) -> EncoderSpec:
    from streetshop.models.folder import read_spec

    found = read_spec(tiny_encoder(tmp_path))
    assert isinstance(found, EncoderSpec)
    return found


class FixedReader:
    """A reader that has read the photo before."""

    name = "fixed 1"
    classes = ("background", "dress", "bag")
    photo_side = PHOTO_SIDE

    def __init__(self, look: Look) -> None:
        self.look = look

    def read(self, photo: Photo) -> Look:
        return self.look

    def pixel_classes(self, photo: Photo) -> np.ndarray:
        classes = np.zeros((photo.height, photo.width), np.uint8)
        for number, garment in enumerate(self.look.garments, 1):
            classes[garment.box.slices()] = number
        return classes


def test_without_a_reader_the_whole_photo_is_one_garment(photo: Photo) -> None:
    look = read_look(photo, WholePhotoReader())
    assert look.reader is None
    assert len(look.garments) == 1
    assert look.garments[0].box.corners == (0, 0, 90, 60)
    assert look.garments[0].hotspot == (45, 30)


def test_a_reader_that_finds_nothing_leaves_something_to_search_with(photo: Photo) -> None:
    empty = Look(90, 60, (), reader="fixed 1", view="front")
    look = read_look(photo, FixedReader(empty))
    assert look.reader == "fixed 1"
    assert look.view == "front"
    assert look.garments == (whole_photo(photo),)
    dress = Garment("dress", 0.9, Box(10, 10, 30, 50), (20, 30))
    assert read_look(photo, FixedReader(Look(90, 60, (dress,), reader="fixed 1"))).garments == (dress,)


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


def test_index_picture_and_overlay(photo: Photo) -> None:
    square = np.ones((4, 4), bool)
    look = Look(
        90,
        60,
        (
            Garment("dress", 0.9, Box(10, 10, 50, 50), (30, 30), square),
            Garment("bag", 0.5, Box(40, 40, 60, 58), (50, 50)),
        ),
        persons=(Person(Box(5, 5, 70, 58), tuple(Keypoint(10 + 2 * i, 10 + 2 * i) for i in range(17))),),
        reader="fixed 1",
    )
    index = np.asarray(index_picture(photo, FixedReader(look)))
    assert index.shape == (60, 90)
    assert index[20, 20] == 1
    assert index[55, 55] == 2
    assert index[0, 0] == 0
    assert (np.asarray(index_picture(photo, WholePhotoReader())) == 1).all()
    overlay = draw_overlay(photo, look)
    assert overlay.size == (90, 60)
    assert (np.asarray(overlay) != photo.pixels).any()
    assert WholePhotoReader().classes == ("background", "garment")
    assert len(COCO_KEYPOINTS) == 17
