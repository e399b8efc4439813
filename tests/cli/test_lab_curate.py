"""``streetshop lab curate`` from the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
from typer.testing import CliRunner

from streetshop.cli.app import app
from streetshop.core.errors import CurateError, UsageError
from streetshop.lab.data.manifest import Manifest
from tests.lab.curate.drawn import garment, shop_pictures

CURATE = ["lab", "curate"]


def curate(*arguments: object) -> str:
    result = CliRunner().invoke(app, [*CURATE, *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A manifest ``m.parquet``, reviews of it, and one ``run`` over both in ``out``."""
    root = tmp_path_factory.mktemp("cli")
    shop_pictures(root / "pictures", products=6, shots=2, tables=12).write(root / "m.parquet")
    garment("hat", 1, 2).save(root / "pictures" / "worn.png")
    (root / "reviews.csv").write_text("review,product,picture\n1,hat-1,worn.png\n2,hat-1,none.png\n")
    begin = ("--data", root / "m.parquet", "--reviews", root / "reviews.csv", "--size", 64)
    output = curate("run", root / "out", *begin, "--algorithm", "kmeans", "--accept-suggested")
    (root / "output").write_text(output)
    return root


def test_run_does_every_step_and_leaves_what_it_says(place: Path) -> None:
    output = (place / "output").read_text()
    for step in ("features", "clusters", "duplicates", "pairs", "split"):
        assert f"{step}: " in output
    assert output.splitlines()[-2:] == [str(place / "out" / "report.html"), str(place / "out" / "card.md")]
    curated = Manifest.read(place / "out" / "curated.parquet")
    assert not any("table" in image for image in curated.column("image"))
    assert set(curated.column("split")) == {"train", "val", "test"}


def test_steps_one_by_one_as_json(place: Path) -> None:
    summary = json.loads(curate("features", place / "out", "--size", 64, "--json"))
    assert summary["computed"] == 0
    assert summary["rows"] == 61
    summary = json.loads(curate("clusters", place / "out", "--json"))
    labels = "\n".join(
        f"{row},{'noise' if 'table' in image else 'clean'}"
        for row, image in enumerate(Manifest.read(place / "out" / "manifest.parquet").column("image"))
    )
    fingerprint = json.loads((place / "out" / "curation.json").read_text())["fingerprint"]
    path = place / "out" / "decisions" / "pictures.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"# streetshop decisions: pictures of {fingerprint}\n{labels}\n")
    assert json.loads(curate("noise", place / "out", "--json"))["dropped"] == 12
    assert "  precision: 1.000 [" in curate("noise", place / "out")
    for step in ("duplicates", "pairs"):
        curate(step, place / "out")
    assert "  leaks: 0\n" in curate("split", place / "out")
    for step in ("duplicates", "pairs", "split"):
        assert "dropped" in json.loads(curate(step, place / "out", "--json"))
    assert "labelled noise" in (place / "out" / "card.md").read_text() or curate("report", place / "out")


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("features", "{}/none"), "no such file"),
        (("clusters", "{}/out", "--algorithm", "dbscan"), "Use hdbscan or kmeans"),
        (("duplicates", "{}/out", "--method", "sift"), "Use search or umap"),
        (("split", "{}/out", "--shares", "80/20"), "--shares '80/20'"),
        (("label", "{}/out", "products"), "Use pictures or clusters or pairs"),
        (("features", "{}/out", "--reviews", "{}/reviews.csv"), "belong to --data"),
        (("features", "{}/pictures", "--data", "{}/m.parquet"), "holds something else"),
    ],
)
def test_bad_input_is_one_error(place: Path, arguments: tuple[str, ...], what: str) -> None:
    with pytest.raises((CurateError, UsageError)) as caught:
        curate(*(argument.format(place) for argument in arguments))
    assert what in str(caught.value)


def test_an_error_ends_with_code_two_and_no_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "streetshop", *CURATE, "report", str(tmp_path / "none")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
