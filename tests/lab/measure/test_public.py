"""Bundles measured on the public data sets; their reports keep what was known before."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from streetshop.core.errors import RunError
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.sets.ccp import labelled_names
from streetshop.lab.evaluate.report import Report, fingerprint_files
from streetshop.lab.measure.public import measure_encoder, measure_reader, report_of
from streetshop.models import load_encoder
from streetshop.models.folder import SHIPPED
from streetshop.models.load import DEFAULT_ENCODER
from tests.lab.evaluate.drawn import drawn_items
from tests.lab.train.tasks.reader.trees import ccp, clothing
from tests.models.tiny_reader import tiny_reader

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    return drawn_items(tmp_path_factory.mktemp("drawn"))


def test_a_reader_is_measured_beside_what_was_known_of_it(tmp_path: Path) -> None:
    root = ccp(tmp_path / "ccp", scale=4)
    pictures = clothing(tmp_path / "clothing", tmp_path / "cut", count=60, scale=4)
    report = measure_reader(
        SHIPPED / "reader",
        root,
        keypoints=root / "keypoints.json",
        clothing=pictures,
        cutouts=tmp_path / "cut",
        split="val",
        overlays=tmp_path / "overlays",
    )
    before = Report.read(SHIPPED / "reader" / "report.json")
    assert (report.facts, report.limits) == (before.facts, before.limits)
    names = labelled_names(root, "val")
    assert report.data[:3] == before.data[:3]
    assert report.data[3].use == f"measured on {len(names)} val photos"
    assert report.data[3].fingerprint == fingerprint_files(root / "photos" / f"{name}.jpg" for name in names)
    assert [section.title for section in report.sections] == [section.title for section in before.sections]
    for new, old in zip(report.sections[:2], before.sections[:2], strict=True):
        wanted = {name for name in old.rows if not name.startswith("PCK")}  # the drawn teacher sees no whole torso
        assert wanted <= set(new.rows) <= set(old.rows)
    (accuracy,) = report.sections[0].rows["pixel accuracy"]
    assert accuracy is not None
    assert accuracy.low <= accuracy.value <= accuracy.high
    assert "validation photos" in report.measured
    overlays = sorted(path.stem for path in (tmp_path / "overlays").iterdir())
    values = [float(name.split("-")[1]) for name in overlays]
    assert values == sorted(values), "worst first"
    assert len(values) == len(names)


def test_a_reader_of_other_classes_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="its classes are background, skin, top"):
        measure_reader(tiny_reader(tmp_path / "b"), ccp(tmp_path / "ccp"))


def test_encoders_are_measured_side_by_side(items: list[Sample], tmp_path: Path) -> None:
    shutil.copytree(DEFAULT_ENCODER, tmp_path / "other")
    encoders = [load_encoder(threads=2), load_encoder(tmp_path / "other", threads=2)]
    report = measure_encoder(encoders, items, distractors=3)
    shown = report.sections[0]
    assert len(shown.columns) == 2
    assert all(one == two for one, two in shown.rows.values()), "the same bundle twice"
    assert str(tmp_path / "other") in shown.columns[1]
    held = [item for item in items if item.source == "clothing"]
    assert report.data[-1].use == f"measured on {len(held)} garments of test senders"
    assert report.name == "streetshop-encoder"


def test_a_bundle_without_a_report_gets_a_minimal_one(tmp_path: Path) -> None:
    report = report_of(tiny_reader(tmp_path / "b"))
    assert (report.kind, report.sections) == ("reader", ())
