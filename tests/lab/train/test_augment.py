"""Augmentation of a batch."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from streetshop.lab.train import augment
from streetshop.lab.train.embedding_parts import AugmentPart

pytestmark = pytest.mark.lab


NOTHING = AugmentPart(flip=False, zoom=0, shift=0, rotate=0, brightness=0, contrast=0, saturation=0)


def _apply(part: AugmentPart, pixels: torch.Tensor, seed: int = 0, shop: bool = False) -> torch.Tensor:
    on_shop = np.full(len(pixels), shop)
    return augment.apply(pixels, augment.draw(part, on_shop, np.random.default_rng(seed)), (255, 255, 255))


def test_no_augmentation_changes_nothing() -> None:
    pixels = torch.rand(3, 3, 8, 6) * 255
    assert torch.equal(_apply(NOTHING, pixels), pixels)


def test_flip_mirrors_about_half_of_the_pictures() -> None:
    pixels = torch.rand(200, 3, 6, 8) * 255
    out = _apply(NOTHING.model_copy(update={"flip": True}), pixels)
    mirrored = [torch.allclose(o, p.flip(2), atol=1e-2) for o, p in zip(out, pixels, strict=True)]
    same = [torch.allclose(o, p, atol=1e-2) for o, p in zip(out, pixels, strict=True)]
    assert all(m != s for m, s in zip(mirrored, same, strict=True))
    assert 70 < sum(mirrored) < 130


def test_what_leaves_the_picture_is_background() -> None:
    out = _apply(NOTHING.model_copy(update={"shift": 0.5}), torch.zeros(20, 3, 8, 8))
    assert out.min() > -1e-3
    assert out.max() < 255 + 1e-3
    assert (out > 254).any()
    assert (out < 1).any()


def test_brightness_and_saturation_by_hand() -> None:
    pixels = torch.tensor([200.0, 100.0, 50.0]).view(1, 3, 1, 1).expand(1, 3, 4, 4).contiguous()
    draws = augment.draw(NOTHING, np.zeros(1, bool), np.random.default_rng(0))
    bright = augment.Draws(**{**vars(draws), "brightness": np.array([0.5], np.float32)})
    torch.testing.assert_close(augment.apply(pixels, bright, (0, 0, 0)), pixels * 0.5, rtol=1e-3, atol=0.05)
    grey = 0.299 * 200 + 0.587 * 100 + 0.114 * 50
    dull = augment.Draws(**{**vars(draws), "saturation": np.array([0.0], np.float32)})
    torch.testing.assert_close(
        augment.apply(pixels, dull, (0, 0, 0)), torch.full_like(pixels, grey), rtol=1e-3, atol=0.2
    )
    turned = augment.Draws(**{**vars(draws), "hue": np.array([2 * math.pi], np.float32)})
    torch.testing.assert_close(augment.apply(pixels, turned, (0, 0, 0)), pixels, rtol=1e-3, atol=0.2)


def test_street_only_spares_shop_pictures() -> None:
    part = NOTHING.model_copy(update={"brightness": 0.5, "erase": 1.0, "blur": 1.0, "street_only": True})
    pixels = torch.rand(8, 3, 16, 16) * 255
    assert torch.equal(_apply(part, pixels, shop=True), pixels)
    assert not torch.equal(_apply(part, pixels, shop=False), pixels)


def test_erasing_paints_a_rectangle_and_blur_loses_detail() -> None:
    pixels = torch.rand(30, 3, 32, 32) * 255
    changed = (_apply(NOTHING.model_copy(update={"erase": 1.0}), pixels) != pixels).any(1).float().mean((1, 2))
    assert (changed > 0.005).all()
    assert changed.max() < 0.7
    blurred = _apply(NOTHING.model_copy(update={"blur": 1.0}), pixels)
    assert (blurred.std((2, 3)) < 0.6 * pixels.std((2, 3))).all()


def test_augmentation_is_the_same_for_the_same_seed() -> None:
    pixels = torch.rand(4, 3, 8, 8) * 255
    part = AugmentPart(erase=0.5, blur=0.5, hue=0.1)
    assert torch.equal(_apply(part, pixels, 1), _apply(part, pixels, 1))
    assert not torch.equal(_apply(part, pixels, 1), _apply(part, pixels, 2))
