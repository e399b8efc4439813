"""How often views and full shots are right: confusion matrices, and the front picture chosen on a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from streetshop.core.records import Look
from streetshop.lab.data.framing import FramedPicture
from streetshop.lab.evaluate.intervals import bootstrap
from streetshop.lab.evaluate.report import Figure, Section
from streetshop.looks.pose import INDEX
from streetshop.models.framing import VIEWS

NONE: Final = "none"
"""Column of the confusion matrix for pictures without a view."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What was read in a picture, beside its labels.

    Attributes:
        picture: with its labels.
        view: found; None when unknown.
        full_shot: found.
        front: probability of a front full shot, by which pictures of a page are ranked; 1 or 0 where a rule decided.
        eyes: both eyes of the largest person are reported as visible.
    """

    picture: FramedPicture
    view: str | None
    full_shot: bool
    front: float
    eyes: bool


def shown(picture: FramedPicture, look: Look) -> Shown:
    """Put what was read beside the labels."""
    points = look.persons[0].keypoints if look.persons else ()
    eyes = bool(points) and all(points[INDEX[name]].visibility == 2 for name in ("left_eye", "right_eye"))
    if look.full_shot_probability is None:
        front = float(look.view == "front" and bool(look.full_shot))
    else:
        front = look.view_probabilities.get("front", 0.0) * look.full_shot_probability
    return Shown(picture, look.view, bool(look.full_shot), front, eyes)


def confusion(found: Iterable[Shown], title: str, about: str = "") -> Section:
    """The confusion matrix of views (method 3, Figure 6): a row for each true view, a column for each found one."""
    counts = {view: dict.fromkeys((*VIEWS, NONE), 0) for view in VIEWS}
    for one in found:
        counts[one.picture.view][one.view or NONE] += 1
    rows = {view: tuple(Figure(value=float(n), digits=0) for n in row.values()) for view, row in counts.items()}
    return Section(title=title, about=about, columns=(*VIEWS, NONE), rows=rows)


def shares(found: Sequence[Shown]) -> dict[str, Figure]:
    """Shares with 95 % bootstrap intervals over photos or products.

    Returns:
        ``view``: right views; ``full shot``: right full shots, where it is known; ``eyes on backs``: backs on which
        both eyes are reported although they are not visible. Those without examples are left out.
    """
    known = [one for one in found if one.picture.full_shot is not None]
    backs = [one for one in found if one.picture.view == "back" and one.picture.eyes is False]
    parts = {
        "view": [(one, one.view == one.picture.view) for one in found],
        "full shot": [(one, one.full_shot == one.picture.full_shot) for one in known],
        "eyes on backs": [(one, one.eyes) for one in backs],
    }
    return {
        name: Figure.of(
            bootstrap([float(right) for _, right in pairs], clusters=[one.picture.group for one, _ in pairs])
        )
        for name, pairs in parts.items()
        if pairs
    }


def page_choices(found: Sequence[Shown]) -> dict[str, Figure]:
    """How often the front picture of a page is chosen.

    Returns:
        ``filtered``: share of pages on which the front picture and no other is a front full shot; ``ranked``: share on
        which the front picture is the most probable front full shot, ties counting as wrong.
    """
    pages: dict[str, list[Shown]] = {}
    for one in found:
        pages.setdefault(one.picture.group, []).append(one)
    filtered, ranked = [], []
    for page in pages.values():
        passed = [one.picture.view for one in page if one.view == "front" and one.full_shot]
        filtered.append(float(passed == ["front"]))
        best = max(one.front for one in page)
        ranked.append(float([one.picture.view for one in page if one.front == best] == ["front"]))
    names = list(pages)
    return {
        "filtered": Figure.of(bootstrap(np.asarray(filtered), clusters=names)),
        "ranked": Figure.of(bootstrap(np.asarray(ranked), clusters=names)),
    }
