"""View and full shot of persons, by a framing head and without one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from streetshop.core.geometry import Box
from streetshop.looks.framing import features_size, framed, person_features, visible_points
from streetshop.looks.pose import INDEX, SEEN, is_full_shot
from streetshop.models.framing import VIEWS, Framing
from streetshop.models.reader import Reading
from tests.looks.poses import pose
from tests.models.tiny_framing import SHA, tiny_framing

BOX = Box(20, 0, 80, 200)


def reading(features: np.ndarray | None) -> Reading:
    return Reading(np.zeros((2, 100, 50), np.float32), None, 100, 200, None, features)


def framing(view: str, eyes: float, ankles: float) -> Framing:
    views = {name: 0.8 if name == view else 0.05 for name in VIEWS}
    return Framing(views, eyes, ankles)


def test_features_are_the_means_of_cells() -> None:
    rng = np.random.default_rng(0)
    maps = rng.random((3, 20, 10)).astype(np.float32)
    found = person_features(reading(maps), Box(20, 40, 80, 160), pose(), 2, 2)
    # Pixels of the map are 10 x 10 pixels of the photo: the box is rows 4 to 16 and columns 2 to 8.
    naive = [maps[c, r : r + 6, k : k + 3].mean() for r in (4, 10) for k in (2, 5) for c in range(3)]
    assert found[:12] == pytest.approx(naive, abs=1e-5)
    assert found[12:29] == pytest.approx([point.score for point in pose()])
    assert found[29:35] == pytest.approx([0.2, 0.2, 0.2, 0.2, 0.6, 0.5])
    assert len(found) == features_size(2, 2, 3)


def test_cells_may_be_smaller_than_pixels_of_the_map() -> None:
    maps = np.arange(8, dtype=np.float32).reshape(1, 4, 2)
    found = person_features(reading(maps), Box(0, 0, 50, 50), (), 4, 3)
    assert found[:12] == pytest.approx([0.0] * 12)
    assert found[12:29] == pytest.approx([0.0] * 17)
    assert found[35:] == pytest.approx([0.0] * 40)
    with pytest.raises(ValueError, match="without features"):
        person_features(reading(None), BOX, (), 4, 3)


def test_offsets_mirror_with_the_person() -> None:
    maps = reading(np.zeros((1, 4, 4), np.float32))
    points = pose(nose=(61, 12, 2), left_ear=(52, 10, 2), right_ear=(50, 10, 1))
    swapped = {"left": "right", "right": "left"}
    mirrored = list(points)
    for name, i in INDEX.items():
        side, _, rest = name.partition("_")
        other = points[INDEX[f"{swapped[side]}_{rest}"]] if side in swapped else points[i]
        mirrored[i] = replace(other, x=100 - other.x)
    one = person_features(maps, BOX, points, 1, 1)[-40:]
    two = person_features(maps, BOX, mirrored, 1, 1)[-40:]
    assert one[24] > 0.1  # the nose is right of the ears
    assert two[24] == pytest.approx(-one[24], abs=1e-4)
    assert two[[1, 4, 7, 28, 38, 39]] == pytest.approx(one[[1, 4, 7, 28, 38, 39]], abs=1e-4)
    assert two[[2, 5, 25, 26, 29]] == pytest.approx(-one[[2, 5, 25, 26, 29]], abs=1e-4)


def test_the_rule_decides_without_a_head_or_features(tmp_path) -> None:
    head = tiny_framing(tmp_path)
    for person in (framed(BOX, pose(), reading(None), head), framed(BOX, pose(), reading(np.zeros((2, 4, 4))), None)):
        assert (person.view, person.full_shot) == ("front", True)
        assert (person.full_shot_probability, dict(person.view_probabilities)) == (None, {})
    nothing = framed(BOX, (), reading(None), None)
    assert (nothing.view, nothing.full_shot) == (None, None)


def test_the_head_decides(tmp_path) -> None:
    head = tiny_framing(tmp_path)  # the mean of the first channel says front, that of the second back
    maps = np.zeros((2, 4, 4), np.float32)
    maps[1] = 1
    person = framed(BOX, pose(), reading(maps), head)
    assert person.view == "back"
    assert sum(person.view_probabilities.values()) == pytest.approx(1)
    assert person.full_shot is False
    assert person.full_shot_probability is not None
    assert person.full_shot_probability < 0.5
    assert all(person.keypoints[INDEX[name]].visibility < 2 for name in ("left_eye", "right_eye", "nose"))
    maps[1], maps[0] = 0, 1
    front = framed(BOX, pose(), reading(maps), head)
    assert (front.view, front.full_shot) == ("front", True)
    without = framed(BOX, (), reading(maps), head)
    assert (without.view, without.full_shot, without.keypoints) == ("front", True, ())
    assert head.spec.reader == SHA


def test_full_shots_and_visible_points_agree() -> None:
    low = tuple(replace(point, score=0.15, visibility=1) for point in pose())
    assert is_full_shot(visible_points(low, framing("front", 0.9, 0.9)))
    lost = tuple(replace(p, score=0.01, visibility=0) if i == INDEX["left_eye"] else p for i, p in enumerate(low))
    assert not is_full_shot(visible_points(lost, framing("front", 0.9, 0.9)))
    for eyes, ankles in ((0.4, 0.9), (0.9, 0.4)):
        assert not is_full_shot(visible_points(pose(), framing("front", eyes, ankles)))


def test_a_profile_keeps_its_near_eye_and_a_back_has_none() -> None:
    points = list(pose())
    points[INDEX["right_eye"]] = replace(points[INDEX["right_eye"]], score=0.9)
    points[INDEX["left_eye"]] = replace(points[INDEX["left_eye"]], score=0.7)
    side = visible_points(points, framing("left", 0.2, 0.9))
    assert side[INDEX["right_eye"]].visibility == 2
    assert side[INDEX["left_eye"]].visibility < 2
    assert side[INDEX["left_eye"]].score == pytest.approx(0.14)
    back = visible_points(points, framing("back", 0.2, 0.9))
    assert {back[INDEX[name]].visibility for name in ("nose", "left_eye", "right_eye")} <= {0, 1}
    assert max(back[INDEX[name]].score for name in ("nose", "left_eye", "right_eye")) < SEEN
    over = visible_points(points, framing("back", 0.9, 0.9))  # looks over the shoulder
    assert over[INDEX["left_eye"]].visibility == 2
