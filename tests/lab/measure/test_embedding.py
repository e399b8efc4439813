"""A run and its bundle measured on a manifest: the figures are those of a comparison."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.lab.compare import compare_runs
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.evaluate.report import Figure, Report
from streetshop.lab.export.embedding import export_embedding
from streetshop.lab.measure.embedding import measure_embedding
from streetshop.lab.measure.subject import measure_subject, write_report
from tests.lab.compare.trained import draw_split, train_two

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("measured")
    train_two(draw_split(home / "squares"), home / "runs")
    return home


def figures(report: Report, protocol: str) -> dict[str, tuple[Figure | None, ...]]:
    return dict(next(section for section in report.sections if section.title == protocol).rows)


def test_a_run_has_the_figures_of_a_comparison(home: Path) -> None:
    manifest = home / "squares" / "manifest.parquet"
    report = measure_embedding(home / "runs" / "unit", manifest)
    result = compare_runs([home / "runs" / "unit"], manifest).result("unit", "street-to-shop")
    wanted = {metric: (Figure.of(result.estimate(metric, by_group=True)),) for metric in result.values}
    assert figures(report, "street-to-shop") == wanted
    assert [one.fingerprint for one in report.data] == [Manifest.read(manifest).fingerprint] * 2
    assert report.data[0].use.startswith("trained on")
    assert "euclidean" in report.measured


def test_its_bundle_finds_the_same(home: Path) -> None:
    manifest = home / "squares" / "manifest.parquet"
    [bundle] = export_embedding(home / "runs" / "unit", home / "bundle", half=False)
    run = measure_subject(home / "runs" / "unit", manifest, protocols=["street-to-shop"])
    served = measure_subject(bundle, manifest, protocols=["street-to-shop"])
    assert figures(served, "street-to-shop") == figures(run, "street-to-shop"), "unit vectors rank alike"
    assert served.facts["backbone"].startswith("test_resnet")
    assert [section.title for section in served.sections] == ["street-to-shop", "Time"]


def test_a_bundles_card_is_rewritten_unless_the_report_goes_elsewhere(home: Path, tmp_path: Path) -> None:
    manifest = home / "squares" / "manifest.parquet"
    [bundle] = export_embedding(home / "runs" / "loose", tmp_path / "bundle")
    before = (bundle / "card.md").read_text()
    assert "### Validation" in before
    report = measure_subject(bundle, manifest, protocols=["street-to-shop"])
    assert write_report(report, bundle, tmp_path / "elsewhere.json") == tmp_path / "elsewhere.json"
    assert (bundle / "card.md").read_text() == before
    assert write_report(report, bundle, None) == bundle / "report.json"
    assert "### street-to-shop" in (bundle / "card.md").read_text()
    run = home / "runs" / "loose"
    assert write_report(report, run, None) == run / "report.json"
    assert not (run / "card.md").exists()
