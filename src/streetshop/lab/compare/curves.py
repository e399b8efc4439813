"""Training curves: validation and loss of one run as lines in a picture, all runs on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from streetshop.lab.compare.runs import Points, RunFacts


@dataclass(frozen=True, slots=True)
class Curves:
    """The lines of one run, in the pixels of a picture.

    Attributes:
        label: the last validation scores, in words.
        losses, scores: a line of (x, y) for each network of the run.
        longest, best: seconds at the right end of the axis, validation score at its top.
        width, height: of the picture.
        left, right, top, bottom: of the axes.
    """

    label: str
    losses: tuple[Points, ...]
    scores: tuple[Points, ...]
    longest: float
    best: float
    width: ClassVar[int] = 260
    height: ClassVar[int] = 130
    left: ClassVar[int] = 34
    right: ClassVar[int] = 252
    top: ClassVar[int] = 10
    bottom: ClassVar[int] = 108


def limits(runs: Sequence[RunFacts]) -> tuple[float, float]:
    """(longest training in seconds, best validation) of all runs: the scale that they share."""
    points = [point for run in runs for curve in run.curves for point in curve.validation]
    return max((x for x, _ in points), default=0.0) or 1.0, max((y for _, y in points), default=0.0) or 1.0


def draw_curves(run: RunFacts, longest: float, best: float) -> Curves:
    """Validation score over seconds of training, and the loss over the same stretch on a scale of its own.

    A run with groups has a line for each.
    """
    losses = []
    for curve in run.curves:
        if len(curve.loss) > 1 and curve.validation:
            end = curve.validation[-1][0]
            steps, top = curve.loss[-1][0], max(y for _, y in curve.loss) or 1.0
            losses.append(_placed([(x / steps * end, y / top) for x, y in curve.loss], longest, 1.0))
    scores = tuple(_placed(curve.validation, longest, best) for curve in run.curves)
    ends = [
        f"{curve.group or run.score_name} {curve.validation[-1][1]:.3f}" for curve in run.curves if curve.validation
    ]
    label = "validation at the end: " + (", ".join(ends) or "none")
    return Curves(label, tuple(losses), scores, longest, best)


def _placed(points: Sequence[tuple[float, float]], longest: float, best: float) -> Points:
    across, up = Curves.right - Curves.left, Curves.bottom - Curves.top
    return tuple(
        (Curves.left + across * min(x / longest, 1.0), Curves.bottom - up * max(min(y / best, 1.0), 0.0))
        for x, y in points
    )
