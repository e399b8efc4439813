"""Method 3's classifier of views, on pictures of our own: who faces left has a bright left half."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from streetshop.core.errors import RunError, UsageError
from streetshop.lab.core.devices import Place
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.whole_pictures import whole_pictures
from streetshop.lab.export.run import export_run
from streetshop.lab.train import load_recipe, train
from streetshop.lab.train.data import load_run_data
from streetshop.lab.train.task import Position
from streetshop.lab.train.tasks.view_classifier import CONFUSION, ViewClassifierTask, confusion_matrix

pytestmark = pytest.mark.lab

SETTINGS = ["backbone.weights=none", "input.height=32", "input.width=32", "stages.0.batch=8"]


def manifest(root: Path, views: tuple[str, ...] = ("front", "left", "right"), products: int = 10) -> Path:
    rows = []
    for number in range(products):
        for view in views:
            pixels = np.full((40, 40, 3), 40, np.uint8)
            columns = {"left": slice(0, 20), "right": slice(20, 40)}.get(view, slice(10, 30))
            pixels[:, columns] = 160 + 5 * number
            name = f"{number}-{view}.png"
            Image.fromarray(pixels).save(root / name)
            split = "val" if number >= products - 3 else "train"
            rows.append(Sample(name, "shop", f"p{number}", view=view, box=(0, 0, 4, 4), split=split))
    Manifest.from_rows(rows, root).write(root / "manifest.parquet")
    return root / "manifest.parquet"


def test_a_run_writes_its_confusions(tmp_path: Path) -> None:
    result = train("view-resnet18", manifest(tmp_path), tmp_path / "run", [*SETTINGS, "stages.0.epochs=1"], threads=1)
    assert result.kind == "view_classifier"
    assert 0 <= result.score <= 1
    assert result.steps == 3
    table = (tmp_path / "run" / CONFUSION).read_text()
    assert table.splitlines()[0].split("|")[2:5] == [" front ", " left ", " right "]
    assert json.loads((tmp_path / "run" / "run.json").read_text())["val_rows"] == 9
    with pytest.raises(RunError, match="for comparison only"):
        export_run(tmp_path / "run", tmp_path / "bundle")


def test_mirrored_pictures_have_the_mirrored_view(tmp_path: Path) -> None:
    recipe = load_recipe("view-resnet18", SETTINGS)
    rows = whole_pictures(Manifest.read(manifest(tmp_path)))
    data = load_run_data(rows, recipe, (["view"], []), tmp_path / "cache", build=True)
    task = ViewClassifierTask(recipe, data, tmp_path, Place(torch.device("cpu")))
    sides = 0
    for batch in task.batches(Position()):
        for pixels, target in zip(batch.pixels, batch.targets.tolist(), strict=True):
            left, right = pixels[..., 4:12].mean(), pixels[..., 20:28].mean()
            if task.views[target] != "front":
                assert ("left" if left > right else "right") == task.views[target]
                sides += 1
    assert sides == 14


def test_one_view_is_nothing_to_learn(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the views front only"):
        train("view-resnet18", manifest(tmp_path, ("front",)), tmp_path / "run", SETTINGS, threads=1)


def test_confusions_are_counted() -> None:
    found = confusion_matrix(np.asarray([0, 0, 1, 2]), np.asarray([0, 1, 1, 0]), 3)
    assert found.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]


def test_the_recipe_is_the_paper_s() -> None:
    recipe = load_recipe("view-resnet18")
    assert recipe.backbone.name == "resnet18"
