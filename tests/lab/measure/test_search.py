"""Searches of a catalog of drawn photos in the layout of the public data sets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import streetshop
from streetshop.core.errors import CatalogMissing, DatasetError
from streetshop.lab.data.sets.ccp import labelled_names
from streetshop.lab.evaluate.report import Report
from streetshop.lab.measure.search import measure_search, product_kinds
from tests.cli.running import call
from tests.lab.train.tasks.reader.trees import ccp, clothing
from tests.models.tiny import tiny_encoder

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home: Path = tmp_path_factory.mktemp("searched")
    ccp(home / "ccp", labelled=8, tagged=0, scale=4)
    clothing(home / "clothing", home / "cutouts", count=6, scale=4)
    tiny_encoder(home / "encoder")
    streetshop.index(
        home / "clothing" / "images", home / "shop.catalog", encoder=home / "encoder", reader="none", threads=1
    )
    return home


def test_only_labels_that_name_a_kind_are_true(home: Path) -> None:
    assert product_kinds(home / "clothing") == {
        "0": "top",
        "1": "footwear",
        "3": "top",
        "4": "footwear",
        "missing": "top",
    }


def test_the_report_says_what_was_searched_for_and_where(home: Path) -> None:
    names = labelled_names(home / "ccp", "val")
    assert names, "the tree has validation photos"
    report = measure_search(str(home / "shop.catalog"), home, encoder=home / "encoder", threads=1)
    assert report.kind == "search"
    assert report.name == "streetshop-reader"
    assert [one.use for one in report.data] == [f"queries: {len(names)} val photos", "catalog: 4 photos with a kind"]
    assert all(len(one.fingerprint) == 16 for one in report.data)
    whole, by_kind = report.sections
    found = whole.rows["true garments found"]
    assert found[1] is not None
    assert found[1].value == sum(cells[0].value for cells in by_kind.rows.values() if cells[0] and cells[0].value)
    assert "kinds=any" in report.table()


def test_a_catalog_of_other_pictures_is_refused(home: Path, tmp_path: Path) -> None:
    streetshop.index(home / "ccp" / "photos", tmp_path / "other.catalog", encoder=home / "encoder", reader="none")
    with pytest.raises(DatasetError, match="no product is a photo of the Clothing dataset"):
        measure_search(str(tmp_path / "other.catalog"), home, encoder=home / "encoder")
    with pytest.raises(CatalogMissing):
        measure_search(str(tmp_path / "nothing.catalog"), home)


def test_the_command_prints_tables_and_writes_a_report(home: Path, tmp_path: Path) -> None:
    asked = ("lab", "evaluate-search", home / "shop.catalog", "--data", home, "--encoder", home / "encoder")
    told = call(*asked, "--out", tmp_path / "report.json", "--json", cwd=tmp_path)
    assert told.code == 0, told.err
    assert json.loads(told.out)["kind"] == "search"
    assert Report.read(tmp_path / "report.json").sections[1].title == "By true kind"
    refused = call("lab", "evaluate-search", home / "shop.catalog", "--data", tmp_path, cwd=tmp_path)
    assert refused.code == 2
    assert "no pixel labels" in refused.err
