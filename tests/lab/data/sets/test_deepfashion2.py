"""Tests of ``lab.data.sets.deepfashion2``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from streetshop.lab.data import read_dataset
from streetshop.lab.data.masks import load_mask
from tests.lab.data.trees import picture, text


def item(style: int, category: int = 1, box: list[float] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "category_id": category,
        "category_name": "short sleeve top",
        "style": style,
        "bounding_box": box or [2, 3, 20, 30],
        "segmentation": [[2, 3, 20, 3, 20, 30, 2, 30]],
        "landmarks": [5, 6, 2, 0, 0, 0],
        "scale": 2,
        "occlusion": 1,
        "zoom_in": 1,
        "viewpoint": 2,
        **more,
    }


def anno(root: Path, folder: str, number: str, source: str, pair: int, **items: Any) -> None:
    picture(root / folder / "image" / f"{number}.jpg")
    text(root / folder / "annos" / f"{number}.json", json.dumps({"source": source, "pair_id": pair, **items}))


def test_products_are_pair_and_style(tmp_path: Path) -> None:
    anno(tmp_path, "train", "000001", "user", 7, item1=item(1), item2=item(0, 8))
    anno(tmp_path, "train", "000002", "shop", 7, item1=item(2), item2=item(1), item10=item(1, 13, [0, 0, 9, 9]))
    anno(tmp_path, "validation", "000001", "user", 7, item1=item(1, viewpoint=1))
    anno(tmp_path, "validation", "000002", "user", 8, item1=item(1, 14), item2=item(1, box=[5, 5, 5, 9]))
    text(tmp_path / "train" / "annos" / "000003.json", '{"source": "user"')
    reading = read_dataset("deepfashion2", tmp_path)
    rows = list(reading.manifest)
    assert [(r.image[:16], r.product_id, r.category) for r in rows] == [
        ("train/image/0000", "train/7/1", "short sleeve top"),
        ("train/image/0000", "", "trousers"),  # style 0: no product
        ("train/image/0000", "train/7/2", "short sleeve top"),
        ("train/image/0000", "train/7/1", "short sleeve top"),
        ("train/image/0000", "train/7/1", "sling dress"),
        ("validation/image", "val/7/1", "short sleeve top"),  # pair 7 of another split is another pair
    ]
    assert {r.domain for r in rows if r.image == "train/image/000002.jpg"} == {"shop"}
    assert rows[0].box == (2, 3, 20, 30)
    assert rows[0].attributes["landmarks"] == [[5, 6, 2], [0, 0, 0]]
    assert (rows[0].view, rows[5].view) == ("front", "flat")
    assert load_mask(rows[0].mask or "", tmp_path, 32, 48).sum() > 400
    reasons = sorted(r.reason.split(":")[0] for r in reading.refused)
    assert reasons == ["category_id out of range", "empty box", "unreadable annotation"]
    assert reading.offered == 9
