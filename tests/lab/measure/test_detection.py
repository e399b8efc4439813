"""A detector is measured on a manifest, beside the packaged reader, and its card says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.core.errors import MeasureError, UsageError
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample
from streetshop.lab.evaluate.report import Report
from streetshop.lab.measure.subject import measure_subject, write_report
from tests.models.tiny_detector import tiny_detector
from tests.models.tiny_reader import PARTS, person

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("manifest")
    rows = []
    for number in range(3):
        person().save(folder / f"{number}.png")
        rows += [
            Sample(f"{number}.png", "street", category=name, split="test", box=tuple(map(float, PARTS[kind])))
            for name, kind in (("blouse", "top"), ("jeans", "trousers"), ("boots", "footwear"))
        ]
    Manifest.from_rows(rows, folder, name="people", licence="ours").write(folder / "m.parquet")
    return folder / "m.parquet"


def test_a_detector_beside_the_packaged_reader(manifest: Path, tmp_path: Path) -> None:
    bundle = tiny_detector(tmp_path / "bundle")
    report = measure_subject(bundle, manifest, threads=1)
    kinds, classes = report.sections
    assert kinds.columns == ("tiny-detector 1", "streetshop-reader 5")
    figure = kinds.rows["AP50, mean over classes"][0]
    assert figure is not None
    assert (figure.value, figure.count) == (pytest.approx(1.0), 3)
    assert kinds.rows["ms a photo"][0] is not None
    assert classes.columns == ("tiny-detector 1",)
    assert "AP50 of casual shoes (3)" in classes.rows
    (data,) = report.data
    assert data.use == "measured on 3 test pictures"
    assert data.fingerprint == Manifest.read(manifest).fingerprint
    write_report(report, bundle, None)
    assert "tiny-detector 1" in (bundle / "card.md").read_text()
    assert Report.read(bundle / "report.json") == report


def test_what_does_not_fit(manifest: Path, tmp_path: Path) -> None:
    bundle = tiny_detector(tmp_path / "bundle")
    with pytest.raises(MeasureError, match="split 'val'"):
        measure_subject(bundle, manifest, split="val")
    with pytest.raises(UsageError, match="boxes of a manifest"):
        measure_subject(bundle, tmp_path)
