"""Tests of ``lab.data.intake``."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.core.errors import DatasetError
from streetshop.lab.data import DATASETS, read_dataset
from streetshop.lab.data.intake import Intake
from streetshop.lab.data.sample import Sample
from tests.lab.data.trees import HTML, LFS, picture


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file"),
        (HTML, "an HTML page, not a picture"),
        (b"\xef\xbb\xbf  <html>", "an HTML page, not a picture"),
        (LFS, "a git-LFS pointer, not a picture: run `git lfs pull`"),
        (b"\x00" * 600, "not a picture"),
        (b"GIF89a" + b"\x00" * 30, "a picture format that is not read here"),
        (b"\xff\xd8\xff" + b"\x00" * 64, "unreadable picture (UnidentifiedImageError)"),
    ],
)
def test_why_a_file_is_no_picture(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "x.jpg").write_bytes(content)
    intake = Intake(tmp_path)
    assert not intake.add(Sample("x.jpg", "shop"), "line 1")
    assert [(r.where, r.reason) for r in intake.refusals] == [("line 1", reason)]


def test_sizes_are_of_the_upright_picture(tmp_path: Path) -> None:
    picture(tmp_path / "lying.jpg", 40, 60, exif_orientation=6)
    intake = Intake(tmp_path)
    assert intake.size("lying.jpg") == (60, 40)
    assert intake.add(Sample("lying.jpg", "street", box=(0, 0, 60, 40)), "")
    assert intake.rows[0].box == (0, 0, 60, 40)


def test_boxes_are_cut_at_the_edge_or_refused(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg", 40, 60)
    intake = Intake(tmp_path)
    assert intake.add(Sample("a.jpg", "shop", box=(-5, -5, 50, 20)), "a")
    assert intake.rows[0].box == (0, 0, 40, 20)
    assert not intake.add(Sample("a.jpg", "shop", box=(40, 0, 50, 20)), "b")
    assert not intake.add(Sample("a.jpg", "shop", box=(5, 9, 5, 20)), "c")
    assert not intake.add(Sample("a.jpg", "shop", box=(0, 0, 40, 20)), "d")
    assert [r.reason for r in intake.refusals] == ["the box lies outside the picture", "empty box", "listed before"]


def test_full_check_finds_truncated_pictures(tmp_path: Path) -> None:
    for name in ("PID000001_CLEAN0_IID000001.jpg", "PID000001_CLEAN1_IID000002.jpg"):
        picture(tmp_path / name, 300, 300)
    broken = tmp_path / "PID000001_CLEAN0_IID000001.jpg"
    broken.write_bytes(broken.read_bytes()[:-400])
    assert len(read_dataset("lookbook", tmp_path).manifest) == 2  # the header is whole
    reading = read_dataset("lookbook", tmp_path, check="full")
    assert [r.image for r in reading.manifest] == ["PID000001_CLEAN1_IID000002.jpg"]
    assert [(r.where, r.reason) for r in reading.refused] == [(broken.name, "the file ends early")]


def test_unknown_name_and_missing_root(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no data set 'deepfasion'.*inshop"):
        read_dataset("deepfasion", tmp_path)
    with pytest.raises(DatasetError, match="no such folder"):
        read_dataset("lookbook", tmp_path / "nowhere")


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_an_empty_folder_is_one_clear_error_for_every_reader(tmp_path: Path, name: str) -> None:
    from streetshop.core.errors import StreetshopError

    with pytest.raises(StreetshopError) as caught:
        read_dataset(name, tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_every_data_set_says_its_licence() -> None:
    assert all(dataset.licence and dataset.title and dataset.root for dataset in DATASETS.values())
