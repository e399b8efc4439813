from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.lab.data.sample import Sample
from tests.lab.evaluate.drawn import drawn_items


@pytest.fixture(scope="session")
def items(tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    folder: Path = tmp_path_factory.mktemp("drawn")
    return drawn_items(folder)
