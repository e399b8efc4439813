"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# The machine may be busy with other tests: a slow example is no failure.
settings.register_profile("streetshop", deadline=None)
settings.load_profile("streetshop")

# ranx and UMAP compile themselves for a minute; on a few dozen rows they are quicker interpreted. Set before they load.
os.environ.setdefault("NUMBA_DISABLE_JIT", "1")
# The workers share the cores: threads that spin while they wait for each other take minutes. Set before NumPy loads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole pages of commands first: as the last ones, they would keep one worker while the other has nothing left."""
    items.sort(key=lambda item: item.originalname != "test_commands_run" if isinstance(item, pytest.Function) else True)


@pytest.fixture(scope="session")
def data_root() -> Path:
    """Folder of real photographs (`ccp`, `clothing`); skips where there is none."""
    root = Path(os.environ.get("STREETSHOP_DATA", ROOT.parent / "shared" / "data"))
    if not (root / "clothing" / "images.csv").is_file():
        pytest.skip(f"no real photographs at {root}: set STREETSHOP_DATA")
    return root
