"""``streetshop lab train`` with recipes of the shipped models: from the public folders to a measured bundle."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from streetshop.core.errors import DatasetError, RunError, StreetshopError
from streetshop.lab.evaluate.report import Report
from streetshop.lab.train import shipped
from tests.cli.running import run
from tests.lab.train.tasks.reader.trees import RECIPE, ccp, clothing

pytestmark = pytest.mark.lab


def public(folder: Path) -> tuple[Path, Path]:
    """Both sets, of drawings, and the cache with what the teacher would have made of them."""
    cache = folder / "cache"
    clothing(folder / "data" / "clothing", cache / "cutouts", count=60, scale=4)
    (cache / "cutouts" / ".done").touch()
    ccp(folder / "data" / "ccp", scale=4)
    shutil.copy(folder / "data" / "ccp" / "keypoints.json", cache)
    (cache / "clothing-keypoints.json").write_text("{}")
    return folder / "data", cache


@pytest.mark.slow
def test_one_command_makes_a_reader_its_report_and_its_card(tmp_path: Path) -> None:
    public(tmp_path)
    (tmp_path / "tiny.yaml").write_text(RECIPE)
    command = ("lab", "train", "tiny.yaml", "--data", "data", "--out", "run", 'version="2"', "stages.*.photos=4")
    made = run(*command, cwd=tmp_path)
    assert (made.code, made.out) == (0, "run/bundle\n"), made.err
    assert "4 of 4" in made.err
    assert "articles" in made.err
    spec = json.loads((tmp_path / "run" / "bundle" / "bundle.json").read_text())
    assert (spec["name"], spec["version"], spec["articles"]) == ("tiny", "2", True)
    assert (tmp_path / "run" / "bundle" / "card.md").read_text().startswith("# tiny, version 2")
    report = Report.read(tmp_path / "run" / "bundle" / "report.json")
    assert [section.title for section in report.sections][::2] == ["Whole photos", "Garments that nobody wears"]
    assert list((tmp_path / "run" / "overlays").iterdir())

    weights = tmp_path / "run" / "last.safetensors"
    before = [path.stat().st_mtime_ns for path in (weights, tmp_path / "run" / "bundle" / "bundle.json")]
    again = run(*command, cwd=tmp_path)
    assert (again.code, again.out) == (0, made.out)
    assert "exporting" not in again.err
    assert [p.stat().st_mtime_ns for p in (weights, tmp_path / "run" / "bundle" / "bundle.json")] == before

    # An export that was broken off, and a new version: both are made once more, the network is not.
    (tmp_path / "run" / "unnamed.part").mkdir()
    (tmp_path / "run" / "unnamed.part" / "bundle.json").write_text("{")
    renamed = run(*(part.replace('"2"', '"3"') for part in command), cwd=tmp_path)
    assert renamed.code == 0, renamed.err
    assert "exporting" in renamed.err, renamed.err
    assert weights.stat().st_mtime_ns == before[0]
    assert (tmp_path / "run" / "bundle" / "card.md").read_text().startswith("# tiny, version 3")
    assert not list((tmp_path / "run").glob("*.part"))
    looked = run("look", tmp_path / "data" / "ccp" / "photos" / "0001.jpg", "--reader", "run/bundle", cwd=tmp_path)
    assert looked.code == 0, looked.err


def test_what_fits_no_shipped_model_is_said(tmp_path: Path) -> None:
    manifest, out = tmp_path / "manifest.parquet", tmp_path / "run"
    manifest.touch()
    for kind, data, overrides, what in (
        ("reader", manifest, [], "is a file"),
        ("encoder", manifest, [], "is a file"),
        ("reader", tmp_path, [], "photos: there is no such folder"),
        ("reader", tmp_path, ["stages.9.minutes=3"], "is no place in a list of 5"),
        ("reader", tmp_path, ["stages.*.minutes=-1"], "stages.0.minutes"),
        ("encoder", tmp_path, ["tuning.steps=0"], "tuning.steps"),
    ):
        train = {"reader": shipped.train_reader, "encoder": shipped.train_encoder}[kind]
        with pytest.raises(StreetshopError, match=what):
            train(kind, data, out, overrides)
    if not torch.cuda.is_available():
        with pytest.raises(StreetshopError, match="no CUDA device"):
            shipped.train_reader("reader", tmp_path, out, device="cuda")
    refused = run("lab", "train", "reader", "--out", out, "--data", tmp_path, "--device", "ddp")
    assert refused.code == 2, refused.err
    assert "cpu or cuda" in refused.err, refused.err
    assert list(tmp_path.iterdir()) == [manifest], "nothing is left behind"


def test_a_teacher_that_fails_leaves_nothing_that_looks_done(tmp_path: Path) -> None:
    data, cache = public(tmp_path)
    (cache / "keypoints.json").unlink()
    sets = shipped.Public(data, cache)
    python = cache / "teacher" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho no such module >&2\nexit 3\n")
    python.chmod(0o755)
    (cache / "teacher" / ".done").touch()
    with pytest.raises(RunError, match=r"keypoints .* ended with exit code 3"):
        sets.keypoints(sets.ccp / "photos", "keypoints.json")
    assert not (cache / "keypoints.json").exists()
    assert sets.cutouts() == cache / "cutouts", "what is there is not made again"
    with pytest.raises(DatasetError, match="no such folder"):
        shipped.Public(cache, cache)
