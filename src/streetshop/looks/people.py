"""Persons, and articles that nobody wears, in the class map of a photo."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from streetshop.core.geometry import Mask, box_of_mask
from streetshop.looks.pose import INDEX, SEEN
from streetshop.looks.regions import gap, parts_of, size
from streetshop.looks.rules import Rules

_SPECK: Final = 0.0002
"""Regions below this share of the photo are ignored."""
_LEAST_REGION: Final = 0.004
"""Smallest region, as a share of the photo, that may be a person or an article."""
_LEAST_BODY: Final = 0.03
"""Share of a region that body classes must take for it to be a person without keypoints."""
_LEAST_KEYPOINTS: Final = 6
"""Keypoints with a sure peak that make a region a person."""
_BYSTANDER: Final = 0.1
"""Persons below this share of the largest are ignored."""
_REACH: Final = 0.08
"""Largest gap between a person and what belongs to it, as a share of the person's height."""
_LEAST_BESIDE: Final = 0.2
"""Smallest article beside persons, as a share of the largest person."""
_HEADS_APART: Final = 0.12
"""Least distance of two heads in one region, as a share of its height."""
_LEAST_HALF: Final = 0.1
"""Smallest half, as a share of a region, that is split off as another person."""


def people_and_articles(
    labels: NDArray[np.uint8], heat: NDArray[np.float32] | None, rules: Rules
) -> tuple[list[Mask], list[Mask]]:
    """Divide the foreground into persons and articles that nobody wears.

    A connected region of foreground that shows a body class or enough keypoints is a person; it is split where it holds
    two heads. A smaller region near a person, such as a bag at arm's length, belongs to the nearest person.

    Args:
        labels: (h, w) index of the most probable class of each pixel.
        heat: (17, h', w') heatmaps of the keypoints; None from a reader without them.
        rules: of the reader.

    Returns:
        (h, w) masks of persons and of articles, each from the largest.
    """
    body = np.isin(labels, [rules.index(name) for name in rules.groups.body if name in rules.classes])
    regions = [part for part in parts_of(labels > 0) if size(part) >= _SPECK * labels.size]
    people = [r for r in regions if size(r) >= _LEAST_REGION * labels.size and _is_person(r, body, heat)]
    people = [r for r in people if size(r) >= _BYSTANDER * size(people[0])]
    boxes = [box_of_mask(r) for r in people]
    loose = []
    for region in regions:
        if any(region is person for person in people):
            continue
        box = box_of_mask(region)
        near = min(range(len(people)), key=lambda i: gap(box, boxes[i]), default=None)
        if near is not None and gap(box, boxes[near]) <= _REACH * boxes[near].height:
            people[near] = people[near] | region
        elif size(region) >= max(_LEAST_REGION * labels.size, _LEAST_BESIDE * size(people[0]) if people else 0):
            loose.append(region)
    split = [half for region in people for half in _by_head(region, heat)]
    return sorted(split, key=lambda r: -size(r)), loose


def _is_person(region: Mask, body: Mask, heat: NDArray[np.float32] | None) -> bool:
    if size(region & body) >= _LEAST_BODY * size(region):
        return True
    if heat is None:
        return False
    where = _sampled(region, heat)
    return bool(where.any()) and sum(float(plane[where].max()) >= 2 * SEEN for plane in heat) >= _LEAST_KEYPOINTS


def _by_head(region: Mask, heat: NDArray[np.float32] | None) -> list[Mask]:
    """The region, or its halves where it holds two heads side by side: each pixel goes to the nearer head's column."""
    if heat is None:
        return [region]
    where = _sampled(region, heat)
    nose = np.where(where, heat[INDEX["nose"]], 0.0)
    y, x = np.unravel_index(int(nose.argmax()), nose.shape)
    apart = max(_HEADS_APART * np.count_nonzero(where.any(axis=1)), 2)
    others = nose.copy()
    others[:, max(int(x - apart), 0) : int(x + apart) + 1] = 0
    other = int(others.argmax())
    if others.flat[other] < 2 * SEEN or nose[y, x] < 2 * SEEN:
        return [region]
    middle = ((x + other % nose.shape[1]) / 2 + 0.5) / nose.shape[1]
    side = (np.arange(region.shape[1]) + 0.5) / region.shape[1] < middle
    halves = [region & side[None, :], region & ~side[None, :]]
    return [region] if min(size(half) for half in halves) < _LEAST_HALF * size(region) else halves


def _sampled(region: Mask, heat: NDArray[np.float32]) -> Mask:
    """The region on the raster of the heatmaps."""
    height, width = heat.shape[1:]
    rows = ((np.arange(height) + 0.5) * (region.shape[0] / height)).astype(np.intp)
    columns = ((np.arange(width) + 0.5) * (region.shape[1] / width)).astype(np.intp)
    sampled: Mask = region[np.ix_(rows, columns)]
    return sampled
