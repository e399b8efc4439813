"""Projection and its inverse."""

import numpy as np

from streetshop.studio.camera import Camera


def test_a_point_on_the_axis_lands_on_the_centre():
    camera = Camera(np.array([1, 2, 5], np.float32), 0.0, 800.0, (100.0, 60.0))
    xy, depth = camera.project(np.array([[1, 2, 0], [1.5, 2, 0]], np.float32))
    assert np.allclose(xy, [[100, 60], [180, 60]], atol=1e-3)
    assert np.allclose(depth, 5)


def test_rays_go_through_the_projected_points():
    camera = Camera(np.array([0.3, 1.4, 4], np.float32), 7.0, 640.0, (210.0, 300.0), roll=5.0)
    points = np.random.default_rng(0).normal(0, 0.5, (20, 3)).astype(np.float32)
    xy, depth = camera.project(points)
    back = camera.position + camera.rays(xy[:, 0], xy[:, 1]) * depth[:, None]
    assert np.allclose(back, points, atol=1e-3)


def test_axes_are_orthonormal_and_a_camera_that_looks_down_sees_less_sky():
    camera = Camera(np.zeros(3, np.float32), 20.0, 1.0, (0.0, 0.0), roll=10.0)
    axes = camera.axes()
    assert np.allclose(axes @ axes.T, np.eye(3), atol=1e-6)
    assert axes[2][1] < 0
