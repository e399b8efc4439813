"""Packshots of single garments."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streetshop.core.photo import Photo
from streetshop.lab.data.garments import clothing_samples
from streetshop.lab.data.packshots import make_packshots, with_ground
from tests.lab.train.tasks.reader.trees import clothing

pytestmark = pytest.mark.lab


def test_packshots_are_made_once_of_what_can_be_read(tmp_path: Path) -> None:
    clothing(tmp_path / "clothing", tmp_path / "cutouts", count=6, scale=4)
    items = clothing_samples(tmp_path / "clothing", tmp_path / "cutouts")
    made = make_packshots(items, tmp_path / "packshots", threads=2)
    assert made
    assert all(item.mask for item in made.values())
    for path, item in made.items():
        assert path.stem == Path(item.image).stem
        photo = Photo.from_path(path)
        corners = photo.pixels[[0, 0, -1, -1], [0, -1, 0, -1]]
        assert corners.min() > 170, "a light ground"
    times = {path: path.stat().st_mtime_ns for path in made}
    again = make_packshots(items, tmp_path / "packshots")
    assert {path: path.stat().st_mtime_ns for path in again} == times


def test_ground_is_put_around_a_picture() -> None:
    photo = Photo.from_array(np.full((50, 20, 3), 9, np.uint8))
    found = with_ground(photo).pixels
    assert found.shape == (62, 32, 3)
    assert (found[6:-6, 6:-6] == 9).all()
    assert (found[:6] == 255).all()
    assert (found[:, -6:] == 255).all()
