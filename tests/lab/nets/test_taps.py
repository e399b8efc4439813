"""Features of the tapped backbone."""

from __future__ import annotations

import pytest
import torch

from streetshop.lab.nets.taps import Taps

pytestmark = pytest.mark.lab


def test_an_empty_mask_counts_as_full() -> None:
    taps = Taps(weights="none").eval()
    image = torch.randn(1, 4, 224, 224, generator=torch.Generator().manual_seed(0))
    image[:, 3] = 0
    full = image.clone()
    full[:, 3] = 1
    with torch.inference_mode():
        assert torch.allclose(taps(image), taps(full), atol=1e-4)
