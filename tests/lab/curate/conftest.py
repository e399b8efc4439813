"""Drawn pictures with features, made once: computing them is what takes time."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from streetshop.lab.curate import Curation
from streetshop.lab.curate.claims import read_reviews, with_claims
from streetshop.lab.curate.encoders import EncoderChoice
from streetshop.lab.curate.features import run_features
from streetshop.lab.data.manifest import Manifest
from tests.lab.curate.drawn import CATEGORIES, garment, shop_pictures

SMALL = EncoderChoice(size=64)


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A curation folder with features, not to be changed: ``curation`` is a copy of it."""
    root = tmp_path_factory.mktemp("shop")
    curation = Curation.create(root / "curation", shop_pictures(root / "pictures"))
    run_features(curation, SMALL, cache=root / "cache")
    return curation.folder


@pytest.fixture
def curation(embedded: Path, tmp_path: Path) -> Curation:
    """A curation of the drawn shop, its features computed."""
    shutil.copytree(embedded, tmp_path / "curation")
    return Curation.open(tmp_path / "curation")


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """The shop with a folder of street pictures: product number n of each category, at another place."""
    root = tmp_path_factory.mktemp("shop")
    manifest = shop_pictures(root, products=8, shots=1, tables=0)
    (root / "street").mkdir()
    for category in CATEGORIES:
        for number in range(3):
            garment(category, number, 2).save(root / "street" / f"{category}-{number}.png")
    return manifest


@pytest.fixture
def claiming(shop: Manifest, tmp_path: Path) -> Curation:
    """Twelve claims, of which the last of each category names the wrong product, and the last hat a shirt."""
    lines = ["review,product,picture"]
    for category in CATEGORIES:
        for number in range(3):
            product = f"{category}-{number}" if number < 2 else f"{category}-7"
            lines.append(f"{category}{number},{product},street/{category}-{number}.png")
    lines[-1] = "hat2,shirt-5,street/hat-2.png"
    (tmp_path / "reviews.csv").write_text("\n".join(lines))
    claims = read_reviews(tmp_path / "reviews.csv", shop)
    curation = Curation.create(tmp_path / "out", with_claims(shop, [claims]))
    run_features(curation, SMALL, cache=shop.root / "cache")
    return curation


@pytest.fixture
def small(tmp_path: Path) -> Manifest:
    return shop_pictures(tmp_path / "pictures", products=2, shots=1, tables=2)
