"""``streetshop lab data`` as a user types it. The integrator mounts the command; here it is run by itself."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from streetshop.cli.lab_data import data
from streetshop.core.errors import StreetshopError
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.splits import leaks
from tests.lab.data.trees import picture, text

app = typer.Typer()
app.command()(data)


def lookbook(root: Path, products: int = 20) -> Path:
    for number in range(products):
        for side in "01":
            picture(root / f"PID{number:06}_CLEAN{side}_IID{number:05}{side}.jpg")
    (root / "PID000001_CLEAN0_IID000010.jpg").write_bytes(b"<html>")
    picture(root / "stray.jpg")
    return root


def test_counts_licence_and_refused_rows(tmp_path: Path) -> None:
    root, out, refused = lookbook(tmp_path / "data"), tmp_path / "m.parquet", tmp_path / "refused.csv"
    result = CliRunner().invoke(app, ["lookbook", str(root), "--out", str(out), "--refused", str(refused)])
    assert result.exit_code == 0, result.output
    assert "lookbook: 39 rows of 41, 39 pictures, 20 products" in result.stdout
    assert "domain: shop 20, street 19" in result.stdout
    assert "licence: Non-commercial research only" in result.stdout
    assert "1 x an HTML page, not a picture" in result.stdout
    assert f"wrote {out}" in result.stdout
    assert "refused PID000001_CLEAN0_IID000010.jpg" in result.stderr
    with refused.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(r["where"], r["kept"]) for r in rows} == {
        ("PID000001_CLEAN0_IID000010.jpg", "no"),
        ("stray.jpg", "no"),
        ("PID000001", "yes"),
    }
    assert len(Manifest.read(out)) == 39


def test_json_and_splits(tmp_path: Path) -> None:
    root, out = lookbook(tmp_path / "data"), tmp_path / "m.parquet"
    result = CliRunner().invoke(app, ["lookbook", str(root), "--out", str(out), "--split", "80/10/10", "--json"])
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    manifest = Manifest.read(out)
    assert summary["fingerprint"] == manifest.fingerprint
    assert summary["by_split"]["train"] >= 28
    assert (summary["rows"], summary["refused"], summary["kept_with_remark"]) == (39, 2, 1)
    assert leaks(manifest) == []


def test_the_list_of_data_sets() -> None:
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 0
    for name in ("inshop", "street2shop", "made-pairs", "feed"):
        assert name in result.stdout
    entries = json.loads(CliRunner().invoke(app, ["list", "--json"]).stdout)
    assert {"name", "title", "licence", "root"} <= set(entries[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["in-shop", "."], "no data set 'in-shop'"),
        (["lookbook"], "where is the data set lookbook"),
        (["made-pairs", "."], "--pictures"),
        (["lookbook", "{root}", "--split", "80/20"], "--split '80/20'"),
        (["lookbook", "{root}", "--split", "1/1/1", "--split-by", "sender"], "--split-by 'sender'"),
        (["lookbook", "{root}", "--refused", "{root}/no/x.csv"], "cannot be written"),
        (["ccp", "{root}"], "folder of photos is missing"),
    ],
)
def test_bad_input_is_one_clear_error(tmp_path: Path, arguments: list[str], message: str) -> None:
    root = lookbook(tmp_path / "data", 3)
    result = CliRunner().invoke(app, [a.replace("{root}", str(root)) for a in arguments])
    assert isinstance(result.exception, StreetshopError)
    assert message in str(result.exception)


def test_made_pairs_need_the_real_layout(tmp_path: Path) -> None:
    text(tmp_path / "photos" / "x.txt", "")
    result = CliRunner().invoke(app, ["made-pairs", str(tmp_path), "--pictures", str(tmp_path / "out")])
    assert isinstance(result.exception, StreetshopError)
    assert "label_list.mat is missing" in str(result.exception)
    assert not (tmp_path / "out").exists()
