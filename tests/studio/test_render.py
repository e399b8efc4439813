"""A scene of flat patches."""

import numpy as np

from streetshop.studio.camera import Camera, Light
from streetshop.studio.mesh import Patch, Texture
from streetshop.studio.render import Scene, wrinkle_sheet

CAMERA = Camera(np.array([0, 0, 4], np.float32), 0.0, 100.0, (32.0, 32.0))
LIGHT = Light(*(np.array(v, np.float32) for v in ((0, 0, 1), (1, 1, 1), (0.2, 0.2, 0.2), (0.1, 0.1, 0.1))), 0.3)


def square(owner, z, half, color, **more):
    """A square that faces the camera, parallel to the picture."""
    y, x = np.meshgrid(np.linspace(half, -half, 4), np.linspace(-half, half, 4), indexing="ij")
    points = np.stack([x, y, np.full_like(x, z)], -1).astype(np.float32)
    alpha = more.pop("alpha", None)
    texture = Texture(np.full((8, 8, 3), color, np.uint8), alpha)
    return Patch(points, texture, owner, wrap=False, **more)


def test_the_nearest_patch_is_seen_with_its_depth_and_its_colour():
    rendering = Scene([square(1, 0, 1.0, (255, 0, 0)), square(2, 1, 0.3, (0, 255, 0))], LIGHT).draw(CAMERA, 64, 64)
    assert rendering.owner[32, 32] == 2
    assert rendering.owner[32, 12] == 1
    assert rendering.owner[2, 2] == -1
    assert np.isclose(rendering.depth[32, 32], 3, atol=1e-3)
    assert np.isinf(rendering.depth[2, 2])
    assert rendering.color[32, 32, 1] > 5 * rendering.color[32, 32, 0]
    assert set(np.unique(rendering.coverage[20:44, 8:12])) <= set(np.unique(rendering.coverage))


def test_the_larger_layer_wins_between_patches_that_nearly_touch():
    lower, upper = square(1, 0, 1.0, (255, 0, 0)), square(2, -0.005, 1.0, (0, 255, 0), layer=2.0)
    assert (Scene([lower, upper], LIGHT).draw(CAMERA, 64, 64).owner[16:48, 16:48] == 2).all()


def test_what_is_cut_away_shows_what_is_behind():
    alpha = np.ones((8, 8), bool)
    alpha[:4] = False
    rendering = Scene([square(1, 0, 1.0, (9, 9, 9)), square(2, 0.5, 0.5, (99, 9, 9), alpha=alpha)], LIGHT).draw(
        CAMERA, 64, 64
    )
    assert rendering.owner[26, 32] == 1
    assert rendering.owner[38, 32] == 2


def test_a_patch_throws_a_shadow():
    scene = Scene([square(1, 0, 1.0, (200, 200, 200)), square(2, 0.5, 0.3, (200, 200, 200))], LIGHT)
    behind, beside = scene.lit(np.array([[0, 0, 0.05], [0.8, 0.8, 0.05]], np.float32), 0.01, 0.01)
    assert behind == 0
    assert beside == 1
    open_scene = Scene(scene.patches, LIGHT, shadow_size=0)
    assert open_scene.lit(np.zeros((2, 3), np.float32), 0, 0).tolist() == [1, 1]


def test_wrinkles_are_seamless_slopes():
    sheet = wrinkle_sheet()
    step = np.abs(np.diff(sheet, axis=0)).mean()
    assert np.abs(sheet[0] - sheet[-1]).mean() < 2 * step
    assert np.allclose(sheet.mean((0, 1)), 0, atol=1e-5)
