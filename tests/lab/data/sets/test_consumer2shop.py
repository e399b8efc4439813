"""Tests of ``lab.data.sets.consumer2shop``."""

from __future__ import annotations

from pathlib import Path

from streetshop.lab.data import read_dataset
from tests.lab.data.trees import picture, text

S = "img/CLOTHING/Blouse/id_00000001/shop_01.jpg"
U = "img/CLOTHING/Blouse/id_00000001/comsumer_01.jpg"
V = "img/CLOTHING/Blouse/id_00000001/comsumer_02.jpg"
W = "img/DRESSES/Dress/id_00000009/comsumer_01.jpg"
X = "img/DRESSES/Dress/id_00000009/shop_01.jpg"


def tree(root: Path) -> Path:
    picture(root / "Img" / S, 225, 300)
    picture(root / "Img" / U, 200, 300)
    picture(root / "Img" / V, 400, 600)  # a high-resolution copy: twice the size that boxes are for
    picture(root / "Img" / W, 300, 300)
    picture(root / "Img" / X, 300, 200)
    text(
        root / "Eval" / "list_eval_partition.txt",
        "4\nimage_pair_name_1 image_pair_name_2 item_id evaluation_status\n"
        f"{U}   {S}  id_00000001   train\n"
        f"{V} {S} id_00000001 train\n"
        f"{W} {X} id_00000009 test\n"
        f"{W} {X} id_00000009 val\n",
    )
    text(
        root / "Anno" / "list_bbox_consumer2shop.txt",
        "4\nimage_name clothes_type source_type x_1 y_1 x_2 y_2\n"
        f"{S} 1 1 020 030 200 280\n"
        f"{U} 1 2 10 20 110 220\n"
        f"{V} 1 2 10 20 110 220\n"
        f"{W} 3 1 10 10 290 290\n",
    )
    return root


def test_layout_and_traps(tmp_path: Path) -> None:
    reading = read_dataset("consumer2shop", tree(tmp_path))
    rows = {row.image.removeprefix("Img/"): row for row in reading.manifest}
    assert set(rows) == {S, U, V, W, X}  # the shop picture of two pairs is one row
    assert (rows[S].domain, rows[U].domain, rows[V].domain) == ("shop", "street", "street")
    assert rows[U].category == "clothing/blouse"
    assert rows[S].product_id == rows[U].product_id == "id_00000001"
    assert (rows[S].split, rows[W].split) == ("train", "test")
    assert reading.offered == 5


def test_corner_boxes_are_scaled_to_the_true_size(tmp_path: Path) -> None:
    rows = {row.image.removeprefix("Img/"): row for row in read_dataset("consumer2shop", tree(tmp_path)).manifest}
    assert rows[U].box == (10, 20, 110, 220)  # corners, not left, top, width, height
    assert rows[V].box == (20, 40, 220, 440)


def test_source_type_decides_and_the_rest_is_reported(tmp_path: Path) -> None:
    reading = read_dataset("consumer2shop", tree(tmp_path))
    rows = {row.image.removeprefix("Img/"): row for row in reading.manifest}
    assert rows[W].domain == "shop"  # its source_type is 1, whatever its name says
    assert (rows[X].domain, rows[X].box) == ("shop", None)  # no line in the list of boxes
    reasons = [r.reason for r in reading.refusals if r.kept]
    assert any("source_type says shop" in r for r in reasons)
    assert any("no line in list_bbox" in r for r in reasons)
    assert sum("two splits" in r for r in reasons) == 2
