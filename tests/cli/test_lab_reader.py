"""``streetshop lab reader`` from the outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.running import run
from tests.conftest import ROOT
from tests.lab.train.tasks.reader.trees import RECIPE, ccp, clothing
from tests.models.tiny_reader import BODILESS, tiny_reader

pytestmark = pytest.mark.lab


def test_a_reader_is_trained_exported_and_looks(tmp_path: Path) -> None:
    root = ccp(tmp_path / "ccp")
    (tmp_path / "tiny.yaml").write_text(RECIPE)
    given = ("tiny.yaml", "--ccp", root, "--keypoints", root / "keypoints.json")
    trained = run("lab", "reader", "train", *given, "--out", "run", cwd=tmp_path)
    assert trained.code == 0, trained.err
    assert trained.out.startswith("run\tbest validation mIoU")
    exported = run(
        "lab",
        "reader",
        "export",
        "run",
        "tiny.yaml",
        "--ccp",
        root,
        "--out",
        "b",
        "--height",
        64,
        "--width",
        64,
        cwd=tmp_path,
    )
    assert (exported.code, exported.out) == (0, "b\n"), exported.err
    assert (tmp_path / "b" / "card.md").read_text().startswith("# tiny, version 1")
    looked = run("look", root / "photos" / "0001.jpg", "--reader", "b", "--json", cwd=tmp_path)
    assert looked.code == 0, looked.err


def test_what_is_no_data_set_and_no_recipe_is_said(tmp_path: Path) -> None:
    empty = run("lab", "reader", "train", ROOT / "recipes" / "reader.yaml", "--ccp", tmp_path, "--out", "run")
    assert empty.code == 2
    assert "Clothing Co-Parsing" in empty.err
    wrong = run("lab", "reader", "train", ROOT / "recipes" / "two-stream.yaml", "--ccp", tmp_path, "--out", "run")
    assert wrong.code == 2
    assert "two-stream.yaml" in wrong.err


def test_names_of_articles_are_taught_to_a_bundle(tmp_path: Path) -> None:
    shirts = clothing(tmp_path / "clothing", tmp_path / "cut", count=60, scale=4)
    data = ("--ccp", ccp(tmp_path / "ccp", scale=4), "--clothing", shirts, "--cutouts", tmp_path / "cut")
    able = tiny_reader(tmp_path / "able", colours=BODILESS, node="/top/top.0/Conv")
    named = run("lab", "reader", "name", able, *data, "--out", tmp_path / "named")
    assert named.code == 0, named.err
    lines = [line.split("\t") for line in named.out.splitlines()]
    assert {line[0] for line in lines} >= {"photo", "cutout"}
    assert all(line[3].startswith("before ") for line in lines)
    spec = json.loads((tmp_path / "named" / "bundle.json").read_text())
    assert spec["articles"]
    assert not json.loads((able / "bundle.json").read_text())["articles"]
    refused = run("lab", "reader", "name", tiny_reader(tmp_path / "unable"), *data)
    assert refused.code == 2
    assert "no node" in refused.err
