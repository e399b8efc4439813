"""Tests of ``lab.data.tables``."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.core.errors import DatasetError
from streetshop.lab.data.intake import Intake
from streetshop.lab.data.tables import corners, cuhk_rows, find, numbers, read_json, read_lines


def test_the_first_candidate_that_exists_is_found(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    assert find(tmp_path, "a", "b", what="it") == tmp_path / "b"
    assert find(tmp_path, "*", what="it") == tmp_path / "b"
    with pytest.raises(DatasetError, match="it is missing"):
        find(tmp_path, "c", what="it")
    with pytest.raises(DatasetError, match="no such folder"):
        find(tmp_path / "c", "a", what="it")


def test_a_pointer_of_git_lfs_and_bad_json_are_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(DatasetError, match="git-LFS pointer"):
        read_lines(tmp_path / "a")
    (tmp_path / "b").write_bytes(b"\xef\xbb\xbf[1]")
    assert read_json(tmp_path / "b") == [1]
    (tmp_path / "b").write_text("[1")
    with pytest.raises(DatasetError, match="is no JSON"):
        read_json(tmp_path / "b")


def test_cuhk_lists_announce_their_rows(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("3\nimage  item\na.jpg \t 1\n\nb.jpg 2\n")
    intake = Intake(tmp_path)
    rows = list(cuhk_rows(tmp_path / "list.txt", intake))
    assert rows == [("list.txt:3", ["a.jpg", "1"]), ("list.txt:5", ["b.jpg", "2"])]
    assert [(r.reason, r.kept) for r in intake.refusals] == [
        ("the number of rows is not the one announced: 2, not 3", True)
    ]
    (tmp_path / "list.txt").write_text("image item\n")
    with pytest.raises(DatasetError, match="line 1 is no count"):
        list(cuhk_rows(tmp_path / "list.txt", intake))


def test_numbers_are_finite() -> None:
    assert numbers(["1", "2.5"]) == [1, 2.5]
    assert numbers(["1", "nan"]) is None
    assert numbers(["x"]) is None
    assert corners(["1", "2", "3", "4"]) == (1, 2, 3, 4)
    assert corners(["1", "2", "3"]) is None
