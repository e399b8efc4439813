"""Cut-outs of persons with keypoints."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streetshop.core.errors import ManifestError
from streetshop.core.geometry import COCO_KEYPOINTS
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.persons import SWAPPED, Turn, cut_out, persons_of, torso
from streetshop.lab.data.sample import Sample

pytestmark = pytest.mark.lab

NOSE, LEFT_HIP = COCO_KEYPOINTS.index("nose"), COCO_KEYPOINTS.index("left_hip")


def posed(root: Path) -> Manifest:
    """A picture with a white dot of 5 x 5 pixels at each of two keypoints."""
    points = [[0.0, 0.0, 0]] * 17
    for k, (x, y) in {NOSE: (60, 30), LEFT_HIP: (70, 90), 5: (66, 50), 6: (54, 50)}.items():
        points[k] = [float(x), float(y), 2]
    pixels = np.zeros((120, 140, 3), np.uint8)
    for x, y in ((60, 30), (70, 90)):
        pixels[y - 2 : y + 3, x - 2 : x + 3] = 255
    Image.fromarray(pixels).save(root / "a.png")
    rows = [
        Sample("a.png", "street", "p", attributes={"keypoints": points}, split="train"),
        Sample("a.png", "street", "q", attributes={"keypoints": points}, split="train"),
        Sample("a.png", "street", "r", split="train"),
    ]
    return Manifest.from_rows(rows, root)


@pytest.mark.parametrize("turn", [Turn(), Turn(flip=True), Turn(scale=1.3, angle=25), Turn(0.95, -20, flip=True)])
def test_keypoints_stay_where_they_are_seen(tmp_path: Path, turn: Turn) -> None:
    (person,) = persons_of(posed(tmp_path), (96, 72))
    pixels, points = cut_out(person, (96, 72), turn, background=(0, 0, 0))
    assert pixels.shape == (96, 72, 3)
    for k in (NOSE, SWAPPED[LEFT_HIP] if turn.flip else LEFT_HIP):
        x, y, seen = points[k]
        assert seen == 2
        assert pixels[round(y - 0.5), round(x - 0.5)].mean() > 120
    ys, xs = np.nonzero(pixels.mean(2) > 120)
    wanted = points[[NOSE, SWAPPED[LEFT_HIP] if turn.flip else LEFT_HIP], :2]
    assert max(np.abs(wanted - [x + 0.5, y + 0.5]).max(1).min() for x, y in zip(xs, ys, strict=True)) < 9


def test_the_mirror_image_swaps_sides_and_only_these() -> None:
    swapped = [COCO_KEYPOINTS[k] for k in SWAPPED]
    assert swapped[0] == "nose"
    assert swapped[1:3] == ["right_eye", "left_eye"]
    assert [SWAPPED[k] for k in SWAPPED] == list(range(17))


def test_manifests_without_keypoints_are_refused(tmp_path: Path) -> None:
    row = Sample("a.png", "street", "p")
    with pytest.raises(ManifestError, match="no row has keypoints"):
        persons_of(Manifest.from_rows([row], tmp_path), (96, 72))
    wrong = Sample("a.png", "street", "p", attributes={"keypoints": [[1, 2, 2]]})
    with pytest.raises(ManifestError, match=r"shape \(1, 3\)"):
        persons_of(Manifest.from_rows([wrong], tmp_path), (96, 72))


def test_the_torso_is_known_when_all_its_corners_are() -> None:
    points = np.zeros((17, 3))
    points[[5, 6, 11, 12]] = [(10, 10, 2), (20, 10, 2), (12, 50, 1), (18, 50, 1)]
    hidden = points.copy()
    hidden[11, 2] = 0
    found = torso([points, hidden])
    assert found[0] == pytest.approx(40)
    assert np.isnan(found[1])
