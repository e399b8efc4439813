"""The rasteriser against a slow one that cannot be wrong."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streetshop.studio.raster import rasterise


def slow(xy, depth, triangles, width, height):
    """Nearest triangle at each pixel centre, one pixel and one triangle at a time."""
    owner = np.full((height, width), -1)
    nearest = np.full((height, width), np.inf)
    margin = np.full((height, width), np.inf)
    for number, triangle in enumerate(triangles):
        (x0, y0), (x1, y1), (x2, y2) = xy[triangle].astype(float)
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if abs(area) < 1e-6:
            continue
        for row in range(height):
            for column in range(width):
                px, py = column + 0.5, row + 0.5
                b = ((px - x0) * (y2 - y0) - (x2 - x0) * (py - y0)) / area
                c = ((x1 - x0) * (py - y0) - (px - x0) * (y1 - y0)) / area
                weights = np.array([1 - b - c, b, c])
                margin[row, column] = min(margin[row, column], abs(weights).min())
                if (weights >= 0).all():
                    z = float(weights @ depth[triangle])
                    margin[row, column] = min(margin[row, column], abs(z - nearest[row, column]))
                    if z < nearest[row, column]:
                        nearest[row, column], owner[row, column] = z, number
    return owner, nearest, margin


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_agrees_with_the_slow_rasteriser(seed):
    rng = np.random.default_rng(seed)
    width, height = 14, 11
    xy = rng.uniform(-4, 18, (12, 2)).astype(np.float32)
    depth = rng.uniform(1, 5, 12).astype(np.float32)
    triangles = rng.integers(0, 12, (9, 3)).astype(np.int32)
    triangles = triangles[[len(set(t)) == 3 for t in triangles.tolist()]]
    seen = rasterise(xy, depth, triangles, np.zeros(len(triangles), np.float32), width, height)
    got = np.full(width * height, -1)
    got[seen.pixel] = seen.triangle
    owner, nearest, margin = slow(xy, depth, triangles, width, height)
    clear = margin > 2e-3  # pixel centres on an edge, or two surfaces at one depth, may go either way
    assert np.array_equal(got.reshape(height, width)[clear], owner[clear])
    both = clear & (owner >= 0)
    assert np.allclose(seen.depth[both], nearest[both], atol=1e-2)


def test_layers_win_over_depth_within_their_bias_and_cut_fragments_show_what_is_behind():
    xy = np.array([[0, 0], [10, 0], [0, 10], [0, 0], [10, 0], [0, 10]], np.float32)
    depth = np.array([2.0] * 3 + [2.01] * 3, np.float32)
    triangles = np.array([[0, 1, 2], [3, 4, 5]], np.int32)
    none, layered = np.zeros(2, np.float32), np.array([0, 0.02], np.float32)
    assert set(rasterise(xy, depth, triangles, none, 10, 10).triangle) == {0}
    assert set(rasterise(xy, depth, triangles, layered, 10, 10).triangle) == {1}
    seen = rasterise(xy, depth, triangles, none, 10, 10, keep=lambda t, b, c: t != 0)
    assert set(seen.triangle) == {1}


def test_hidden_sides_are_not_drawn():
    xy = np.array([[0, 0], [10, 0], [0, 10]], np.float32)
    triangles, depth = np.array([[0, 1, 2]], np.int32), np.ones(3, np.float32)
    one = [
        len(rasterise(xy, depth, triangles, np.zeros(1, np.float32), 10, 10, hidden=np.array([s], np.float32)).pixel)
        for s in (1, 0, -1)
    ]
    assert one[0] == 0
    assert one[1] == one[2] > 30
