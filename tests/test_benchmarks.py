"""A benchmark that fails must not print a figure: they run, small, with the shipped models."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("arguments", "figure"),
    [
        (("indexing.py", "--pictures", "16", "--rounds", "1"), r"ratio (\d+\.\d+)"),
        (("catalog_search.py", "--n", "1000", "--queries", "5", "--json"), r'"recall": (\d\.\d+)'),
        (("page.py", "--n", "1000", "--rounds", "2", "--json"), r'"photo to products": (\d+\.\d+)'),
        (("search_kinds.py", "--n", "1000", "--queries", "5", "--json"), r'"two kinds, 11 %": \{"ms": (\d+\.\d+)'),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_it_runs_and_prints_its_figure(arguments: tuple[str, ...], figure: str) -> None:
    script, *options = arguments
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / script), *options], capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Traceback" not in done.stderr, done.stderr[-2000:]
    found = re.search(figure, done.stdout)
    assert found, done.stdout
    assert float(found[1]) > 0, done.stdout


def test_a_plain_loop_that_fails_ends_the_benchmark(tmp_path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "indexing.py"), str(tmp_path), "--rounds", "1"],
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode != 0
    assert "ratio" not in done.stdout
