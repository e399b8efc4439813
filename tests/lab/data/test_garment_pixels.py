"""Tests of ``lab.data.garment_pixels``."""

from __future__ import annotations

import numpy as np

from streetshop.lab.data import garment_pixels as px

STRIPES = (np.indices((60, 60))[1] // 5 % 2)[..., None].repeat(3, axis=2).astype(np.float32)


def shirt() -> np.ndarray:
    mask = np.zeros((90, 90), bool)
    mask[20:70, 25:65] = True
    return mask


def test_a_clean_mask_has_no_crumbs_cracks_or_holes() -> None:
    mask = shirt()
    mask[40:42, 40:42] = False
    mask[30, 25:65] = False
    mask[2:4, 2:4] = True
    found = px.tidy_mask(mask)
    assert (found ^ shirt()).sum() <= 2, "but for the ends of the crack"


def test_fabric_is_taken_from_inside_only() -> None:
    pixels = np.zeros((90, 90, 3), np.float32)
    pixels[shirt()] = (0.8, 0.2, 0.2)
    patch = px.cloth_patch(pixels, shirt(), least=20)
    assert patch is not None
    assert patch.shape[0] == patch.shape[1] >= 20
    assert np.allclose(patch, (0.8, 0.2, 0.2), atol=1e-3)
    assert px.cloth_patch(pixels, shirt(), least=80) is None


def test_a_quilt_has_the_size_asked_for_and_the_pixels_of_its_patch() -> None:
    sheet = px.quilt(STRIPES, 130, 70, np.random.default_rng(0))
    assert sheet.shape == (130, 70, 3)
    assert set(np.unique(sheet)) == {0.0, 1.0}


def test_light_stays_in_range_and_at_most_a_share_is_hidden() -> None:
    rng = np.random.default_rng(0)
    for _ in range(10):
        lit = px.relight(STRIPES, rng)
        assert lit.shape == STRIPES.shape
        assert 0 <= lit.min() <= lit.max() <= 1
    mask = shirt()
    pixels = np.zeros((*mask.shape, 3), np.float32)
    for _ in range(10):
        covered, seen = px.hide(pixels, mask, np.ones_like(pixels), rng, most=0.3)
        assert 0.7 * mask.sum() <= seen.sum() <= mask.sum()
        assert covered[mask & ~seen].mean() > 0.5 or (seen == mask).all()


def test_a_warped_garment_is_in_the_middle_of_its_frame() -> None:
    pixels = np.zeros((90, 90, 3), np.float32)
    pixels[shirt()] = 0.5
    bent, cover = px.warp(pixels, shirt(), np.random.default_rng(0), 64)
    assert bent.shape == (64, 64, 3)
    rows, columns = np.nonzero(cover > 0.5)
    assert abs(rows.mean() - 31.5) < 4
    assert abs(columns.mean() - 31.5) < 4
    ground = px.on_white(bent, cover, np.random.default_rng(1))
    assert ground[0, 0].min() > 0.6
