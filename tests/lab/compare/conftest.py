from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.lab.compare import Comparison, compare_runs
from tests.lab.compare.trained import draw_split, train_two


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_split(tmp_path_factory.mktemp("squares"))


@pytest.fixture(scope="session")
def runs(manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return train_two(manifest, tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="session")
def comparison(manifest: Path, runs: list[Path]) -> Comparison:
    return compare_runs(runs, manifest, threads=1)
