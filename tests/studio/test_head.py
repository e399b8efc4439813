"""The head and its face."""

import numpy as np

from streetshop.studio.head import HEAD_HEIGHT, HEAD_WIDTH, face, head, head_rings
from tests.studio.worn import OWNER, body, check


def test_rings_go_from_the_crown_to_the_chin_and_grow():
    person = body()
    s, centers, half_x, half_z, _ = head_rings(person)
    assert s[0] == 1
    assert s[-1] == -1
    assert np.ptp(centers[:, 1]) / (2 * HEAD_HEIGHT * person.tall) > 0.95
    assert abs(half_x.max() - HEAD_WIDTH * person.tall) < 0.002
    assert (half_z > 0).all()
    assert head_rings(person, 1.2)[2].max() > half_x.max()
    assert head_rings(person, low=0.3)[0].min() > 0.29


def test_the_nose_is_the_frontmost_point_and_on_the_middle():
    person = body()
    patch = head(person, OWNER)
    check([patch])
    nose = patch.points.reshape(-1, 3)[patch.points[..., 2].argmax()]
    assert abs(nose[0]) < 0.005


def test_faces_have_the_colour_of_the_skin_and_differ_by_seed():
    one, same, other = (face(body(seed=seed)).color for seed in (1, 1, 8))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert np.abs(np.median(one.reshape(-1, 3), axis=0) - body().figure.skin).max() <= 1
