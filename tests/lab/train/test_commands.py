from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from streetshop.cli.lab_train import export, train
from streetshop.core.errors import RecipeError
from streetshop.models import load_encoder
from tests.lab.train.squares import SMALL, draw_squares

pytestmark = pytest.mark.lab

app = typer.Typer()
app.command()(train)
app.command()(export)


def test_train_and_export(tmp_path: Path) -> None:
    manifest = draw_squares(tmp_path, products=8, val=2)
    out, bundle = tmp_path / "run", tmp_path / "bundle"
    changes = [*SMALL, "stages.0.epochs=1", "stages.0.sampler.batch=8", "model.head.blocks.0.dim=8"]
    done = CliRunner().invoke(app, ["train", "center-loss", "--data", str(manifest), "--out", str(out), *changes])
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith(f"{out}\t")
    assert "map@5" in done.stderr
    done = CliRunner().invoke(app, ["export", str(out), "--out", str(bundle)])
    assert done.exit_code == 0
    assert done.stdout == f"{bundle}\n"
    assert load_encoder(bundle, threads=1).dim == 8


def test_a_bad_recipe_is_a_user_error(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        app, ["train", "center-loss", "--data", "none.parquet", "--out", str(tmp_path / "x"), "input.fit=maybe"]
    )
    assert isinstance(done.exception, RecipeError)
    assert "'maybe'" in str(done.exception)


def test_the_file_imports_nothing_heavy() -> None:
    import subprocess
    import sys

    program = "import sys, streetshop.cli.lab_train; print('torch' in sys.modules, 'numpy' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told.split() == ["False", "False"]
