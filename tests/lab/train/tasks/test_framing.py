"""The framing head: fitted, exported, read, on a reader and photos of our own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from streetshop.core.errors import DatasetError, UsageError
from streetshop.lab.core.devices import Place
from streetshop.lab.data.framing import FramedPicture
from streetshop.lab.export.framing import export_framing
from streetshop.lab.train import load_recipe
from streetshop.lab.train.tasks.framing import FramedRows, FramingTask, fit_head, look_at
from streetshop.looks.framing import points_size
from streetshop.looks.reader import OnnxReader
from streetshop.models.framing import ANSWERS, VIEWS, FramingHead
from tests.models.tiny_reader import person, tiny_reader

pytestmark = pytest.mark.lab


def rows_of(n: int = 200) -> FramedRows:
    """The last two features: one is 1 on fronts, the other on persons with visible ankles."""
    rng = np.random.default_rng(0)
    front, ankles = rng.random(n) < 0.8, rng.random(n) < 0.5
    features = np.zeros((n, points_size()))
    features[:, -2:] = np.stack([front, ankles], axis=1) + rng.normal(0, 0.1, (n, 2))
    pictures = [
        FramedPicture(Path(), None, "front" if f else "back", bool(f) if i % 3 else None, bool(a), str(i))
        for i, (f, a) in enumerate(zip(front, ankles, strict=True))
    ]
    return FramedRows(features.astype(np.float32), pictures)


@pytest.mark.parametrize("balance", [0.0, 1.0])
def test_a_head_learns_what_the_features_say(balance: float) -> None:
    rows = rows_of()
    weights, bias = fit_head(rows, np.ones(len(rows.pictures)), strength=1.0, balance=balance)
    logits = rows.features @ weights.T + bias
    views = [VIEWS[k] for k in logits[:, : len(VIEWS)].argmax(1)]
    assert np.mean([a == p.view for a, p in zip(views, rows.pictures, strict=True)]) > 0.97
    assert ((logits[:, ANSWERS.index("ankles")] > 0) == [p.ankles for p in rows.pictures]).mean() > 0.97
    eyes = logits[:, ANSWERS.index("eyes")] > 0
    assert np.mean([e == p.eyes for e, p in zip(eyes, rows.pictures, strict=True) if p.eyes is not None]) > 0.97


def test_balance_moves_the_border_towards_the_common_view() -> None:
    rows = rows_of()
    ones = np.ones(len(rows.pictures))
    between = np.zeros(points_size(), np.float32)
    between[-2:] = 0.5
    plain, balanced = (fit_head(rows, ones, strength=0.01, balance=b) for b in (0.0, 1.0))
    front, back = VIEWS.index("front"), VIEWS.index("back")

    def margin(fitted: tuple[np.ndarray, np.ndarray]) -> float:
        logits = fitted[0] @ between + fitted[1]
        return float(logits[front] - logits[back])

    assert margin(balanced) < margin(plain)


def test_one_value_alone_teaches_nothing() -> None:
    rows = rows_of()
    same = FramedRows(rows.features, [FramedPicture(Path(), None, "front", True, True, "") for _ in rows.pictures])
    with pytest.raises(DatasetError, match="one value of 'view'"):
        fit_head(same, np.ones(len(same.pictures)), strength=1.0)


def test_a_run_is_exported_and_serves(tmp_path: Path) -> None:
    reader = OnnxReader(tiny_reader(tmp_path / "reader", features=True), threads=1, framing=None)
    person().save(tmp_path / "whole.png")
    pictures = [
        FramedPicture(tmp_path / "whole.png", None, "left", True, True, "1"),
        FramedPicture(tmp_path / "whole.png", (100, 100, 300, 400), "front", False, False, "2"),
        FramedPicture(tmp_path / "whole.png", (0, 540, 40, 600), "detail", False, False, "3"),
    ]
    assert len(look_at(reader, pictures, 2, 2).pictures) == 2  # the third is empty paper
    recipe = load_recipe("view", ["rows=2", "columns=2", "stages.0.strength=10"])
    task = FramingTask(recipe, pictures, reader, Place(torch.device("cpu")))
    task.fit(recipe.stages[0])
    bundle = export_framing(task.judged, recipe, tmp_path / "bundle", reader=reader.spec, pictures=3)
    assert "3 parts of photos" in (bundle / "card.md").read_text()
    reader.framing = FramingHead(bundle)
    views = [reader.read(picture.load()).view for picture in (pictures[0], pictures[0].mirror(), pictures[1])]
    assert views[0] in ("left", "right")  # the tiny reader's person is symmetric
    assert views[2] == "front"
    assert reader.read(pictures[0].load()).full_shot_probability is not None


def test_a_reader_without_features_is_refused(tmp_path: Path) -> None:
    reader = OnnxReader(tiny_reader(tmp_path), threads=1)
    with pytest.raises(UsageError, match="no output `features`"):
        look_at(reader, [], 2, 2)
