"""Tests of ``lab.data.sets.coco``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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


def own(root: Path, data: Any, name: str = "annotations/instances_train.json") -> Path:
    picture(root / "images" / "a.jpg")
    picture(root / "images" / "b.jpg")
    text(root / name, json.dumps(data))
    return root


def plain(**changes: Any) -> dict[str, Any]:
    """A file that reads; ``changes`` of its one annotation."""
    return {
        "images": [{"id": 7, "file_name": "a.jpg", "width": 32, "height": 48}, {"id": "x", "file_name": "b.jpg"}],
        "categories": [{"id": 12, "name": "wellies"}, {"id": 900, "name": "bag"}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 12, "bbox": [1, 2, 10, 20]},
            {"id": 2, "image_id": "x", "category_id": 900, "bbox": [4, 4, 8, 8], **changes},
        ],
    }


@pytest.mark.parametrize("name", ["boxes.json", "annotations/instances_train.json", "train/_annotations.coco.json"])
@pytest.mark.parametrize("whole", [True, False])
def test_own_boxes_lie_where_tools_write_them(tmp_path: Path, name: str, whole: bool) -> None:
    root = own(tmp_path, plain(iscrowd=1), name)
    (root / "package.json").write_text('{"name": "no boxes"}')
    if name.startswith("train/"):
        (root / "images").rename(root / "pictures")
        for path in (root / "pictures").iterdir():
            path.rename(root / "train" / path.name)
    reading = read_dataset("coco", root if whole else root / name)
    rows = list(reading.manifest)
    assert [(row.category, row.box) for row in rows] == [("wellies", (1, 2, 11, 22)), ("bag", (4, 4, 12, 12))]
    assert [row.split for row in rows] == ["train" if "train" in name else ""] * 2
    assert rows[1].attributes["crowd"] is True
    assert [r.where for r in reading.refusals] == (["package.json"] if whole else []), "passed over, and said"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"image_id": 8}, "no such image_id"),
        ({"image_id": [7]}, "no such image_id"),
        ({"category_id": {}}, "no such category_id"),
        ({"bbox": [100, 100, 5, 5]}, "outside the picture"),
        ({"bbox": [1, 1, float("nan"), 5]}, "empty box"),
        ({"bbox": "1 1 5 5"}, "empty box"),
        ({"segmentation": [[1, 2, "x", 4, 5, 6]]}, "is no polygon"),
        ({"segmentation": [[1, 2, 3, 4, 5, 6, 7]]}, "of 7 numbers"),
        ({"segmentation": [[1, 2, 1e300, 4, 5, 6]]}, "no pixels"),
        ({"segmentation": "polygon"}, "neither polygons nor"),
        ({"segmentation": {"size": [10**6, 10**6], "counts": [10**12]}}, "run lengths of size"),
        ({"segmentation": {"size": [48, 32], "counts": [1, -1, 1536]}}, "add up"),
        ({"segmentation": {"size": [48, 32], "counts": "~~"}}, "run lengths need"),
    ],
)
def test_annotations_that_cannot_be_used_are_refused_with_their_reason(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    reading = read_dataset("coco", own(tmp_path, plain(**changes)))
    assert len(reading.manifest) == 1
    (refusal,) = reading.refused
    assert refusal.where.endswith("#2")
    assert reason in refusal.reason


def test_boxes_that_leave_the_picture_are_cut(tmp_path: Path) -> None:
    reading = read_dataset("coco", own(tmp_path, plain(bbox=[-5, -5, 20, 500])))
    assert list(reading.manifest)[1].box == (0, 0, 15, 48)


@pytest.mark.parametrize("name", ["/etc/hostname", "../secret.jpg", "a\0.jpg", "C:\\a.jpg", ""])
def test_pictures_outside_the_folder_are_not_looked_at(tmp_path: Path, name: str) -> None:
    data = plain()
    data["images"][1]["file_name"] = name
    (refusal,) = read_dataset("coco", own(tmp_path, data)).refused
    assert "does not lie below the root" in refusal.reason


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**9) | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_value_anywhere_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """One value of a file that reads is replaced by any other: every annotation is a row or a refusal."""
    content = plain(segmentation=[[4, 4, 12, 4, 12, 12, 4, 12]], attribute_ids=[1])
    content["attributes"] = [{"id": 1, "name": "plain"}]
    part = data.draw(st.sampled_from(["images", "categories", "annotations", "attributes"]))
    entry = data.draw(st.sampled_from(content[part]))
    if data.draw(st.booleans()):
        entry[data.draw(st.sampled_from(sorted(entry)))] = data.draw(JSON)
    else:
        content[part][content[part].index(entry)] = data.draw(JSON)
    root = own(tmp_path_factory.mktemp("coco"), content)
    try:
        reading = read_dataset("coco", root)
    except DatasetError:
        return
    assert reading.offered == len(content["annotations"]) == len(reading.manifest) + len(reading.refused)
