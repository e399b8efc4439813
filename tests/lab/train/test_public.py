"""The public data sets and the labels that are made for them once."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.core.errors import DatasetError, RunError
from streetshop.lab.train.public import PublicSets, fingerprint
from tests.lab.train.tasks.reader.trees import public

pytestmark = pytest.mark.lab


def test_a_teacher_that_fails_leaves_nothing_that_looks_done(tmp_path: Path) -> None:
    sets = public(tmp_path)
    sets.keypoints.unlink()
    python = sets.cache / "teacher" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho no such module >&2\nexit 3\n")
    python.chmod(0o755)
    with pytest.raises(RunError, match=r"keypoints .* ended with exit code 3"):
        sets.label(keypoints=True, clothing=False)
    assert not sets.keypoints.exists()
    sets.label(keypoints=False, clothing=True)  # what is there is not made again
    with pytest.raises(DatasetError, match="no such folder"):
        PublicSets(sets.cache, sets.cache).check(clothing=False)


def test_the_fingerprint_follows_names_and_sizes(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.jpg").write_bytes(b"one")
    first = fingerprint([tmp_path / "a"])
    assert first == fingerprint([tmp_path / "a"])
    (tmp_path / "a" / "2.jpg").write_bytes(b"two")
    assert fingerprint([tmp_path / "a"]) != first
