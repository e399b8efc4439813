"""Tests of ``lab.data.sets.street2shop``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from streetshop.lab.data import read_dataset
from tests.lab.data.trees import HTML, picture, text


def bbox(left: float, top: float, width: float, height: float) -> dict[str, float]:
    return {"left": left, "top": top, "width": width, "height": height}


def tree(root: Path, photos: str | None = None) -> Path:
    text(
        root / "photos" / "photos.txt",
        photos
        or "000000001,http://a.example/x,y,z.jpg\n000000002,http://a.example/2.jpg\n000000003,http://a.example/3\nbroken\n",
    )
    picture(root / "images" / "000000001.jpeg")
    picture(root / "images" / "000000002.jpg")
    (root / "images" / "000000003.jpg").write_bytes(HTML)
    (root / "images" / "000000004.jpg").write_bytes(b"")
    picture(root / "images" / "000000005.png")
    pairs: dict[str, Any] = {
        "train_pairs_dresses": [{"photo": 1, "product": 10, "bbox": bbox(1, 2, 10, 20)}],
        "test_pairs_dresses": [
            {"photo": 2, "product": 11, "bbox": bbox(5, 5, 100, 10)},  # reaches over the edge
            {"photo": 2, "product": 12, "bbox": bbox(5, 5, 9, 10)},
            {"photo": 2, "product": 13, "bbox": {}},
            {"photo": 2, "product": 14, "bbox": bbox(5, 5, 0, 10)},
            {"photo": 3, "product": 11, "bbox": bbox(1, 1, 5, 5)},
            {"photo": 4, "product": 11, "bbox": bbox(1, 1, 5, 5)},
            {"photo": 99, "product": 11, "bbox": bbox(1, 1, 5, 5)},
            {"photo": "x", "product": 11},
        ],
        "test_pairs_bags": [{"photo": 1, "product": 10, "bbox": bbox(3, 3, 4, 4)}],
    }
    shop = {
        "retrieval_dresses": [
            {"photo": 5, "product": 10},
            {"photo": 5, "product": 11},
            {"photo": 5, "product": 77},
            {"photo": 5, "product": 77},
        ],
        "retrieval_bags": [{"photo": 5, "product": 10}],
    }
    for name, entries in (pairs | shop).items():
        text(root / "meta" / "json" / f"{name}.json", json.dumps(entries))
    return root


def test_layout_and_traps(tmp_path: Path) -> None:
    reading = read_dataset("street2shop", tree(tmp_path))
    street = [r for r in reading.manifest if r.domain == "street"]
    shop = [r for r in reading.manifest if r.domain == "shop"]
    assert [(r.image, r.product_id, r.split, r.box) for r in street] == [
        ("images/000000001.jpeg", "bags/10", "test", (3, 3, 7, 7)),
        ("images/000000002.jpg", "dresses/11", "test", (5, 5, 32, 15)),
        ("images/000000002.jpg", "dresses/12", "test", (5, 5, 14, 15)),
        ("images/000000001.jpeg", "dresses/10", "train", (1, 2, 11, 22)),
    ]
    assert [(r.product_id, r.split) for r in shop] == [
        ("bags/10", "test"),
        ("dresses/10", "train"),  # not the bag of the same number
        ("dresses/11", "test"),
        ("dresses/77", ""),  # a distractor
    ]
    assert street[0].group == street[3].group == "photo 1"
    reasons = sorted(r.reason.split(":")[0] for r in reading.refused)
    assert reasons == [
        "an HTML page, not a picture",
        "empty file",
        "empty or malformed box",
        "empty or malformed box",
        "listed before",
        "malformed entry",
        "missing file",
    ]
    assert reading.offered == len(reading.manifest) + len(reading.refused)


def test_only_the_first_comma_parts_number_and_address(tmp_path: Path) -> None:
    reading = read_dataset("street2shop", tree(tmp_path))
    row = next(r for r in reading.manifest if r.image == "images/000000001.jpeg")
    assert row.attributes["url"] == "http://a.example/x,y,z.jpg"
    assert any(r.where == "photos.txt:4" and "malformed line" in r.reason for r in reading.refusals)


def test_surviving_counts_are_in_the_summary(tmp_path: Path) -> None:
    summary = read_dataset("street2shop", tree(tmp_path)).summary()
    assert (summary["offered"], summary["rows"], summary["refused"]) == (15, 8, 7)
    assert summary["by_domain"] == {"shop": 4, "street": 4}


@pytest.mark.parametrize("category", ["belts", "tops"])
def test_absent_categories_are_named(tmp_path: Path, category: str) -> None:
    reading = read_dataset("street2shop", tree(tmp_path))
    assert any(r.where == f"retrieval_{category}.json" and r.reason == "missing file" for r in reading.refusals)
