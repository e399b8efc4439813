"""Training curves as inline SVG: validation and loss of one run, all runs on one scale."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Final

from streetshop.lab.compare.runs import Points, RunFacts

WIDTH: Final = 260
HEIGHT: Final = 130
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 8, 10, 22


def limits(runs: Sequence[RunFacts]) -> tuple[float, float]:
    """(longest training in seconds, best validation) of all runs: the scale that they share."""
    points = [point for run in runs for curve in run.curves for point in curve.validation]
    return max((x for x, _ in points), default=0.0) or 1.0, max((y for _, y in points), default=0.0) or 1.0


def training_curves(run: RunFacts, longest: float, best: float) -> str:
    """Validation score over seconds of training (a dot a validation), and behind it the loss, thin, on a scale of its
    own over the same stretch. A run with groups has a line for each."""
    parts = [
        f'<svg class="curve" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{html.escape(_words(run), quote=True)}">',
        f'<path class="axis" d="M{_LEFT} {_TOP}V{HEIGHT - _BOTTOM}H{WIDTH - _RIGHT}"/>',
        f'<text x="{_LEFT - 4}" y="{_TOP + 4}" text-anchor="end">{best:.2f}</text>',
        f'<text x="{_LEFT - 4}" y="{HEIGHT - _BOTTOM}" text-anchor="end">0</text>',
        f'<text x="{WIDTH - _RIGHT}" y="{HEIGHT - 6}" text-anchor="end">{longest:.0f} s</text>',
    ]
    for curve in run.curves:
        if len(curve.loss) > 1 and curve.validation:
            end = curve.validation[-1][0]
            steps, top = curve.loss[-1][0], max(y for _, y in curve.loss) or 1.0
            loss = [(x / steps * end, y / top) for x, y in curve.loss]
            parts.append(f'<polyline class="loss" points="{_path(loss, longest, 1.0)}"/>')
    for curve in run.curves:
        parts.append(f'<polyline class="score" points="{_path(curve.validation, longest, best)}"/>')
        for point in curve.validation:
            x, y = _place(*point, longest, best)
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2"/>')
    return "".join([*parts, "</svg>"])


def _words(run: RunFacts) -> str:
    ends = [
        f"{curve.group or run.score_name} {curve.validation[-1][1]:.3f}" for curve in run.curves if curve.validation
    ]
    return "validation at the end: " + (", ".join(ends) or "none")


def _path(points: Sequence[tuple[float, float]] | Points, longest: float, best: float) -> str:
    return " ".join("{:.1f},{:.1f}".format(*_place(x, y, longest, best)) for x, y in points)


def _place(x: float, y: float, longest: float, best: float) -> tuple[float, float]:
    across, up = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
    return _LEFT + across * min(x / longest, 1.0), HEIGHT - _BOTTOM - up * max(min(y / best, 1.0), 0.0)
