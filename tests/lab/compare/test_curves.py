"""Training curves share one scale."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streetshop.lab.compare.curves import draw_curves, limits
from streetshop.lab.compare.measure import Comparison
from streetshop.lab.compare.runs import Curve, RunFacts

pytestmark = pytest.mark.lab


def test_curves_share_a_scale(comparison: Comparison) -> None:
    facts = comparison.subjects[0].facts
    assert isinstance(facts, RunFacts)
    assert len(facts.curves[0].validation) == 3, "the start and two epochs"
    run = replace(facts, curves=(Curve("", ((0.0, 0.0), (5.0, 0.5)), ((1.0, 4.0), (2.0, 2.0))),))
    drawn = draw_curves(run, longest=10.0, best=1.0)
    [((x0, y0), (x1, y1))] = drawn.scores
    assert (x0, y0) == (drawn.left, drawn.bottom)
    assert x1 == pytest.approx((drawn.left + drawn.right) / 2)
    assert y1 == pytest.approx((drawn.bottom + drawn.top) / 2)
    [((_, top), (end, half))] = drawn.losses
    assert (top, end) == (drawn.top, x1), "the loss has a scale of its own over the same stretch"
    assert half == pytest.approx(y1)
    assert drawn.label == f"validation at the end: {facts.score_name} 0.500"


def test_limits_are_those_of_all_runs(comparison: Comparison) -> None:
    facts = comparison.subjects[0].facts
    assert isinstance(facts, RunFacts)
    longer = replace(facts, curves=(Curve("", ((100.0, 0.9),), ()),))
    assert limits([facts, longer]) == (100.0, 0.9)
    assert limits([]) == (1.0, 1.0)
