"""Seeds that follow from a place in the run."""

from __future__ import annotations

import pytest

from streetshop.lab.core.seeds import generator, torch_seed

pytestmark = pytest.mark.lab


def test_draws_follow_from_their_place_alone() -> None:
    assert generator(1, 2, 3).random() == generator(1, 2, 3).random() != generator(1, 2, 4).random()
    assert torch_seed(1, 2, 3) == torch_seed(1, 2, 3) != torch_seed(2, 2, 3)
    assert 0 <= torch_seed(0, 0) < 2**63
