"""Learning rates and frozen layers over a stage."""

from __future__ import annotations

import pytest

from streetshop.lab.train.parts import SchedulePart
from streetshop.lab.train.schedules import frozen_layers, rate_factor

pytestmark = pytest.mark.lab


def test_schedules() -> None:
    by_batch = SchedulePart(kind="step", every=1024, unit="batch", factor=0.5)
    factors = [rate_factor(by_batch, step=b, epoch=0, progress=0) for b in (0, 1023, 1024, 2048)]
    assert factors == [1, 1, 0.5, 0.25]
    by_epoch = SchedulePart(kind="step", every=1, unit="epoch", factor=0.5)
    assert [rate_factor(by_epoch, step=0, epoch=e, progress=0) for e in (0, 1, 3)] == [1, 0.5, 0.125]
    cosine = SchedulePart(kind="cosine", final=0.1)
    assert [rate_factor(cosine, step=0, epoch=0, progress=p) for p in (0, 0.5, 1, 1.2)] == pytest.approx(
        [1, 0.55, 0.1, 0.1]
    )
    warm = SchedulePart(warm_up=4)
    assert [rate_factor(warm, step=b, epoch=0, progress=0) for b in range(6)] == [0.25, 0.5, 0.75, 1, 1, 1]


def test_unfreezing_goes_one_layer_an_epoch_from_the_top() -> None:
    assert [frozen_layers(5, 2, 1, epoch) for epoch in range(5)] == [5, 4, 3, 2, 2]
    assert [frozen_layers(5, 2, 2, epoch) for epoch in range(5)] == [5, 5, 4, 4, 3]
    assert frozen_layers(5, None, 1, 9) == 5
