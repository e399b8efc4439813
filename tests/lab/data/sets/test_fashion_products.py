"""Kaggle's fashion products."""

from __future__ import annotations

from pathlib import Path

from streetshop.lab.data import read_dataset
from tests.lab.data.trees import picture, text

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
