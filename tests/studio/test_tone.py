"""Linear light, sRGB and the box blur."""

import numpy as np

from streetshop.studio.tone import box_blur, to_linear, to_srgb


def test_dark_and_middle_values_survive_a_round_trip_and_highlights_are_compressed():
    levels = np.arange(256, dtype=np.uint8)
    back = to_srgb(to_linear(levels)).astype(int)
    assert np.abs(back - levels)[3:220].max() <= 1
    assert (np.diff(back) >= 0).all()
    assert to_srgb(np.array([9.0], np.float32))[0] <= 255


def test_a_box_blur_is_the_mean_of_squares():
    values = np.random.default_rng(0).random((9, 7)).astype(np.float32)
    padded = np.pad(values, 2, mode="edge")
    naive = [[padded[r : r + 5, c : c + 5].mean() for c in range(7)] for r in range(9)]
    assert np.allclose(box_blur(values, 2, times=1), naive, atol=1e-5)
    assert box_blur(values, 2).std() < box_blur(values, 2, times=1).std()
