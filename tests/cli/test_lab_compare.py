"""``streetshop lab compare`` as a user types it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from streetshop.cli.lab_compare import compare
from streetshop.core.errors import RunError, UsageError
from streetshop.lab.data.manifest import Manifest
from tests.lab.compare.trained import draw_split, train_two

pytestmark = pytest.mark.lab

app = typer.Typer()
app.command()(compare)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("compared")
    train_two(draw_split(home / "squares"), home / "runs")
    return home


def _run(home: Path, *more: str) -> tuple[str, str]:
    runs = [str(home / "runs" / name) for name in ("unit", "loose")]
    data = str(home / "squares" / "manifest.parquet")
    done = CliRunner().invoke(app, [*runs, "--data", data, "--threads", "1", *more], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout, done.stderr


def test_a_table_on_stdout_and_a_report(home: Path) -> None:
    told, said = _run(home, "--out", str(home / "report.html"), "--pair", "loose:unit")
    fingerprint = Manifest.read(home / "squares" / "manifest.parquet").fingerprint
    assert told.startswith(f"Measured on squares, fingerprint `{fingerprint}`.")
    for row in (
        "| method | R@1 |",
        "| unit | ",
        "| loose, cosine | ",
        "| unit − loose | ",
        "| method | what | CPU s |",
    ):
        assert row in told
    assert f"wrote {home / 'report.html'}" in said
    assert fingerprint in (home / "report.html").read_text()


def test_json_is_one_document_with_every_metric(home: Path) -> None:
    told, _ = _run(home, "--json", "--protocol", "map-min")
    values = json.loads(told)
    assert [m["name"] for m in values["methods"]] == ["unit", "loose", "loose, cosine"]
    assert list(values["protocols"]) == ["map-min"]
    assert "map@24/min" in values["methods"][0]["results"][0]["metrics"]


def test_mistakes_of_the_user_are_typed(home: Path) -> None:
    data = str(home / "squares" / "manifest.parquet")
    for arguments, kind, word in (
        ([str(home), "--data", data], RunError, "no run folder"),
        (["--data", data], UsageError, "nothing to compare"),
        (["--data", data, "--baseline", "colour", "--pair", "colour"], UsageError, "--pair 'colour'"),
    ):
        error = CliRunner().invoke(app, arguments).exception
        assert isinstance(error, kind)
        assert word in str(error)


def test_the_file_imports_nothing_heavy() -> None:
    program = "import sys, streetshop.cli.lab_compare; print('torch' in sys.modules, 'numpy' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told.split() == ["False", "False"]
