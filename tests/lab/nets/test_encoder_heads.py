"""Heads of the default encoder."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from streetshop.lab.nets.encoder_heads import Heads, signed_root, span
from streetshop.lab.nets.taps import PARTS
from tests.lab.train.tasks.encoder.drawn import made_up

pytestmark = pytest.mark.lab


def test_settled_features_are_centred_and_parts_are_even() -> None:
    values = torch.from_numpy(made_up().values.astype(np.float32))
    heads = Heads({"shape": 4}, {"shape": ["global"]})
    heads.settle(values)
    settled = heads.settled(values)
    assert float(settled.mean(0).abs().max()) < 1e-4
    for part in PARTS:
        assert float(settled[:, span(part)].norm(dim=1).mean()) == pytest.approx(1, abs=1e-4)
    assert signed_root(torch.tensor([-4.0, 9.0])).tolist() == pytest.approx([-2, 3], abs=1e-3)
