"""Tests of ``lab.data.sample``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streetshop.core.errors import ManifestError, PhotoError
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    """A picture of 40 x 60 with a mask of its middle."""
    mask = np.zeros((60, 40), np.uint8)
    mask[20:40, 10:30] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    Image.new("RGB", (40, 60), "red").save(tmp_path / "a.png")
    return Sample("a.png", "street", box=(10, 20, 30, 70), mask="mask.png", root=tmp_path)


def test_a_sample_loads_its_picture_box_and_mask(sample: Sample) -> None:
    photo = sample.load_photo()
    assert (photo.width, photo.height) == (40, 60)
    assert sample.load_box(40, 60).corners == (10, 20, 30, 60), "clipped"
    mask = sample.load_mask(40, 60)
    assert mask is not None
    assert mask.sum() == 400
    whole = replace(sample, box=None, mask=None)
    assert whole.load_mask(40, 60) is None
    assert whole.load_box(40, 60).corners == (0, 0, 40, 60)
    with pytest.raises(ManifestError, match="40 x 60 and the picture 41 x 60"):
        sample.load_mask(41, 60)
    with pytest.raises(PhotoError):
        replace(sample, image="b.png").load_photo()


def test_labels_are_text_and_unknown_ones_empty() -> None:
    sample = Sample("a", "shop", attributes={"kind": "polo", "colour": None, "n": 3, "tags": ["x"]})
    assert (sample.kind, sample.colour, sample.pattern) == ("polo", "", "")
    assert (sample.label("n"), sample.label("tags")) == ("3", '["x"]')


def test_keypoints_come_from_the_attributes() -> None:
    assert Sample("a", "shop").keypoints is None
    points = Sample("a", "shop", attributes={"keypoints": [[1, 2, 2]] * 17}).keypoints
    assert points is not None
    assert points.shape == (17, 3)


def test_root_and_source_follow_the_manifest_and_do_not_count(sample: Sample, tmp_path: Path) -> None:
    row = Manifest.from_rows([sample], tmp_path, name="set").row(0)
    assert (row.root, row.source) == (tmp_path.resolve(), "set")
    assert row == sample
    assert row.path.samefile(sample.path)
