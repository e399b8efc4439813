"""LookBook, DARN, Fashion144k, Kaggle's fashion products and the clothing set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streetshop.core.errors import DatasetError
from streetshop.lab.data import read_dataset
from tests.lab.data.trees import HTML, picture, text


@pytest.mark.parametrize("below", ["", "data"])
def test_lookbook(tmp_path: Path, below: str) -> None:
    for name in ("PID000000_CLEAN0_IID000001", "PID000000_CLEAN1_IID000002", "PID004364_CLEAN0_IID042790", "extra"):
        picture(tmp_path / below / f"{name}.jpg")
    text(tmp_path / below / "readme.md", "not a picture, not a row")
    reading = read_dataset("lookbook", tmp_path)
    rows = list(reading.manifest)
    assert [(r.product_id, r.domain) for r in rows] == [
        ("PID000000", "street"),
        ("PID000000", "shop"),
        ("PID004364", "street"),
    ]
    assert [(r.where, r.kept) for r in reading.refusals] == [("extra.jpg", False), ("PID004364", True)]
    assert reading.refusals[1].reason == "no product picture: makes no pair"


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


def fashion144k(root: Path) -> Path:
    text(root / "photos.txt", "photos/a.jpg,alice,3\n\nphotos/c.jpg,carol\nphotos/gone.jpg,x\n")
    picture(root / "photos" / "a.jpg", 256, 384)
    picture(root / "photos" / "c.jpg", 384, 256)
    (root / "feat").mkdir()
    np.save(root / "feat" / "feat_sin.npy", np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0], [0, 0, 0]], np.uint8))
    np.save(root / "feat" / "feat_col.npy", np.array([[0, 1], [0, 0], [1, 0], [0, 0]], np.uint8))
    text(root / "feat" / "singles.txt", "dress\njeans\nshoes\n")
    text(root / "feat" / "colours.txt", "black\nwhite\n")
    return root


def test_fashion144k_features_stay_with_their_line(tmp_path: Path) -> None:
    reading = read_dataset("fashion144k", fashion144k(tmp_path))
    rows = list(reading.manifest)
    assert [r.image for r in rows] == ["photos/a.jpg", "photos/c.jpg"]
    assert rows[0].attributes == {"singles": ["dress", "shoes"], "colours": ["white"]}
    assert rows[1].attributes == {"singles": ["jeans"], "colours": ["black"]}  # the blank line counts
    reasons = [(r.where, r.reason, r.kept) for r in reading.refusals]
    assert ("photos.txt:3", "not 256 x 384: 384 x 256", True) in reasons
    assert ("photos.txt:4", "missing file", False) in reasons


def test_fashion144k_refuses_features_of_another_download(tmp_path: Path) -> None:
    root = fashion144k(tmp_path)
    np.save(root / "feat" / "feat_col.npy", np.zeros((3, 2), np.uint8))
    with pytest.raises(DatasetError, match=r"photos\.txt has 4 lines"):
        read_dataset("fashion144k", root)
    np.save(root / "feat" / "feat_col.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(DatasetError, match="no NumPy array"):
        read_dataset("fashion144k", root)


STYLES = (
    "id,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,productDisplayName\n"
    "15970,Men,Apparel,Topwear,Shirts,Navy Blue,Fall,2011,Casual,Turtle Check Men Navy Blue Shirt\n"
    "6695,Women,Apparel,Topwear,Tops,Grey,Fall,2011,Casual,Inkfruit Women's Top, Grey, size M\n"
    "1163,Men,Apparel,Topwear,Tshirts,,Summer,2011,Sports,\n"
    "15970,Men,Apparel,Topwear,Shirts,Navy Blue,Fall,2011,Casual,Twice\n"
    "39386,Men,Apparel\n"
    "59263,Women,Accessories,Watches,Watches,Silver,Winter,2016,Casual,Gone\n"
)


def test_fashion_products_joins_unquoted_commas(tmp_path: Path) -> None:
    text(tmp_path / "styles.csv", STYLES)
    for product in ("15970", "6695", "1163"):
        picture(tmp_path / "images" / f"{product}.jpg")
    reading = read_dataset("fashion-products", tmp_path)
    rows = {r.product_id: r for r in reading.manifest}
    assert rows["6695"].attributes["productDisplayName"] == "Inkfruit Women's Top, Grey, size M"
    assert rows["6695"].category == "Tops"
    assert "baseColour" not in rows["1163"].attributes
    assert [(r.where, r.reason.split(":")[0]) for r in reading.refused] == [
        ("styles.csv:5", "the id was listed before"),
        ("styles.csv:6", "malformed line"),
        ("styles.csv:7", "missing file"),
    ]
    assert reading.offered == 6


def test_clothing(tmp_path: Path) -> None:
    text(
        tmp_path / "images.csv",
        "image,sender_id,label,kids\n"
        "a,124,Not sure,False\nb,7,T-Shirt,True\nc,7,Skip,False\nd,7\ne,8,Pants,False\nf,8,Hat,False\n",
    )
    for name in "abc":
        picture(tmp_path / "images" / f"{name}.jpg")
    (tmp_path / "images" / "e.jpg").write_bytes(HTML)
    reading = read_dataset("clothing", tmp_path)
    rows = {r.image: r for r in reading.manifest}
    assert {i: (r.category, r.group, r.attributes["kids"]) for i, r in rows.items()} == {
        "images/a.jpg": ("", "124", False),
        "images/b.jpg": ("T-Shirt", "7", True),
        "images/c.jpg": ("", "7", False),
    }
    assert [(r.where, r.kept) for r in reading.refusals] == [
        ("images.csv:2", True),
        ("images.csv:4", True),
        ("images.csv:5", False),
        ("images.csv:6", False),
        ("images.csv:7", False),
    ]
    assert [r.reason.split(":")[0] for r in reading.refused] == [
        "malformed line",
        "an HTML page, not a picture",
        "missing file",
    ]
