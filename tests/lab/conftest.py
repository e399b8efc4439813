"""What the lab's tests share."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """Tiny tensors gain nothing from threads, and lose much where cores are shared."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
