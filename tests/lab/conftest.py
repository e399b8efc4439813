"""What the lab's tests share."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    """Tiny tensors gain nothing from threads, and sums are exact. For each test, since trainings set the number."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
