"""A manifest becomes pictures with boxes; what is left out is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from streetshop.core.errors import RunError
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.train import load_recipe
from streetshop.lab.train.recipe import DetectorRecipe
from streetshop.lab.train.tasks.detect.data import load_detector_data
from tests.lab.train.tasks.detect.drawn import manifest

pytestmark = pytest.mark.lab


def recipe(*overrides: str) -> DetectorRecipe:
    found = load_recipe("mask-rcnn", overrides)
    assert isinstance(found, DetectorRecipe)
    return found


def test_pictures_boxes_and_classes(tmp_path: Path) -> None:
    data = load_detector_data(manifest(tmp_path, {"train": 3, "val": 2, "test": 2}), recipe("data.classes=kinds"))
    assert (len(data.train), len(data.val)) == (3, 2)
    names = data.classes.names
    assert [[names[label] for label in p.labels] for p in data.train] == [["dress", "bag"]] * 3
    assert data.about()["kinds"]["dress"] == "dress"
    assert data.train[0].boxes.corners.shape == (2, 4)
    articles = load_detector_data(manifest(tmp_path, {"train": 1, "val": 1}), recipe())
    assert [articles.classes.names[label] for label in articles.train[0].labels] == ["dresses", "hand bags"]


def test_what_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(manifest(tmp_path, {"train": 4, "val": 3}))
    rows[0] = replace(rows[0], box=None)
    rows[2] = replace(rows[2], mask=None)
    rows[4] = replace(rows[4], category="lamp")
    rows[6] = replace(rows[6], attributes={"crowd": True})
    data = load_detector_data(Manifest.from_rows(rows, tmp_path), recipe("val_pictures=2"))
    assert (len(data.train), len(data.val)) == (2, 2)
    assert [len(picture.rows) for picture in data.train] == [1, 2]
    assert data.train[1].crowd.tolist() == [True, False]
    said = capsys.readouterr().err
    assert "no class takes 'lamp' 1" in said
    assert "1 pictures are left out: they have a row without a box" in said
    assert "1 of 3 training pictures are left out: a box has no mask" in said


def test_nothing_to_learn_from(tmp_path: Path) -> None:
    boxes = manifest(tmp_path, {"train": 2, "val": 1}, masks=False)
    with pytest.raises(RunError, match="all have masks") as caught:
        load_detector_data(boxes, recipe())
    assert "model.masks=false" in caught.value.hint
    assert len(load_detector_data(boxes, recipe("model.masks=false")).train) == 2
    whole = Manifest.from_rows([replace(row, box=None) for row in boxes], tmp_path)
    with pytest.raises(RunError, match="no row has a box"):
        load_detector_data(whole, recipe())
