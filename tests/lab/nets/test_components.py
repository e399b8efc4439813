"""Principal components."""

from __future__ import annotations

import numpy as np
import pytest

from streetshop.lab.nets.components import principal_components

pytestmark = pytest.mark.lab


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_components_have_their_spread_to_a_power(power: float) -> None:
    rng = np.random.default_rng(0)
    features = (rng.normal(size=(4000, 5)) * [5, 3, 2, 1, 0.5] + 7).astype(np.float32)
    projection, offset = principal_components(features, 3, power)
    found = features @ projection.T + offset
    np.testing.assert_allclose(found.mean(0), 0, atol=1e-3)
    np.testing.assert_allclose(found.std(0), np.asarray([5, 3, 2]) ** (1 - power), rtol=0.05)
    assert (np.abs(projection).argmax(1) == [0, 1, 2]).all()
    assert (projection[np.arange(3), [0, 1, 2]] > 0).all(), "the same pictures give the same signs"
