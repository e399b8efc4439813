"""Proportions, poses and limbs."""

from dataclasses import replace

import numpy as np
import pytest

from streetshop.core.geometry import COCO_KEYPOINTS
from streetshop.studio.body import Body, Figure, profile
from streetshop.studio.poses import MANNEQUIN, STREET_POSES
from tests.studio.worn import body


def points_of(person):
    return dict(zip(COCO_KEYPOINTS, person.keypoints(), strict=True))


def test_a_mannequin_is_symmetric_and_faces_the_camera():
    points = points_of(body())
    for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "eye", "ear"):
        left, right = points[f"left_{name}"], points[f"right_{name}"]
        assert np.allclose(left * [-1, 1, 1], right, atol=1e-4), name
        assert left[0] > 0, name
    assert points["nose"][2] > points["left_ear"][2]


def test_joints_are_in_order_from_head_to_foot_and_scale_with_height():
    for height in (1.5, 1.9):
        points = points_of(body(height=height))
        names = ("left_eye", "left_shoulder", "left_hip", "left_knee", "left_ankle")
        heights = [float(points[name][1]) for name in names]
        assert heights == sorted(heights, reverse=True)
        assert heights[-1] == pytest.approx(0.043 * height, abs=1e-3)
        assert 0.9 * height < heights[0] < height


@pytest.mark.parametrize("pose", STREET_POSES, ids=lambda pose: pose.name)
def test_in_every_pose_the_lower_foot_stands_on_the_ground_and_bones_keep_their_length(pose):
    straight, posed = points_of(body()), points_of(Body(Figure(), pose, 30.0, (1.0, 0.0, -0.5)))
    ankles = min(float(posed[f"{s}_ankle"][1]) for s in ("left", "right"))
    assert ankles == pytest.approx(0.043 * 1.7, abs=1e-3)
    for one, two in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist")):
        bones = [np.linalg.norm(p[f"left_{one}"] - p[f"left_{two}"]) for p in (straight, posed)]
        assert bones[0] == pytest.approx(bones[1], abs=1e-3)


def test_a_turned_person_shows_the_right_side():
    points = points_of(Body(Figure(), MANNEQUIN, 90.0))
    assert points["right_shoulder"][2] > points["left_shoulder"][2]
    assert points["nose"][0] > points["left_ear"][0]


def test_a_limb_passes_its_joints_and_knows_its_bend():
    arm = body().left_arm
    ends = arm.at(np.array([0.5, 1.5], np.float32))
    assert np.allclose(ends, (arm.joints[:2] + arm.joints[1:]) / 2, atol=1e-3)
    assert arm.bend()[0] < 0.1
    bent = Body(Figure(), replace(MANNEQUIN, left_arm=(10, 0, 120, 90))).left_arm
    amount, inside = bent.bend()
    assert amount > 0.5
    assert np.linalg.norm(inside) == pytest.approx(1, abs=1e-5)


def test_heavy_figures_are_wider_and_curvy_ones_have_a_waist():
    h = np.array([0.62], np.float32)
    assert profile(Figure(build=1.3), h)[0] > profile(Figure(build=0.9), h)[0]
    assert profile(Figure(curve=1.0), h)[0] < profile(Figure(curve=0.0), h)[0]


def test_limb_radii_shrink_towards_the_end():
    person = body()
    t = np.array([0.0, 2.0], np.float32)
    for radius in (person.arm_radius(t), person.leg_radius(t)):
        assert radius[0] > radius[1] > 0
