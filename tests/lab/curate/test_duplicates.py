"""Near duplicates: what is joined, which picture stays, and that products stay apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streetshop.lab.curate import Curation, duplicates
from streetshop.lab.curate.duplicates import choose, find_groups, group_of_rows, run_duplicates
from streetshop.lab.curate.encoders import EncoderChoice
from streetshop.lab.curate.features import run_features
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample
from tests.lab.curate.drawn import unit
from tests.lab.curate.test_alignment import COPIES, photo


def test_byte_equal_pictures_are_one_group_without_being_compared() -> None:
    thumbnails = np.zeros((2, 48, 48, 3), np.uint8)
    labels = find_groups(unit(2)[[0, 0, 1, 0]], thumbnails, np.array([0, 0, 1, 0]))
    assert labels[0] == labels[1] == labels[3] != labels[2]


def products(*names: str) -> np.ndarray:
    return np.array(names, dtype=object)


def pictures(*numbers: int) -> np.ndarray:
    return np.array([number.to_bytes(32, "big") for number in numbers], "V32")


def test_the_largest_picture_stays_then_the_heaviest() -> None:
    quality = np.array([[100, 9], [400, 5], [400, 7]])
    group = choose([0, 1, 2], products("p", "p", "p"), quality, np.arange(3), pictures(0, 1, 2))
    assert group.kept == (2,)
    assert group.rows == (2, 1, 0)
    assert group.products == ("p",)


def test_each_product_keeps_its_best_and_is_reported() -> None:
    quality = np.array([[1, 1], [3, 1], [2, 1], [4, 1]])
    group = choose([0, 1, 2, 3], products("p", "p", "q", ""), quality, np.arange(4), pictures(0, 1, 2, 3))
    assert set(group.kept) == {1, 2}
    assert group.products == ("p", "q")


def test_two_garments_of_one_photo_are_no_copies_but_the_same_row_twice_is() -> None:
    quality = np.ones((3, 2), int)
    group = choose([0, 1, 2], products("", "", ""), quality, np.array([0, 1, 0]), pictures(7, 7, 7))
    assert set(group.kept) == {0, 1}


@pytest.fixture
def copied(tmp_path: Path) -> Curation:
    """Twelve photos as products; the first five have copies; 5 and 6 share a picture; row 19 is a byte-equal copy."""
    root = tmp_path / "pictures"
    root.mkdir()
    rows = []
    for number in range(12):
        photo(number).save(root / f"{number}.png")
        rows.append(Sample(f"{number}.png", "shop", f"p{number}", group=f"p{number}"))
    for number, (kind, copy) in enumerate(COPIES.items()):
        copy(photo(number)).save(root / f"{kind}.jpg", quality=80)
        rows.append(Sample(f"{kind}.jpg", "shop", f"p{number}", group=f"sender {number}"))
    photo(5).resize((120, 160)).save(root / "stolen.png")
    rows.append(Sample("stolen.png", "shop", "p6", group="p6"))
    photo(7).resize((200, 260)).save(root / "unnamed.png")
    rows.append(Sample("unnamed.png", "street"))
    (root / "again.png").write_bytes((root / "8.png").read_bytes())
    rows.append(Sample("again.png", "shop", "p8"))
    curation = Curation.create(tmp_path / "out", Manifest.from_rows(rows, root))
    run_features(curation, EncoderChoice(size=160))
    return curation


def test_copies_go_and_products_stay_apart(copied: Curation, monkeypatch: pytest.MonkeyPatch) -> None:
    # Of twenty drawings, centring leaves little in common even to copies; of photographs it leaves 0.8 and more.
    monkeypatch.setattr(duplicates, "CANDIDATE", 0.2)
    summary = run_duplicates(copied)
    drops = copied.drops("duplicates")
    assert sorted(drops) == [*range(12, 17), 18, 19]
    assert drops[19] == "exact copy of row 8"
    assert drops[12].startswith("near copy of row 0 (cosine")
    assert summary["exact"] == 1
    assert summary["near"] == 6
    assert summary["conflicts"] == 1
    assert summary["conflicting_products"] == [["p5", "p6"]]
    groups = group_of_rows(copied)
    assert groups[5] == groups[17] >= 0
    assert groups[9] == -1


@pytest.mark.slow
def test_the_projection_of_the_text_finds_plain_copies(copied: Curation) -> None:
    pytest.importorskip("umap")
    run_duplicates(copied, method="umap", threshold=0.3)
    groups = group_of_rows(copied)
    assert groups[8] == groups[19] >= 0
