"""Tasks for Label Studio, and its exports."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streetshop.core.errors import DatasetError
from streetshop.core.geometry import Box
from streetshop.lab.annotate.boxes import BoxedPhoto, LabelledBox
from streetshop.lab.annotate.label_studio import read_export, write_config, write_tasks

PHOTO = BoxedPhoto("a b/1.jpg", 200, 100, (LabelledBox("top", Box(20, 10, 60, 50), 0.5),))


def tasks(tmp_path: Path) -> list[dict[str, Any]]:
    write_tasks([PHOTO], tmp_path / "tasks.json", version="reader 1")
    return json.loads((tmp_path / "tasks.json").read_text())


def test_proposals_come_back_as_they_went(tmp_path: Path) -> None:
    (task,) = tasks(tmp_path)
    assert task["data"]["image"] == "/data/local-files/?d=a%20b/1.jpg"
    assert task["predictions"][0]["model_version"] == "reader 1"
    assert task["predictions"][0]["result"][0]["value"]["width"] == pytest.approx(20)
    export = [{"id": 3, "data": task["data"], "annotations": [{"result": task["predictions"][0]["result"]}]}]
    (photo,) = read_export(export, "export.json")
    assert (photo.name, photo.width, photo.height) == ("a b/1.jpg", 200, 100)
    assert photo.boxes[0].category == "top"
    assert photo.boxes[0].box.corners == pytest.approx(PHOTO.boxes[0].box.corners)


def shape(**more: Any) -> dict[str, Any]:
    value = {"x": 10, "y": 10, "width": 20, "height": 40, "rotation": 0, "rectanglelabels": ["top"]}
    return {**value, **more}


def test_the_small_form_is_read_too() -> None:
    task = {
        "id": 1,
        "image": "http://host/photos/7.jpg",
        "label": [{**shape(), "original_width": 200, "original_height": 100}],
    }
    (photo,) = read_export([task], "min.json")
    assert photo.name == "7.jpg"
    assert photo.boxes[0].box == Box(20, 10, 60, 50)


def test_the_last_annotation_that_was_not_cancelled_counts() -> None:
    def annotated(name: str, cancelled: bool = False) -> dict[str, Any]:
        value = shape(rectanglelabels=[name])
        result = [{"type": "rectanglelabels", "original_width": 200, "original_height": 100, "value": value}]
        return {"was_cancelled": cancelled, "result": result}

    data = {"image": "/x/1.jpg"}
    done = {"data": data, "annotations": [annotated("hat"), annotated("bag"), annotated("top", cancelled=True)]}
    (photo,) = read_export([done, {"data": data, "annotations": []}], "x")
    assert photo.boxes[0].category == "bag"


def test_a_turned_rectangle_becomes_the_box_around_it() -> None:
    data = {"image": "1.jpg", "width": 100, "height": 100}
    result = [{"type": "rectanglelabels", "value": shape(x=50, y=50, width=10, height=20, rotation=90)}]
    (photo,) = read_export([{"data": data, "annotations": [{"result": result}]}], "x")
    assert photo.boxes[0].box.corners == pytest.approx((30, 50, 50, 60))


@pytest.mark.parametrize(
    "task",
    [
        {"data": {"image": "1.jpg"}, "annotations": [{"result": [{"type": "rectanglelabels", "value": shape()}]}]},
        {"data": {}, "annotations": [{"result": []}]},
        {"data": {"image": "1.jpg", "width": 9, "height": 9}, "annotations": [{"result": None}]},
        {
            "data": {"image": "1.jpg", "width": 9, "height": 9},
            "annotations": [{"result": [{"type": "rectanglelabels", "value": shape(width=0)}]}],
        },
    ],
)
def test_a_bad_task_is_named(task: dict[str, Any]) -> None:
    with pytest.raises(DatasetError, match=r"export\.json, task 5") as caught:
        read_export([{"id": 5, **task}], "export.json")
    assert caught.value.where


def test_the_interface_names_every_category(tmp_path: Path) -> None:
    write_config(["top", 'a "b" <c>'], tmp_path / "interface.xml")
    root = ElementTree.parse(tmp_path / "interface.xml").getroot()
    assert [label.get("value") for label in root.iter("Label")] == ["top", 'a "b" <c>']


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["data", "annotations", "result", "value", "image", "label", "width", "height", "type", "x"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_nothing_but_a_refusal_comes_of_junk(value: Any) -> None:
    with suppress(DatasetError):
        read_export([value] if isinstance(value, dict) else value, "x")
