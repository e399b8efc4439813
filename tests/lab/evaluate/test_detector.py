"""Readers and detectors beside each other on true boxes."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from streetshop.core.errors import MeasureError
from streetshop.core.geometry import Box
from streetshop.core.records import Garment
from streetshop.lab.data.sample import Sample
from streetshop.lab.evaluate.detector import (
    Found,
    class_name,
    classes_section,
    kinds_section,
    read_all,
    truth_of,
)
from streetshop.looks.reader import DetectorReader
from tests.models.tiny_detector import tiny_detector
from tests.models.tiny_reader import PARTS, person

pytestmark = pytest.mark.lab


def row(image: str, category: str, box: tuple[float, ...] | None, **attributes: object) -> Sample:
    return Sample(image, "street", category=category, box=box, attributes=attributes)


def garment(category: str, box: tuple[float, ...], score: float, kinds: dict[str, float] | None = None) -> Garment:
    corners = Box(*box)
    return Garment(category, score, corners, corners.center, None, None, kinds or {})


HERE, THERE = (0.0, 0.0, 10.0, 10.0), (20.0, 0.0, 30.0, 10.0)
TRUTH = {
    "a.jpg": [row("a.jpg", "jeans", HERE), row("a.jpg", "blouse", THERE)],
    "b.jpg": [row("b.jpg", "pants", HERE), row("b.jpg", "lamp", THERE)],
}


def found(*pictures: tuple[Garment, ...]) -> Found:
    return Found(pictures, np.asarray([4.0, 6.0]))


def test_a_finer_detector_is_judged_by_kinds() -> None:
    """Jeans where trousers are is right; a top where trousers are is not, nor is what comes second."""
    finer = found(
        (garment("jeans", HERE, 0.9, {"trousers": 1.0}), garment("shirts", THERE, 0.8, {"top": 0.7, "outerwear": 0.3})),
        (garment("shirts", HERE, 0.9, {"top": 1.0}), garment("lamps", THERE, 0.9)),
    )
    coarse = found((garment("trousers", HERE, 0.9),), (garment("trousers", HERE, 0.8),))
    section = kinds_section({"finer": finer, "coarse": coarse}, TRUTH)
    assert section.columns == ("finer", "coarse")
    values = {name: [cell.value for cell in cells if cell] for name, cells in section.rows.items()}
    assert values["AP50 of trousers (2)"] == pytest.approx([51 / 101, 1.0])
    # Of two tops that are equally sure, the false one comes after the true one or before it: here it is surer.
    assert values["AP50 of top (1)"] == pytest.approx([0.5, 0.0])
    assert values["AP50, mean over classes"] == pytest.approx([(51 / 101 + 0.5) / 2, 0.5])
    assert values["ms a photo"] == [5, 5]
    assert not any("lamp" in name for name in values), "what is of no kind is neither right nor wrong"


def test_classes_of_a_detector() -> None:
    classes = ("jeans", "trousers", "women tops")
    answers = found((garment("jeans", HERE, 0.9), garment("women tops", THERE, 0.8)), (garment("jeans", HERE, 0.9),))
    section = classes_section("d", classes, answers, TRUTH)
    assert section is not None
    values = {name: cells[0].value for name, cells in section.rows.items() if cells[0]}
    assert values["AP50 of jeans (1)"] == pytest.approx(1.0)
    assert values["AP50 of trousers (1)"] == 0, "pants are trousers, and jeans were said"
    assert values["AP50 of women tops (1)"] == pytest.approx(1.0)
    assert classes_section("d", ("hovercraft",), answers, TRUTH) is None


@pytest.mark.parametrize(
    ("category", "expected"), [("Lamp", "lamp"), ("blouse", "women tops"), ("chinos", "trousers"), ("sock", None)]
)
def test_which_class_a_category_is_of(category: str, expected: str | None) -> None:
    assert class_name(category, ("lamp", "women tops", "trousers")) == expected


def test_pictures_with_a_row_without_a_box_are_left_out() -> None:
    rows = [row("a.jpg", "jeans", HERE), row("a.jpg", "", None), row("b.jpg", "jeans", HERE)]
    assert list(truth_of(rows)) == ["b.jpg"]
    with pytest.raises(MeasureError, match="no picture has boxes"):
        truth_of(rows[:2])


def test_reading_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    person().save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"nothing")
    pictures = {name: [Sample(name, "street", root=tmp_path)] for name in ("a.png", "b.png")}
    answers = read_all({"d": DetectorReader(tiny_detector(tmp_path / "d"), threads=1)}, pictures)["d"]
    assert {g.category for g in answers.garments[0]} == {"women tops", "jeans", "casual shoes"}
    assert answers.garments[1] == ()
    assert answers.milliseconds.shape == (2,)
    assert not math.isnan(answers.milliseconds.sum())
    assert "b.png" in capsys.readouterr().err
    truth = {"a.png": [row("a.png", "jeans", tuple(map(float, PARTS["trousers"])))]}
    section = kinds_section({"d": Found(answers.garments[:1], answers.milliseconds[:1])}, truth)
    assert section.rows["AP50 of trousers (1)"][0].value == pytest.approx(1.0)  # type: ignore[union-attr]
