"""The output folder: its settings, what is finished in it, and clear errors."""

import errno
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streetshop.core.errors import StudioError
from streetshop.studio.files import MARKER, claim, finished, keep, read_truth, truth_path, writable, write
from streetshop.studio.framing import Picture
from streetshop.studio.truth import PictureTruth, to_json

SETTINGS = {"seed": 5, "products": 8}
IMAGE = "images/shop/a.jpg"


def picture():
    truth = PictureTruth(IMAGE, 24, 16, "shop", "packshot", None, False, "a")
    return Picture(np.full((16, 24, 3), 200, np.uint8), truth, 90)


def test_a_claimed_folder_can_be_claimed_again_with_the_same_settings(tmp_path):
    for _ in range(2):
        claim(tmp_path / "out", SETTINGS)
    assert (tmp_path / "out" / "images" / "street").is_dir()


def test_other_settings_are_refused_and_named(tmp_path):
    claim(tmp_path, SETTINGS)
    with pytest.raises(StudioError, match=r"other settings \(seed 5\)"):
        claim(tmp_path, {**SETTINGS, "seed": 6})


def test_a_corrupt_marker_is_refused(tmp_path):
    claim(tmp_path, SETTINGS)
    for content in ("{", "[]"):
        (tmp_path / MARKER).write_text(content)
        with pytest.raises(StudioError, match="corrupt"):
            claim(tmp_path, SETTINGS)


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(StudioError, match="holds other files"):
        claim(tmp_path, SETTINGS)
    with pytest.raises(StudioError, match="a file, not a folder"):
        claim(tmp_path / "thesis.txt", SETTINGS)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_picture_is_finished_when_its_truth_is_written(tmp_path):
    claim(tmp_path, SETTINGS)
    assert not finished(tmp_path, IMAGE)
    keep(tmp_path, picture())
    assert finished(tmp_path, IMAGE)
    assert to_json(read_truth(tmp_path, IMAGE)) == to_json(picture().truth)
    with Image.open(tmp_path / IMAGE) as image:
        assert image.size == (24, 16)
    truth_path(tmp_path, IMAGE).unlink()
    assert not finished(tmp_path, IMAGE)


@pytest.mark.parametrize("content", ["{", "{}", '{"garments": 3, "persons": []}'])
def test_a_corrupt_truth_file_is_named(tmp_path, content):
    claim(tmp_path, SETTINGS)
    truth_path(tmp_path, IMAGE).write_text(content)
    with pytest.raises(StudioError, match=r"a\.json.*Delete it"):
        read_truth(tmp_path, IMAGE)


def test_what_cannot_be_written_is_one_clear_error_and_leaves_no_part(tmp_path, monkeypatch):
    with pytest.raises(StudioError, match="cannot be written"):
        write(tmp_path / "missing" / "file", b"x")
    write(tmp_path / "file", b"old")

    def full(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StudioError, match=r"no space left.*finished pictures are kept"):
        write(tmp_path / "file", b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"


def test_a_failure_of_the_body_is_not_hidden(tmp_path):
    with pytest.raises(ZeroDivisionError), writable(tmp_path / "file"):
        _ = 1 / 0
    assert list(tmp_path.iterdir()) == []
