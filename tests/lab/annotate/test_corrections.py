"""Corrections become a manifest; what cannot be used is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from streetshop.core.errors import DatasetError
from streetshop.core.geometry import Box
from streetshop.lab.annotate.boxes import BoxedPhoto, Changes, LabelledBox
from streetshop.lab.annotate.coco import write_coco
from streetshop.lab.annotate.corrections import read_corrections, read_labels, to_manifest


def photo(name: str, *boxes: LabelledBox, size: tuple[int, int] = (60, 80)) -> BoxedPhoto:
    return BoxedPhoto(name, *size, boxes)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.jpg", "b.jpg"):
        Image.new("RGB", (60, 80)).save(folder / name)
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (80, 60)).save(folder / "turned.jpg", exif=turned)
    return folder


TOP, BAG = LabelledBox("top", Box(5, 5, 30, 40)), LabelledBox("bag", Box(40, 40, 70, 60))


def test_corrections_are_checked_and_counted(root: Path, tmp_path: Path) -> None:
    write_coco([photo("a.jpg", TOP)], ["top", "bag"], tmp_path / "proposed.json")
    write_coco(
        [
            photo("a.jpg", TOP, BAG),
            photo("b.jpg"),
            photo("turned.jpg", TOP),
            photo("gone.jpg", TOP),
            photo("../photos/../secret.jpg", TOP),
        ],
        ["top", "bag"],
        tmp_path / "done.json",
    )
    found = read_corrections([tmp_path / "done.json"], root, tmp_path / "proposed.json")
    assert found.photos["a.jpg"].boxes[1].box == Box(40, 40, 60, 60)
    assert found.empty == ["b.jpg"]
    assert "turned.jpg" in found.photos
    assert {name for name, _ in found.refused} == {"gone.jpg", "../photos/../secret.jpg"}
    assert found.changes == Changes(kept=1, added=1)
    manifest = to_manifest([p for p in found.photos.values() if p.boxes], root)
    assert sorted((row.image, row.category, row.box) for row in manifest) == [
        ("a.jpg", "bag", (40, 40, 60, 60)),
        ("a.jpg", "top", (5, 5, 30, 40)),
        ("turned.jpg", "top", (5, 5, 30, 40)),
    ]
    assert len({row.split for row in manifest if row.image == "a.jpg"}) == 1


def test_labels_of_another_size_or_outside_the_photo_are_refused(root: Path, tmp_path: Path) -> None:
    outside = LabelledBox("top", Box(200, 0, 300, 9))
    write_coco([photo("a.jpg", TOP, size=(61, 80)), photo("b.jpg", outside)], ["top"], tmp_path / "done.json")
    found = read_corrections([tmp_path / "done.json"], root)
    assert not found.photos
    assert ["61 x 80" in found.refused[0][1], "outside" in found.refused[1][1]] == [True, True]


def test_the_last_label_of_a_photo_counts(root: Path, tmp_path: Path) -> None:
    write_coco([photo("a.jpg", TOP)], ["top"], tmp_path / "1.json")
    write_coco([photo("a.jpg", BAG)], ["bag"], tmp_path / "2.json")
    found = read_corrections([tmp_path / "1.json", tmp_path / "2.json"], root)
    assert [box.category for box in found.photos["a.jpg"].boxes] == ["bag"]


@pytest.mark.parametrize("content", ["", "{", "3", json.dumps({"a": 1}), "[[1]]", "[" * 100_000])
def test_what_is_no_export_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "export.json"
    path.write_text(content)
    with pytest.raises(DatasetError):
        read_labels(path)
