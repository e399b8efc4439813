"""Pictures of single articles."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from streetshop.core.errors import DatasetError
from streetshop.lab.data.articles import Example, Pictures
from streetshop.lab.data.sets.ccp import photo_split
from streetshop.lab.data.sets.clothing import sender_split
from tests.lab.train.tasks.reader.trees import ccp, clothing

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    root = tmp_path_factory.mktemp("articles")
    return Pictures(
        ccp(root / "ccp", scale=4), clothing(root / "clothing", root / "cut", count=60, scale=4), root / "cut"
    )


def test_examples_are_split_by_sender_and_photo(pictures: Pictures) -> None:
    for split in ("train", "val", "test"):
        found = pictures.examples(split)
        assert {e.category for e in found if e.kind != "worn"} <= {"top", "footwear"}, "Not sure is left out"
        assert all((photo_split if e.kind == "worn" else sender_split)(e.sender) == split for e in found)
        assert not any(e.name == "missing" for e in found)
    kinds = [e.kind for e in pictures.examples("train")]
    assert kinds.count("photo") == kinds.count("cutout") > 10 < kinds.count("worn")


def test_a_cut_out_stands_on_white_with_its_margin(pictures: Pictures) -> None:
    photo = pictures.load(Example("cutout", "0", "top", "0"))
    assert photo is not None
    white = (photo.pixels > 240).all(axis=2)
    rows, columns = np.nonzero(~white.all(axis=1))[0], np.nonzero(~white.all(axis=0))[0]
    assert (rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1) == (120, 96)
    margins = rows[0], photo.pixels.shape[0] - 1 - rows[-1], columns[0], photo.pixels.shape[1] - 1 - columns[-1]
    assert len(set(margins)) == 1
    assert 3 <= margins[0] <= 30
    again = pictures.load(Example("cutout", "0", "top", "0"))
    assert again is not None
    assert np.array_equal(photo.pixels, again.pixels)


def test_what_does_not_decode_or_is_hardly_cut_out_is_passed_over(pictures: Pictures, tmp_path: Path) -> None:
    broken = shutil.copytree(pictures.clothing, tmp_path / "clothing")
    (broken / "images" / "0.jpg").write_bytes(b"no picture")
    other = Pictures(pictures.ccp, broken, pictures.cutouts)
    assert other.load(Example("photo", "0", "top", "0")) is None
    assert pictures.load(Example("worn", "0001", "scarf", "0001")) is None


def test_no_pictures_is_said(pictures: Pictures, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be read"):
        Pictures(pictures.ccp, tmp_path, pictures.cutouts).examples("train")
