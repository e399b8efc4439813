"""The guided filter against its definition, and in the network."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from streetshop.lab.data.classes import CLASSES
from streetshop.lab.nets.guided import SMOOTHNESS, coefficients, snap
from streetshop.lab.nets.reader import ReaderNet

pytestmark = pytest.mark.lab


def window(values: NDArray[np.float64], y: int, x: int, radius: int) -> NDArray[np.float64]:
    """(pixels, channels) of the window around a pixel, as far as it lies in the picture."""
    cut = values[:, max(y - radius, 0) : y + radius + 1, max(x - radius, 0) : x + radius + 1]
    return cut.reshape(len(values), -1).T


def naive(p: NDArray[np.float64], colours: NDArray[np.float64], radius: int) -> NDArray[np.float64]:
    """Equations 14 to 16 of He, Sun and Tang 2013, window by window, with a solver."""
    classes, height, width = p.shape
    fitted = np.zeros((4 * classes, height, width))
    for y in range(height):
        for x in range(width):
            guide, values = window(colours, y, x, radius), window(p, y, x, radius)
            covariance = guide.T @ guide / len(guide) - np.outer(guide.mean(0), guide.mean(0))
            mixed = guide.T @ values / len(guide) - np.outer(guide.mean(0), values.mean(0))
            slopes = np.linalg.solve(covariance + SMOOTHNESS * np.eye(3), mixed)
            rest = values.mean(0) - guide.mean(0) @ slopes
            fitted[:, y, x] = [*slopes.ravel(), *rest]
    means = [[window(fitted, y, x, radius).mean(0) for x in range(width)] for y in range(height)]
    return np.asarray(means).transpose(2, 0, 1)


@pytest.mark.parametrize("radius", [1, 2])
def test_coefficients_against_a_window_by_window_version(radius: int) -> None:
    rng = np.random.default_rng(radius)
    p, colours = rng.random((4, 7, 9)), rng.uniform(-1, 1, (3, 7, 9))
    got = coefficients(torch.from_numpy(p)[None], torch.from_numpy(colours)[None], radius)[0].numpy()
    assert not got[16:].any()
    np.testing.assert_allclose(got[:16], naive(p, colours, radius), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("off", [1, 2])
def test_a_border_moves_to_where_the_colour_changes(off: int) -> None:
    colours = torch.full((1, 3, 32, 32), -0.5)
    colours[..., 16:] = 0.5
    truth = torch.arange(32) < 16
    p = torch.full((1, 2, 32, 32), 0.1)
    p[:, 0, :, : 16 - off] = 0.9
    p[:, 1] = 1 - p[:, 0]
    before, after = ((maps.argmax(1)[0] == 0) != truth for maps in (p, snap(p, colours, 2)))
    assert int(before.sum()) == 32 * off
    assert not after.any()


def test_one_colour_leaves_a_plain_mean_and_nothing_becomes_negative() -> None:
    rng = torch.Generator().manual_seed(0)
    p = torch.rand(2, 5, 16, 24, generator=rng).softmax(1)
    found = snap(p, torch.zeros(2, 3, 16, 24), 2)
    torch.testing.assert_close(found.sum(1), torch.ones(2, 16, 24), atol=1e-5, rtol=0)
    noisy = torch.rand(2, 3, 16, 24, generator=rng) * 2 - 1
    certain = torch.nn.functional.one_hot(torch.randint(5, (2, 16, 24), generator=rng), 5).permute(0, 3, 1, 2).float()
    assert (snap(certain, noisy, 2) >= 0).all()


def test_the_network_filters_with_a_radius() -> None:
    plain = ReaderNet(channels=16, detail=8, weights="none").eval()
    guided = ReaderNet(channels=16, detail=8, guided=2, weights="none").eval()
    guided.load_state_dict(plain.state_dict())
    pictures = torch.rand(1, 3, 96, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    chances, joints, _ = guided(pictures)
    assert chances.shape == (1, len(CLASSES), 48, 32)
    torch.testing.assert_close(chances.sum(1), torch.ones(1, 48, 32))
    torch.testing.assert_close(joints, plain(pictures)[1])
    colours = torch.nn.functional.avg_pool2d(pictures, 2)
    torch.testing.assert_close(chances, snap((2 * plain(pictures)[0]).softmax(1), colours, 2), atol=1e-3, rtol=0)
