"""Garments of photos that have tags only, through a reader's masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from streetshop.core.geometry import Box, mask_iou
from streetshop.lab.data.garments import pair_samples
from streetshop.lab.data.made_pairs import Settings
from streetshop.lab.data.tagged import tagged_samples
from streetshop.looks.reader import OnnxReader
from tests.looks.test_reader import PARTS, person
from tests.models.tiny_reader import tiny_reader

pytestmark = pytest.mark.lab
NAMES = ("null", "skin", "blouse", "shirt", "jeans", "shoes")


@pytest.fixture
def ccp(tmp_path: Path) -> Path:
    """Two photos of one person: tagged shirt and jeans, and tagged blouse, shirt and jeans; one with pixel labels."""
    root = tmp_path / "ccp"
    names = np.empty((1, len(NAMES)), dtype=object)
    names[0] = NAMES
    for folder in ("photos", "annotations/pixel-level", "annotations/image-level"):
        (root / folder).mkdir(parents=True)
    savemat(root / "label_list.mat", {"label_list": names})
    for number, tags in enumerate(([0, 1, 3, 4], [0, 1, 2, 3, 4], []), start=1):
        person().save(root / "photos" / f"{number:04}.jpg", quality=95)
        if tags:
            tags = np.asarray([tags], np.uint8)
            savemat(root / "annotations" / "image-level" / f"{number:04}.mat", {"tags": tags})
        else:
            labels = np.full((600, 400), 3, np.uint8)
            savemat(root / "annotations" / "pixel-level" / f"{number:04}.mat", {"groundtruth": labels})
    return root


def test_what_is_tagged_and_seen_is_a_garment(ccp: Path, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    reader = OnnxReader(tiny_reader(tmp_path / "reader"), threads=1)
    rows = tagged_samples(ccp, reader, lambda done, total: steps.append((done, total)))
    assert steps == [(1, 2), (2, 2)]
    told = [(row.group, row.attributes["class"], row.category) for row in rows]
    assert told == [
        ("0001", "top", "shirt"),
        ("0001", "trousers", "jeans"),
        ("0002", "top", ""),
        ("0002", "trousers", "jeans"),
    ], "shoes are not tagged; a blouse and a shirt cannot be told apart"
    for row in rows:
        x0, y0, x1, y1 = PARTS[row.attributes["class"]]
        truth = np.zeros((600, 400), bool)
        truth[y0:y1, x0:x1] = True
        mask = row.load_mask(400, 600)
        assert mask is not None
        assert mask_iou(mask, truth) > 0.85
        assert row.split == "train"
        assert row.attributes["pixels"] == mask.sum()
        assert row.load_box(400, 600).iou(Box(x0, y0, x1, y1)) > 0.85


def test_products_are_made_of_them_to_learn_from(ccp: Path, tmp_path: Path) -> None:
    rows = tagged_samples(ccp, OnnxReader(tiny_reader(tmp_path / "reader"), threads=1))
    settings = Settings(per_garment=1, street=1, shop=1, size=64)
    items = pair_samples(ccp, tmp_path / "pairs", settings, 10, 1, tagged=rows)
    assert {item.split for item in items} == {"train"}, "two jeans and one shirt"
    assert len(items) == 2 * 3, "two jeans and one shirt"
    assert {item.category for item in items} == {"jeans", "shirt"}
    assert {Path(item.image).parts[1][:4] for item in items} == {"0001", "0002"}
