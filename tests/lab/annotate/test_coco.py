"""COCO files of boxes: written, read back, and refused where they are wrong."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streetshop.core.errors import DatasetError
from streetshop.core.geometry import Box
from streetshop.lab.annotate.boxes import BoxedPhoto, LabelledBox
from streetshop.lab.annotate.coco import read_coco, write_coco

PHOTOS = [
    BoxedPhoto("a/1.jpg", 100, 200, (LabelledBox("top", Box(1, 2, 31, 42), 0.5), LabelledBox("bag", Box(0, 0, 9, 9)))),
    BoxedPhoto("2.jpg", 50, 50, ()),
]


def test_written_photos_are_read_back(tmp_path: Path) -> None:
    write_coco(PHOTOS, ["top", "bag"], tmp_path / "boxes.json")
    read = read_coco(json.loads((tmp_path / "boxes.json").read_text()), "boxes.json")
    assert [(p.name, p.width, p.height, [(b.category, b.box) for b in p.boxes]) for p in read] == [
        (p.name, p.width, p.height, [(b.category, b.box) for b in p.boxes]) for p in PHOTOS
    ]


def good() -> dict[str, Any]:
    return {
        "images": [{"id": 0, "file_name": "a.jpg", "width": 10, "height": 10}],
        "categories": [{"id": 0, "name": "top"}],
        "annotations": [{"id": 7, "image_id": 0, "category_id": 0, "bbox": [1, 1, 5, 5]}],
    }


def test_ids_may_be_zero() -> None:
    assert read_coco(good(), "x")[0].boxes[0].category == "top"


@pytest.mark.parametrize(
    ("entry", "key", "value", "said"),
    [
        ("annotations", "image_id", 9, "image_id"),
        ("annotations", "category_id", None, "category_id"),
        ("annotations", "bbox", [1, 1, 0, 5], "bbox"),
        ("annotations", "bbox", [1, 1, float("nan"), 5], "bbox"),
        ("annotations", "bbox", "1 1 5 5", "bbox"),
        ("images", "width", 0, "width"),
        ("images", "id", None, "id"),
    ],
)
def test_a_bad_entry_is_named(entry: str, key: str, value: Any, said: str) -> None:
    bad = good()
    bad[entry][0][key] = value
    with pytest.raises(DatasetError, match=said):
        read_coco(bad, "export.json")


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_nothing_but_a_refusal_comes_of_damaged_files(data: st.DataObject) -> None:
    bad = copy.deepcopy(good())
    junk = st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
        max_leaves=4,
    )
    part = data.draw(st.sampled_from(["images", "categories", "annotations"]))
    if data.draw(st.booleans()):
        bad[part] = data.draw(junk)
    else:
        bad[part][0][data.draw(st.sampled_from(sorted(bad[part][0])))] = data.draw(junk)
    with suppress(DatasetError):
        read_coco(bad, "x")
