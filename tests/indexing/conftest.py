"""What tests of indexing share."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.models import Encoder, load_encoder
from tests.indexing.shops import Shop
from tests.models.tiny import tiny_encoder


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    return load_encoder(tiny_encoder(tmp_path_factory.mktemp("tiny")), threads=1)


@pytest.fixture
def shop(tmp_path: Path, encoder: Encoder) -> Shop:
    return Shop(tmp_path, encoder)
