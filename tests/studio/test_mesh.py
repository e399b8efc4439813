"""Surfaces against plain geometry."""

import numpy as np
import pytest

from streetshop.studio.mesh import (
    dot,
    grid_triangles,
    length,
    normals_and_tangents,
    rotation,
    sweep_frames,
    tube,
    turn,
    unit,
)


def straight_tube(exponent=2.0):
    n = 5
    centers = np.stack([np.zeros(n), np.linspace(1, 0, n), np.zeros(n)], -1).astype(np.float32)
    side, front = np.tile([1, 0, 0], (n, 1)), np.tile([0, 0, 1], (n, 1))
    return tube(centers, side, front, np.full(n, 2.0), np.full(n, 3.0), 41, exponent=exponent)


def test_a_tube_is_an_ellipse_that_starts_at_the_back_and_passes_the_side_and_the_front():
    points = straight_tube()
    assert points.shape == (5, 41, 3)
    assert np.allclose((points[..., 0] / 2) ** 2 + (points[..., 2] / 3) ** 2, 1, atol=1e-5)
    assert np.allclose(points[0, [0, 10, 20, 40]], [[0, 1, -3], [2, 1, 0], [0, 1, 3], [0, 1, -3]], atol=1e-5)


def test_a_larger_exponent_is_boxier():
    assert np.abs(straight_tube(6.0)[..., 0]).mean() > np.abs(straight_tube()[..., 0]).mean()


def test_vector_functions_agree_with_numpy():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 7, 4, 3)).astype(np.float32)
    assert np.allclose(length(a), np.linalg.norm(a, axis=-1), atol=1e-5)
    assert np.allclose(dot(a, b), (a * b).sum(-1), atol=1e-5)
    assert np.allclose(length(unit(a)), 1, atol=1e-5)
    assert not unit(np.zeros((1, 3))).any()
    matrix = rotation("x", 30)
    assert np.allclose(turn(a, matrix), a @ matrix.T, atol=1e-5)


@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_rotations_are_orthonormal(axis):
    matrix = rotation(axis, 33)
    assert np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-6)
    assert np.linalg.det(matrix) == pytest.approx(1, abs=1e-5)


def test_a_positive_turn_about_y_brings_z_towards_x():
    assert np.allclose(rotation("y", 90) @ [0, 0, 1], [1, 0, 0], atol=1e-6)


def test_triangles_cover_the_grid_also_when_it_is_thinned():
    rows, columns = 6, 5
    y, x = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
    points = np.stack([x, y], -1).reshape(-1, 2)
    for step, cells in ((1, 20), (2, 6)):
        triangles = grid_triangles(rows, columns, step)
        assert len(triangles) == 2 * cells
        one, two = points[triangles[:, 1]] - points[triangles[:, 0]], points[triangles[:, 2]] - points[triangles[:, 0]]
        area = np.abs(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]) / 2
        assert area.sum() == (rows - 1) * (columns - 1)


def test_frames_along_a_curve_are_orthonormal():
    t = np.linspace(0, 2, 20)
    curve = np.stack([np.sin(t), t, np.cos(t)], -1).astype(np.float32)
    axes = np.stack(sweep_frames(curve, np.array([0, 0, 1], np.float32)), axis=1)
    assert np.allclose(axes @ axes.transpose(0, 2, 1), np.eye(3), atol=1e-4)


def test_normals_of_a_tube_are_horizontal_and_perpendicular_to_the_surface():
    points = straight_tube()
    normal, du, dv = normals_and_tangents(points, wrap=True)
    assert np.allclose(normal[..., 1], 0, atol=1e-5)
    assert np.allclose(dot(normal, du), 0, atol=1e-4)
    assert np.allclose(dot(normal, dv), 0, atol=1e-4)
