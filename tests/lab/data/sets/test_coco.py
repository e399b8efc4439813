"""Tests of ``lab.data.sets.coco``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from streetshop.core.errors import DatasetError
from streetshop.lab.data import read_dataset
from streetshop.lab.data.masks import load_mask
from tests.lab.data.trees import LFS, picture, text


def shape() -> np.ndarray:
    mask = np.zeros((48, 32), np.uint8)
    mask[10:30, 4:20] = 1
    return mask


def fashionpedia(root: Path, name: str = "instances_attributes_train2020.json") -> Path:
    packed = coco_mask.encode(np.asfortranarray(shape()))
    flat = shape().ravel(order="F")
    runs = np.diff(np.flatnonzero(np.diff(np.concatenate(([2], flat, [2]))))).tolist()
    annotations: list[dict[str, Any]] = [
        {"id": 0, "image_id": 0, "category_id": 0, "bbox": [4, 10, 16, 20], "attribute_ids": [0, 5],
         "segmentation": [[4, 10, 20, 10, 20, 30, 4, 30]]},
        {"id": 1, "image_id": 0, "category_id": 1,
         "segmentation": {"size": [48, 32], "counts": packed["counts"].decode()}},
        {"id": 2, "image_id": 0, "category_id": 1, "bbox": [], "segmentation": {"size": [48, 32], "counts": runs}},
        {"id": 3, "image_id": 0, "category_id": 1, "bbox": [0, 0, 0, 5], "segmentation": []},
        {"id": 4, "image_id": 9, "category_id": 1, "bbox": [0, 0, 5, 5]},
        {"id": 5, "image_id": 0, "category_id": 99, "bbox": [0, 0, 5, 5]},
        {"id": 6, "image_id": 1, "category_id": 0, "bbox": [0, 0, 5, 5]},
        {"id": 7, "image_id": 0, "category_id": 0, "bbox": None, "segmentation": [[1, 2, 9, 2, 9, 12]]},
        {"id": 8, "image_id": 0, "category_id": 0, "segmentation": {"size": [48, 32], "counts": [5]}},
        {"id": 9, "image_id": 2, "category_id": 0, "bbox": [0, 0, 5, 5]},
    ]  # fmt: skip
    data = {
        "images": [
            {"id": 0, "file_name": "a.jpg", "width": 32, "height": 48},
            {"id": 1, "file_name": "gone.jpg", "width": 32, "height": 48},
            {"id": 2, "file_name": "resized.jpg", "width": 320, "height": 480},
        ],
        "categories": [
            {"id": 0, "name": "shirt, blouse", "supercategory": "upperbody"},
            {"id": 1, "name": "sleeve", "supercategory": "garment parts"},
        ],
        "attributes": [{"id": 0, "name": "classic (t-shirt)"}, {"id": 5, "name": "plain"}],
        "annotations": annotations,
    }
    picture(root / "train" / "a.jpg")
    picture(root / "train" / "resized.jpg")
    text(root / name, json.dumps(data))
    return root


def test_fashionpedia_ids_that_start_at_zero_masks_and_absent_boxes(tmp_path: Path) -> None:
    reading = read_dataset("fashionpedia", fashionpedia(tmp_path))
    rows = {r.category + str(i): r for i, r in enumerate(reading.manifest)}
    first = rows["shirt, blouse0"]
    assert first.box == (4, 10, 20, 30)  # xywh turned into corners
    assert first.attributes["labels"] == ["classic (t-shirt)", "plain"]  # attribute 0 is one
    assert (first.image, first.split, first.domain) == ("train/a.jpg", "train", "street")
    for key in ("sleeve1", "sleeve2"):  # compressed and plain run lengths, box derived
        assert rows[key].box == (4, 10, 20, 30)
        np.testing.assert_array_equal(load_mask(rows[key].mask or "", tmp_path, 32, 48), shape().astype(bool))
    assert rows["shirt, blouse3"].box == (1, 2, 9, 12)  # derived from the polygon
    assert {r.where.split("#")[1]: r.reason.split(":")[0] for r in reading.refused} == {
        "3": "empty box and no mask to derive it from",
        "4": "no such image_id in `images`",
        "5": "no such category_id in `categories`",
        "6": "missing file",
        "8": "malformed segmentation",
        "9": "the picture is not of the size its annotation is for",
    }


def test_modanet_pointer_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "modanet2018_instances_train.json").write_bytes(LFS)
    with pytest.raises(DatasetError, match=r"git-LFS pointer.*git lfs pull"):
        read_dataset("modanet", tmp_path)


def test_modanet(tmp_path: Path) -> None:
    fashionpedia(tmp_path, "modanet2018_instances_val.json")
    (tmp_path / "train").rename(tmp_path / "images")
    reading = read_dataset("modanet", tmp_path)
    assert {r.split for r in reading.manifest} == {"val"}
    assert {r.image for r in reading.manifest} == {"images/a.jpg"}
    assert "NC" in reading.manifest.licence


def test_pointer_pictures_are_named(tmp_path: Path) -> None:
    root = fashionpedia(tmp_path)
    (root / "train" / "gone.jpg").write_bytes(LFS)
    reading = read_dataset("fashionpedia", root)
    assert any("git lfs pull" in r.reason for r in reading.refused)
