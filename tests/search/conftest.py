from __future__ import annotations

from collections.abc import Iterator

import pytest

from streetshop.catalog.store import Store
from streetshop.models import Encoder
from tests.catalog.filled import filled_catalog


@pytest.fixture(scope="package")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Encoder]]:
    """A catalog that no test writes to, and its encoder."""
    store, encoder = filled_catalog(tmp_path_factory.mktemp("shop"))
    yield store, encoder
    store.close()
