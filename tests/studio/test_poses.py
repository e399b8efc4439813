"""Variation of poses and figures."""

from dataclasses import asdict

import numpy as np

from streetshop.studio.people import HAIR, HAIR_COLORS, SKIN_TONES
from streetshop.studio.poses import STREET_POSES, draw_figure, mirrored, vary


def test_mirroring_twice_changes_nothing():
    for pose in STREET_POSES:
        assert mirrored(mirrored(pose)) == pose
        assert mirrored(pose).left_arm == pose.right_arm


def test_variation_of_no_amount_is_the_pose_or_its_mirror_image():
    pose = STREET_POSES[4]
    found = [vary(pose, np.random.default_rng(seed), 0.0) for seed in range(20)]
    assert {asdict(f)["left_arm"] for f in found} == {pose.left_arm, pose.right_arm}
    assert all(f in (pose, mirrored(pose)) for f in found)


def test_variation_changes_the_angles_and_depends_on_the_seed_only():
    pose = STREET_POSES[0]
    one, same, other = (vary(pose, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one == same != other


def test_figures_are_within_their_ranges_and_models_vary_less():
    rng = np.random.default_rng(3)
    people = [draw_figure(rng) for _ in range(300)]
    models = [draw_figure(rng, model=True) for _ in range(300)]
    for figure in people + models:
        assert 0.84 <= figure.build <= 1.4
        assert 0 <= figure.curve <= 1
        assert figure.skin in SKIN_TONES
        assert figure.hair in HAIR
        assert figure.hair_color in HAIR_COLORS
    assert np.std([m.build for m in models]) < np.std([p.build for p in people])
