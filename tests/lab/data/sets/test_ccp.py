"""Clothing Co-Parsing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from streetshop.core.errors import DatasetError
from streetshop.lab.data import read_dataset
from streetshop.lab.data.masks import load_mask
from streetshop.lab.data.sets.ccp import TWINS, photo_split, tagged_names
from tests.lab.data.trees import picture

NAMES = ["null", "accessories", "bag", "skin", "hair", "coat"]


def tree(root: Path) -> Path:
    names = np.empty((1, len(NAMES)), dtype=object)
    names[0] = NAMES
    for folder in ("pixel-level", "image-level"):
        (root / "annotations" / folder).mkdir(parents=True)
    savemat(root / "label_list.mat", {"label_list": names})
    for number in ("0001", "0002", "0003", "1005", "1007"):
        picture(root / "photos" / f"{number}.jpg")
    labels = np.zeros((48, 32), np.uint8)
    labels[2:8] = 3
    labels[10:40, 5:25] = 5
    labels[20:30, 25:30] = 2
    savemat(root / "annotations" / "pixel-level" / "0001.mat", {"groundtruth": labels})
    savemat(root / "annotations" / "pixel-level" / "0002.mat", {"groundtruth": labels.T.copy()})
    savemat(root / "annotations" / "pixel-level" / "0003.mat", {"groundtruth": (labels == 3).astype(np.uint8) * 3})
    savemat(root / "annotations" / "image-level" / "1005.mat", {"tags": np.array([[0, 3, 5, 1]], np.uint8)})
    savemat(root / "annotations" / "image-level" / "1006.mat", {"tags": np.array([[0, 5]], np.uint8)})
    (root / "annotations" / "pixel-level" / "0009.mat").write_bytes(b"MATLAB 5.0 but not really")
    return root


def test_layout_and_traps(tmp_path: Path) -> None:
    reading = read_dataset("ccp", tree(tmp_path))
    rows = {(r.group, r.category): r for r in reading.manifest}
    assert set(rows) == {("0001", "bag"), ("0001", "coat"), ("1005", "")}  # null, skin and hair are no garments
    coat = rows["0001", "coat"]
    assert coat.box == (5, 10, 25, 40)
    assert coat.mask == "annotations/pixel-level/0001.mat#5"
    assert load_mask(coat.mask, tmp_path, 32, 48).sum() == 600 == coat.attributes["pixels"]
    assert rows["1005", ""].attributes["tags"] == ["coat", "accessories"]
    assert {r.where: r.reason.split(":")[0].split(" (")[0] for r in reading.refused} == {
        "pixel-level/0002.mat": "labels of another size than the photo",
        "pixel-level/0003.mat": "no garment is labelled",
        "pixel-level/0009.mat": "the mask file is unreadable",
        "image-level/1006.mat": "missing file",
        "photos/1007.jpg": "no annotation",
    }


def test_broken_label_list(tmp_path: Path) -> None:
    root = tree(tmp_path)
    (root / "label_list.mat").write_bytes(b"nonsense")
    with pytest.raises(DatasetError, match="label_list"):
        read_dataset("ccp", root)


@pytest.mark.data
def test_the_real_photos_of_ccp(data_root: Path) -> None:
    root = data_root / "ccp"
    reading = read_dataset("ccp", root)
    counts = reading.manifest.counts()
    photos = len(list((root / "photos").iterdir()))
    without = {r.where for r in reading.refused}
    assert counts["pictures"] + len(without) == photos
    assert len(reading.manifest) + len(without) == reading.offered
    assert {"coat", "dress", "jeans", "shoes"} <= set(reading.manifest.column("category"))
    row = next(r for r in reading.manifest if r.category == "dress" and r.mask)
    box = row.as_box()
    assert box is not None
    with Image.open(root / row.image) as photo:
        mask = load_mask(row.mask or "", root, *photo.size)
    assert mask.sum() == row.attributes["pixels"]
    assert mask[box.slices()].sum() == mask.sum()


@pytest.mark.data
def test_the_real_photos_of_clothing(data_root: Path) -> None:
    root = data_root / "clothing"
    reading = read_dataset("clothing", root)
    assert len(reading.manifest) == reading.offered - len(reading.refused) == len(list((root / "images").iterdir()))
    assert reading.manifest.counts()["groups"] > 100
    unsure = sum("names no garment" in r.reason for r in reading.refusals)
    assert unsure == sum(c == "" for c in reading.manifest.column("category")) > 0


def test_splits_are_fixed_and_twins_stay_together() -> None:
    names = [f"{i:04}" for i in range(1, 2099)]
    splits = [photo_split(name) for name in names]
    assert splits == [photo_split(name) for name in names]
    shares = [splits.count(split) / len(names) for split in ("train", "val", "test")]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.03)
    assert all(photo_split(a) == photo_split(b) for a, b in TWINS)


def test_a_tagged_twin_of_a_held_back_photo_is_not_learned_from(tmp_path: Path) -> None:
    (tmp_path / "annotations" / "image-level").mkdir(parents=True)
    for name in ("1707", "0025", "0984"):  # twins of 0025 and 0078
        (tmp_path / "annotations" / "image-level" / f"{name}.mat").touch()
    kept = set(tagged_names(tmp_path))
    assert kept == {n for n in ("1707", "0025", "0984") if photo_split(n) == "train"}
