"""Examples of views: labels, halves, mirror images, drawn pages."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streetshop.core.errors import DatasetError
from streetshop.lab.data.framing import LABELS, FramedPicture, drawn_picture, half_of, read_labelled
from streetshop.lab.data.sets.ccp import TWINS
from streetshop.models.framing import VIEWS
from streetshop.studio import PictureTruth
from streetshop.studio.truth import PersonTruth

pytestmark = pytest.mark.lab

HEADER = "photo,x0,y0,x1,y1,view,eyes,ankles\n"


def photos(root: Path, *names: str) -> Path:
    for name in names:
        pixels = np.zeros((60, 40, 3), np.uint8)
        pixels[:, :20] = 200
        Image.fromarray(pixels).save(root / f"{name}.jpg", quality=95)
    return root


def test_the_labels_name_every_view_in_both_halves(tmp_path: Path) -> None:
    lines = LABELS.read_text().splitlines()[1:]
    counts = Counter((half_of(line.split(",")[0]), line.split(",")[5]) for line in lines)
    assert {view for _, view in counts} == set(VIEWS)
    assert min(counts[half, view] for half in ("train", "test") for view in VIEWS) >= 10
    assert sum(counts["test", view] for view in VIEWS) >= 200
    assert len(lines) == len(set(lines))
    assert all(half_of(one) == half_of(other) for one, other in TWINS)


def test_parts_are_cut_out_and_labels_are_read(tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text(HEADER + "0001,,,,,left,yes,no\n0001,20,10,40,30,detail,no,\n")
    whole, part = read_labelled(photos(tmp_path, "0001"), labels=labels)
    assert (whole.view, whole.eyes, whole.ankles, whole.full_shot, whole.group) == ("left", True, False, False, "0001")
    assert (part.eyes, part.ankles, part.full_shot) == (False, None, False)
    assert (whole.load().width, whole.load().height) == (40, 60)
    assert (part.load().width, part.load().height) == (20, 20)
    assert part.load().pixels.mean() < 20
    mirrored = whole.mirror()
    assert mirrored.view == "right"
    assert np.abs(mirrored.load().pixels.astype(int) - whole.load().pixels[:, ::-1]).max() == 0
    assert mirrored.mirror() == whole
    halves = [read_labelled(tmp_path, half, labels) for half in ("train", "test")]
    assert sorted(map(len, halves)) == [0, 2]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("0001,,,,,above,yes,no", "unknown view"),
        ("0001,1,2,3,,front,yes,no", "four numbers"),
        ("0001,a,2,3,4,front,yes,no", "invalid literal"),
        ("0001,,,,,front,perhaps,no", "perhaps"),
        ("0002,,,,,front,yes,no", "no such photo"),
    ],
)
def test_wrong_labels_are_refused(tmp_path: Path, line: str, words: str) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text(HEADER + line + "\n")
    with pytest.raises(DatasetError, match=words):
        read_labelled(photos(tmp_path, "0001"), labels=labels)
    labels.write_text("photo,view\n")
    with pytest.raises(DatasetError, match="other columns"):
        read_labelled(tmp_path, labels=labels)


def test_a_full_shot_is_known_when_both_or_one_that_is_hidden_are() -> None:
    def full(eyes: bool | None, ankles: bool | None) -> bool | None:
        return FramedPicture(Path(), None, "front", eyes, ankles, "").full_shot

    assert [full(True, True), full(True, None), full(None, False), full(None, None)] == [True, None, False, None]


def test_a_drawn_picture_is_labelled_by_its_truth() -> None:
    points = [[1.0, 1.0, 2]] * 17
    points[1] = [1.0, 1.0, 1]  # the left eye
    person = PersonTruth((0, 0, 2, 2), 4, points, "right", False, ())
    truth = PictureTruth("images/shop/p-right.jpg", 4, 4, "shop", "right", "right", False, "p", (), (person,))
    found = drawn_picture(Path("root"), truth)
    assert (found.path, found.view, found.eyes, found.ankles) == (Path("root") / truth.image, "right", False, True)
    assert (found.group, found.drawn) == ("p", True)
    with pytest.raises(ValueError, match="nobody"):
        drawn_picture(Path(), PictureTruth("i", 4, 4, "shop", "packshot", None, False, "p"))
