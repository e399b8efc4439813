"""The bundle of attribute heads, made of a catalog of labelled pictures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from streetshop.catalog.open import create_catalog
from streetshop.catalog.store import CatalogMeta, Entry
from streetshop.core.errors import BundleError, DatasetError
from streetshop.core.records import Block, Product, Shot
from streetshop.lab.data.sets.clothing import read_hand_labels
from streetshop.lab.export.attributes import export_attributes
from streetshop.lab.train.attributes import ATTRIBUTES
from streetshop.models.attributes import AttributeHeads

DIM = 32
FINGERPRINT = "f" * 64
PATTERNS = next(each for each in ATTRIBUTES if each.name == "pattern").values


@pytest.fixture(scope="module")
def names() -> list[str]:
    return [name for name, labels in sorted(read_hand_labels().items()) if labels["pattern"] in PATTERNS][:1200]


def vectors_of(names: list[str]) -> dict[str, np.ndarray]:
    """Vectors that tell pattern, kind and colour: a direction for each label, and noise."""
    rng, labels = np.random.default_rng(0), read_hand_labels()
    directions = {text: rng.normal(size=DIM) for each in labels.values() for text in sorted(each.values())}
    found = {}
    for name in names:
        vector = sum((directions[text] for text in labels[name].values()), rng.normal(size=DIM, scale=0.3))
        found[name] = (vector / np.linalg.norm(vector)).astype(np.float32)
    return found


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> Path:
    """``pictures.catalog`` and ``images.csv`` with a sender for every four pictures."""
    folder = tmp_path_factory.mktemp("clothing")
    rows = [f"{name},{i // 4},T-Shirt,False" for i, name in enumerate(names)]
    (folder / "images.csv").write_text("\n".join(["image,sender_id,label,kids", *rows]) + "\n")
    store = create_catalog(
        str(folder / "pictures.catalog"), CatalogMeta("tiny 1", FINGERPRINT, (Block("style", DIM),), reader="none")
    )
    labels, vectors = read_hand_labels(), vectors_of(names)
    entries = []
    for name in names:
        shares = {"black": 0.9} if labels[name]["colour"] == "black" else {}
        shot = Shot(f"{name}.jpg", "0" * 64, {"colour": shares})
        entries.append(Entry(Product(f"images/{name}", shots=(shot,)), vectors[name][None], (b"",)))
    store.upsert(entries)
    store.close()
    return folder


def test_heads_are_fitted_measured_and_written(shop: Path, names: list[str], tmp_path: Path) -> None:
    export_attributes(str(shop / "pictures.catalog"), shop, tmp_path / "heads")
    heads = AttributeHeads(tmp_path / "heads")
    assert heads.spec.encoder == FINGERPRINT
    by_name = {head.name: head for head in heads.spec.heads}
    assert "plain" in by_name["pattern"].shown
    # No other colour was counted.
    assert by_name["colour"].shown == ("black",)
    labels, vectors = read_hand_labels(), vectors_of(names)
    found = [(heads.predict(vectors[n][None], "top").get("pattern"), PATTERNS[labels[n]["pattern"]]) for n in names]
    right = [each.value == truth for each, truth in found if each is not None]
    assert len(right) > 600
    assert np.mean(right) > 0.8
    report = json.loads((tmp_path / "heads" / "report.json").read_text())
    pattern = next(section for section in report["sections"] if section["title"] == "pattern")
    for value in by_name["pattern"].values:
        row = pattern["rows"].get(value) or pattern["rows"][f"{value} (left out)"]
        assert (value in by_name["pattern"].shown) == (value in pattern["rows"])
        if value in by_name["pattern"].shown:
            assert row[0]["value"] >= 0.8
            assert row[0]["count"] >= 8
    assert "left out" in (tmp_path / "heads" / "card.md").read_text()


def test_an_existing_bundle_and_pictures_of_another_data_set(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(BundleError, match="is there already"):
        export_attributes(str(shop / "pictures.catalog"), shop, tmp_path / "there")
    (tmp_path / "images.csv").write_text("image,sender_id,label,kids\nother,1,T-Shirt,False\n")
    with pytest.raises(DatasetError, match="no pictures of the splits"):
        export_attributes(str(shop / "pictures.catalog"), tmp_path, tmp_path / "new")
    assert not (tmp_path / "new").exists()
