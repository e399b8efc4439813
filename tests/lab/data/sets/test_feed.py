"""Tests of ``lab.data.sets.feed``."""

from __future__ import annotations

from pathlib import Path

from streetshop.lab.data import read_dataset
from tests.lab.data.trees import picture, text


def test_google_merchant_columns(tmp_path: Path) -> None:
    for name in ("a.jpg", "a2.jpg", "b.jpg"):
        picture(tmp_path / "shots" / name)
    text(
        tmp_path / "feed.csv",
        "id,title,link,image_link,additional_image_link,price,availability,product_type,color\n"
        'A,"Coat, grey",https://shop.example/a,shots/a.jpg,shots/a2.jpg,19.99 USD,in_stock,coats,grey\n'
        "B,Dress,https://shop.example/b,shots/b.jpg,,5.00 USD,in_stock,dresses,red\n"
        "C,Hat,https://shop.example/c,https://cdn.example/c.jpg,,5.00 USD,in_stock,hats,red\n"
        ",No id,https://shop.example/d,shots/b.jpg,,5.00 USD,in_stock,hats,red\n"
        "E,Lost,https://shop.example/e,shots/e.jpg,,5.00 USD,in_stock,hats,red\n",
    )
    reading = read_dataset("feed", tmp_path / "feed.csv")
    rows = list(reading.manifest)
    assert [(r.image, r.product_id) for r in rows] == [
        ("shots/a.jpg", "A"),
        ("shots/a2.jpg", "A"),
        ("shots/b.jpg", "B"),
    ]
    assert {r.domain for r in rows} == {"shop"}
    assert rows[0].attributes["title"] == "Coat, grey"
    assert rows[0].attributes["price"] == 19.99
    assert reading.manifest.root == tmp_path
    reasons = " | ".join(r.reason for r in reading.refused)
    assert len(reading.refused) == 3
    assert "download it first: https://cdn.example/c.jpg" in reasons
    assert "missing file" in reasons
