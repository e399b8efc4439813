from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from streetshop.models import Encoder
from tests.catalog.filled import filled_catalog
from tests.web.kinds_shop import kinds_catalog, kinds_reader
from tests.web.serving import BandReader, Running, running


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Encoder]:
    """A catalog that no test writes to, and its encoder."""
    folder = tmp_path_factory.mktemp("shop")
    store, encoder = filled_catalog(folder)
    store.close()
    return folder / "shop.catalog", encoder


@pytest.fixture(scope="session")
def server(shop: tuple[Path, Encoder]) -> Iterator[Running]:
    with running(*shop, reader=BandReader()) as up:
        yield up


@pytest.fixture(scope="session")
def kinds_shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Encoder]:
    """A catalog of products with kinds and designs that no test writes to, and its encoder."""
    return kinds_catalog(tmp_path_factory.mktemp("kinds"))


@pytest.fixture(scope="session")
def kinds_server(kinds_shop: tuple[Path, Encoder]) -> Iterator[Running]:
    with running(*kinds_shop, reader=kinds_reader()) as up:
        yield up


@pytest.fixture
def client(server: Running) -> Iterator[httpx.Client]:
    with server.client() as open_client:
        yield open_client


@pytest.fixture
def own_shop(tmp_path: Path) -> tuple[Path, Encoder]:
    """A catalog to write to."""
    store, encoder = filled_catalog(tmp_path)
    store.close()
    return tmp_path / "shop.catalog", encoder
