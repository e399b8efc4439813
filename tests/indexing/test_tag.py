"""What is seen in one picture, with an encoder whose vectors no head is made for."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from streetshop.core.errors import PhotoError
from streetshop.indexing.shots import ShotReader
from streetshop.indexing.tag import tag_picture
from streetshop.models import Encoder
from tests.indexing.test_batch import WholeGarment


@pytest.fixture
def red(tmp_path: Path) -> Path:
    Image.new("RGB", (100, 200), (190, 20, 30)).save(tmp_path / "red.png")
    return tmp_path / "red.png"


def test_kind_and_colours(encoder: Encoder, red: Path) -> None:
    found = tag_picture(ShotReader(encoder, WholeGarment()), red)
    assert found.to_dict() == {"kind": "top", "kind_probability": 0.9, "colours": {"red": 1.0}, "attributes": {}}


def test_nothing_is_seen_without_a_reader(encoder: Encoder, red: Path) -> None:
    nothing = {"kind": None, "kind_probability": None, "colours": {}, "attributes": {}}
    assert tag_picture(ShotReader(encoder), red).to_dict() == nothing


def test_a_picture_that_cannot_be_read(encoder: Encoder, tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_text("<html>404</html>")
    with pytest.raises(PhotoError, match=r"bad\.jpg"):
        tag_picture(ShotReader(encoder), tmp_path / "bad.jpg")
