from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.compare.trained import draw_split, train_two


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_split(tmp_path_factory.mktemp("squares"))


@pytest.fixture(scope="session")
def runs(manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return train_two(manifest, tmp_path_factory.mktemp("runs"))
