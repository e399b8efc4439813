"""What the tests of the commands share."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.catalog.filled import filled_catalog, square


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with ``shop.catalog``, its ``encoder``, and the photos ``blue.png``, ``red.png`` and ``bad.jpg``."""
    folder = tmp_path_factory.mktemp("shop")
    store, _ = filled_catalog(folder)
    store.close()
    Image.fromarray(square("blue", "checks")).save(folder / "blue.png")
    Image.fromarray(square("red", "stripes")).save(folder / "red.png")
    (folder / "bad.jpg").write_text("<html>404</html>")
    return folder
