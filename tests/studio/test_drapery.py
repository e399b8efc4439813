"""Folds keep closed surfaces closed."""

import numpy as np

from streetshop.studio.drapery import crease, drape, gored, skirt_rings, wrinkle_joint
from streetshop.studio.mesh import tube
from tests.studio.worn import body


def skirt(person, flare=0.1):
    h = np.linspace(0.5, 0.2, 20, dtype=np.float32)
    centers, half_x, half_z = skirt_rings(person, h, 0.01, flare)
    side, front = np.tile(person.pelvis[:, 0], (20, 1)), np.tile(person.pelvis[:, 2], (20, 1))
    return tube(centers, side, front, half_x, half_z, 61), centers, h


def test_a_flared_skirt_widens_towards_its_hem():
    person = body()
    h = np.array([0.5, 0.3, 0.1], np.float32)
    narrow, wide = (skirt_rings(person, h, 0.01, flare)[1] for flare in (0.0, 0.2))
    assert (np.diff(wide - narrow) > 0).all()


def test_folds_move_the_cloth_and_leave_the_seam_closed():
    person = body()
    points, centers, h = skirt(person)
    for fold in (
        lambda p, rng: drape(p, centers, h, 0.1, 0.2, rng),
        lambda p, rng: crease(p, centers, np.full(20, 0.01, np.float32), rng),
        lambda p, rng: wrinkle_joint(p, centers, np.linspace(0, 2, 20), person.left_leg, 0.01, rng),
    ):
        folded = points.copy()
        fold(folded, np.random.default_rng(0))
        assert 0 < np.abs(folded - points).max() < 0.15
        assert np.allclose(folded[:, 0], folded[:, -1], atol=1e-5)


def test_a_narrow_skirt_has_no_hanging_folds():
    points, centers, h = skirt(body(), 0.0)
    folded = points.copy()
    drape(folded, centers, h, 0.0, 0.2, np.random.default_rng(0))
    assert np.array_equal(folded, points)


def test_cloth_without_flare_is_measured_straight_and_gores_meet_at_their_seams():
    u = np.linspace(0, 1, 9)[None]
    assert np.allclose(gored(u, 0.9, np.array([[0.9]])), (0.5 - u) * 0.9, atol=1e-6)
    wide = gored(u, 0.9, np.array([[1.5]]))
    assert np.isclose(wide[0, 4], 0)
    assert wide[0, 0] == -wide[0, -1] == np.float32(0.45)
