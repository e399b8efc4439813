"""Looks drawn over their photos, and class maps as pictures."""

from __future__ import annotations

import numpy as np
import pytest

from streetshop.core.geometry import COCO_KEYPOINTS, Box, Keypoint
from streetshop.core.photo import Photo
from streetshop.core.records import Garment, Look, Person
from streetshop.looks import WholePhotoReader
from streetshop.looks.overlay import draw_overlay, index_picture
from tests.core.test_photo import gradient
from tests.looks.fixed import FixedReader


@pytest.fixture
def photo() -> Photo:
    return Photo.from_array(np.asarray(gradient(90, 60)))


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
