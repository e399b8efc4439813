"""Fashion144k."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streetshop.core.errors import DatasetError
from streetshop.lab.data import read_dataset
from tests.lab.data.trees import picture, text


def fashion144k(root: Path) -> Path:
    text(root / "photos.txt", "photos/a.jpg,alice,3\n\nphotos/c.jpg,carol\nphotos/gone.jpg,x\n")
    picture(root / "photos" / "a.jpg", 256, 384)
    picture(root / "photos" / "c.jpg", 384, 256)
    (root / "feat").mkdir()
    np.save(root / "feat" / "feat_sin.npy", np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0], [0, 0, 0]], np.uint8))
    np.save(root / "feat" / "feat_col.npy", np.array([[0, 1], [0, 0], [1, 0], [0, 0]], np.uint8))
    text(root / "feat" / "singles.txt", "dress\njeans\nshoes\n")
    text(root / "feat" / "colours.txt", "black\nwhite\n")
    return root


def test_fashion144k_features_stay_with_their_line(tmp_path: Path) -> None:
    reading = read_dataset("fashion144k", fashion144k(tmp_path))
    rows = list(reading.manifest)
    assert [r.image for r in rows] == ["photos/a.jpg", "photos/c.jpg"]
    assert rows[0].attributes == {"singles": ["dress", "shoes"], "colours": ["white"]}
    assert rows[1].attributes == {"singles": ["jeans"], "colours": ["black"]}  # the blank line counts
    reasons = [(r.where, r.reason, r.kept) for r in reading.refusals]
    assert ("photos.txt:3", "not 256 x 384: 384 x 256", True) in reasons
    assert ("photos.txt:4", "missing file", False) in reasons


def test_fashion144k_refuses_features_of_another_download(tmp_path: Path) -> None:
    root = fashion144k(tmp_path)
    np.save(root / "feat" / "feat_col.npy", np.zeros((3, 2), np.uint8))
    with pytest.raises(DatasetError, match=r"photos\.txt has 4 lines"):
        read_dataset("fashion144k", root)
    np.save(root / "feat" / "feat_col.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(DatasetError, match="no NumPy array"):
        read_dataset("fashion144k", root)
