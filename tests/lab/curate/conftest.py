"""A pile with features, made once: computing them is what takes time."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from streetshop.lab.curate import Curation
from streetshop.lab.curate.encoders import EncoderChoice
from streetshop.lab.curate.features import run_features
from tests.lab.curate.drawn import pile

SMALL = EncoderChoice(size=64)


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A curation folder with features, not to be changed: ``curation`` is a copy of it."""
    root = tmp_path_factory.mktemp("pile")
    curation = Curation.create(root / "curation", pile(root / "pictures"))
    run_features(curation, SMALL, cache=root / "cache")
    return curation.folder


@pytest.fixture
def curation(embedded: Path, tmp_path: Path) -> Curation:
    """A curation of the drawn pile, its features computed."""
    shutil.copytree(embedded, tmp_path / "curation")
    return Curation.open(tmp_path / "curation")
