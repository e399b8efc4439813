"""Tests of ``lab.data.sets.inshop``."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.core.errors import DatasetError
from streetshop.lab.data import read_dataset
from tests.lab.data.trees import picture, text

A = "img/WOMEN/Dresses/id_00000002/02_1_front.jpg"
B = "img/WOMEN/Dresses/id_00000002/02_3_back.jpg"
C = "img/MEN/Denim/id_00000080/01_4_full.jpg"
D = "img/MEN/Denim/id_00000081/01_6_flat.jpg"
GONE = "img/MEN/Denim/id_00000081/01_2_side.jpg"


def tree(root: Path) -> Path:
    for name in (A, B, C):
        picture(root / "Img" / name, 256, 256)
    picture(root / "Img" / D, 750, 1101)
    text(
        root / "Eval" / "list_eval_partition.txt",
        "6\nimage_name item_id evaluation_status\n"
        f"{A}                 id_00000002 query\n"
        f"{B}      id_00000002    gallery\n"
        f"{C}\t \tid_00000080 train\n"
        f"{D} id_00000081 train\n"
        f"{GONE} id_00000081 train\n"
        f"{A} id_00000002 validation\n",
    )
    text(
        root / "Anno" / "list_bbox_inshop.txt",
        "4\nimage_name clothes_type pose_type x_1 y_1 x_2 y_2\n"
        f"{A}     3 1 057 049 189 237\n"
        f"{B}  3 3 10 20 10 30\n"
        f"{C} 2 4 069 063 192 217\n"
        f"{D} 2 6 10 20 200 210\n",
    )
    text(
        root / "Anno" / "list_landmarks_inshop.txt",
        "2\nimage_name clothes_type variation_type landmark_visibility_1 landmark_location_x_1 landmark_location_y_1\n"
        f"{A} 3 1 0 116 063 1 133 061 2 000 000\n"
        f"{C} 2 1 0 116\n",
    )
    text(root / "Anno" / "list_item_inshop.txt", "3\nid_00000002\nid_00000080\nid_00000081\n")
    text(root / "Anno" / "list_attr_items.txt", "1\nitem_id attribute_labels\nid_00000002  -1 1  -1 1\n")
    return root


def test_layout_and_traps(tmp_path: Path) -> None:
    reading = read_dataset("inshop", tree(tmp_path))
    rows = {row.image.removeprefix("Img/"): row for row in reading.manifest}
    assert set(rows) == {A, B, C, D}
    a = rows[A]
    assert (a.product_id, a.category, a.split, a.role, a.view, a.domain) == (
        "id_00000002",
        "women/dresses",
        "test",
        "query",
        "front",
        "shop",
    )
    assert a.box == (57, 49, 189, 237)  # corners, leading zeros
    assert a.attributes["labels"] == ["attribute 1", "attribute 3"]
    assert a.attributes["gender"] == "women"
    assert (rows[B].role, rows[B].view, rows[B].box) == ("gallery", "back", None)
    assert (rows[C].split, rows[C].role, rows[C].view) == ("train", "", "full")
    assert rows[D].view == "flat"
    reasons = {(r.where, r.reason.split(":")[0], r.kept) for r in reading.refusals}
    assert ("list_eval_partition.txt:7", "missing file", False) in reasons
    assert ("list_eval_partition.txt:8", "malformed line", False) in reasons
    assert ("list_eval_partition.txt:4", "empty or malformed box, kept without it", True) in reasons
    assert ("list_eval_partition.txt:6", "the box is for the 256 x 256 picture, kept without it", True) in reasons
    assert ("list_landmarks_inshop.txt:4", "malformed landmarks", True) in reasons
    assert reading.offered == 6
    assert len(reading.refused) == 2
    assert "commercial" in reading.manifest.licence


def test_landmark_visibility_zero_is_visible(tmp_path: Path) -> None:
    """The file's 0 is visible and its 2 is cut off; COCO and the manifest have it the other way round."""
    reading = read_dataset("inshop", tree(tmp_path))
    row = next(r for r in reading.manifest if r.image.endswith(A))
    assert row.attributes["landmarks"] == [[116, 63, 2], [133, 61, 1], [0, 0, 0]]


def test_partition_at_the_root_and_pictures_without_img_folder(tmp_path: Path) -> None:
    picture(tmp_path / A, 256, 256)
    text(tmp_path / "list_eval_partition.txt", f"1\nimage_name item_id evaluation_status\n{A} id_00000002 query\n")
    reading = read_dataset("inshop", tmp_path)
    assert [r.image for r in reading.manifest] == [A]
    assert any("no boxes" in r.reason for r in reading.refusals)


def test_a_cut_off_list_is_noticed(tmp_path: Path) -> None:
    picture(tmp_path / A, 256, 256)
    text(tmp_path / "list_eval_partition.txt", f"52712\nimage_name item_id evaluation_status\n{A} id_00000002 query\n")
    reading = read_dataset("inshop", tmp_path)
    assert any("1, not 52712" in r.reason and r.kept for r in reading.refusals)


def test_the_official_counts_of_the_item_list_have_no_column_line(tmp_path: Path) -> None:
    """Were line 2 taken for column names, the first item would be unknown."""
    root = tree(tmp_path)
    reading = read_dataset("inshop", root)
    assert not any("not in list_item_inshop" in r.reason for r in reading.refusals)
    text(root / "Anno" / "list_item_inshop.txt", "2\nid_00000080\nid_00000081\n")
    again = read_dataset("inshop", root)
    assert sum("not in list_item_inshop" in r.reason for r in again.refusals) == 2


@pytest.mark.parametrize("what", ["partition", "pictures", "count"])
def test_missing_parts_are_one_clear_error(tmp_path: Path, what: str) -> None:
    root = tree(tmp_path)
    if what == "partition":
        (root / "Eval" / "list_eval_partition.txt").unlink()
    elif what == "pictures":
        (root / "Img").rename(root / "Pictures")
    else:
        text(root / "Eval" / "list_eval_partition.txt", "image_name item_id\n")
    with pytest.raises(DatasetError) as caught:
        read_dataset("inshop", root)
    assert str(root) in str(caught.value)
