"""``streetshop studio``."""

import json

from typer.testing import CliRunner

from streetshop.cli.studio import app
from streetshop.core.errors import StudioError

runner = CliRunner()


def family_of(folder):
    """The family size that a drawing was made with."""
    return json.loads((folder / "studio.json").read_text())["family"]


def test_catalog_prints_the_feed(tmp_path):
    result = runner.invoke(
        app,
        [
            "catalog",
            "--products",
            "2",
            "--seed",
            "3",
            "--size",
            "96",
            "--shot",
            "packshot",
            "--workers",
            "1",
            "--out",
            str(tmp_path / "shop"),
        ],
    )
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == str(tmp_path / "shop" / "feed.csv")
    assert family_of(tmp_path / "shop") == 8


def test_street_prints_the_truth(tmp_path):
    result = runner.invoke(
        app,
        [
            "street",
            "--photos",
            "1",
            "--products",
            "4",
            "--size",
            "96",
            "--workers",
            "1",
            "--out",
            str(tmp_path / "street"),
        ],
    )
    assert result.exit_code == 0, result.output
    assert len(json.loads((tmp_path / "street" / "coco.json").read_text())["images"]) == 1
    assert family_of(tmp_path / "street") == 8


def test_dataset_prints_the_manifest(tmp_path):
    result = runner.invoke(
        app,
        [
            "dataset",
            "--products",
            "2",
            "--photos",
            "1",
            "--size",
            "96",
            "--shot",
            "packshot",
            "--workers",
            "1",
            "--out",
            str(tmp_path / "set"),
        ],
    )
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == str(tmp_path / "set" / "manifest.parquet")
    assert family_of(tmp_path / "set") == 8


def test_an_unknown_category_is_an_error_that_lists_the_known(tmp_path):
    result = runner.invoke(app, ["catalog", "--category", "togas", "--out", str(tmp_path / "x")])
    assert isinstance(result.exception, StudioError)
    assert "nehru jackets" in str(result.exception)
    assert not (tmp_path / "x").exists()
