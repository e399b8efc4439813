"""DARN."""

from __future__ import annotations

from pathlib import Path

from streetshop.lab.data import read_dataset
from tests.lab.data.trees import picture, text


def test_darn(tmp_path: Path) -> None:
    for name in ("street/1.jpg", "street/2.jpg", "shop/1.jpg", "shop/9.jpg"):
        picture(tmp_path / name)
    text(
        tmp_path / "train_pair.txt",
        "street/1.jpg shop/1.jpg 0 3 55 -1 1 1 1 1 1 1\nstreet/2.jpg  shop/1.jpg 0 3 57 -1 1 1 1 1 1 1\nstreet/3.jpg\n",
    )
    text(tmp_path / "test_shop.txt", "shop/9.jpg 5 -1 -1 -1 -1 -1 -1 -1 -1 -1\nshop/1.jpg 0 3 55 -1 1 1 1 1 1 1\n")
    reading = read_dataset("darn", tmp_path)
    rows = {r.image: r for r in reading.manifest}
    assert {i: (r.domain, r.product_id, r.split) for i, r in rows.items()} == {
        "street/1.jpg": ("street", "0", "train"),  # item 0 is an item
        "street/2.jpg": ("street", "0", "train"),
        "shop/1.jpg": ("shop", "0", "train"),
        "shop/9.jpg": ("shop", "5", "test"),
    }
    assert rows["street/1.jpg"].attributes == {
        "category": 3, "colour": 55, "collar": 1, "pattern": 1, "sleeve_shape": 1, "sleeve_length": 1, "button": 1,
        "length": 1,
    }  # fmt: skip
    assert rows["shop/9.jpg"].attributes == {}  # -1 is missing, not a value
    assert "colour" not in rows["street/2.jpg"].attributes
    assert [(r.where, r.kept) for r in reading.refusals] == [("train_pair.txt:2", True), ("train_pair.txt:3", False)]
