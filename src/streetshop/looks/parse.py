"""From what a reader's network says of each pixel to garments and persons."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streetshop.core.geometry import Box, Keypoint, Mask, box_of_mask
from streetshop.core.records import Garment, Person
from streetshop.looks.pose import INDEX, SEEN, hotspot, is_full_shot, read_keypoints, view_of, visibility
from streetshop.looks.regions import gap, near_groups, parts_by_label, parts_of
from streetshop.models.reader import Reading

_BODY: Final = ("skin", "hair")
_SEVERAL: Final = frozenset({"bag", "accessory"})
"""Classes of which a person may wear several; of any other all parts are one garment."""
_RIVALS: Final = ("trousers", "shorts", "skirt", "dress")
"""Names of what covers the hips. Nobody wears two of them in one place: there the network only wavers."""
_HALVES: Final = (("top", "outerwear", "dress"), _RIVALS)
"""Clothes of the upper and of the lower half of a body."""
_CLOTHES: Final = frozenset({*_HALVES[0], *_HALVES[1]})
_SAME_PLACE: Final = 0.7
"""Share of the smaller box in the larger from which rivals are one garment."""
_LEAST: Final[Mapping[str, float]] = {
    "footwear": 0.002,
    "hat": 0.003,
    "bag": 0.004,
    "scarf": 0.004,
    "legwear": 0.004,
    "accessory": 0.0008,
}
"""Smallest garment, as a share of the person's or article's pixels; :data:`_LEAST_ELSE` for other classes."""
_LEAST_ELSE: Final = 0.012
_LEAST_UNSURE: Final = 0.015
"""Smallest garment that is reported though its name is unsure, as a share of the photo."""
_LEAST_REGION: Final = 0.004
"""Smallest region that is looked at, as a share of the photo."""
_STRAY: Final = 0.04
"""Parts below this share of a garment's largest part are strays, and dropped."""


@dataclass(frozen=True)
class Rules:
    """What a reader's bundle says about its classes.

    Attributes:
        classes: names; the first is the background.
        garments: those that are garments.
        calibration: a, b, c of ``score = sigmoid(a logit(p) + b log(share) + c)`` with p the mean probability of the
            class over the garment's pixels and share their number over the photo's.
        thresholds: least score of a sure name, by class. Less sure garments are left out, but for clothes of a person
            and a photo's only article: those take their likeliest name.
    """

    classes: tuple[str, ...]
    garments: tuple[str, ...]
    calibration: tuple[float, float, float] = (1.0, 0.0, 0.0)
    thresholds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Parsed:
    """Garments by falling score, persons from the largest; and what the largest person's keypoints say."""

    garments: tuple[Garment, ...]
    persons: tuple[Person, ...]
    full_shot: bool | None
    view: str | None


@dataclass(frozen=True, eq=False)
class _Article:
    """Pixels of one garment, before they become one.

    ``chance`` is the mean probability of its class, from which its score is made; ``score`` takes its place where it is
    known already.
    """

    category: str
    mask: Mask
    chance: float
    score: float | None = None


def parse(reading: Reading, rules: Rules) -> Parsed:
    """The garments and persons of a photo.

    A region of connected pixels that are not background, and that shows skin or hair or a head's keypoints, is a
    person (split where it holds two heads); loose regions beside a person, a bag at arm's length say, go with the
    nearest one. What remains are single articles, of one class each.
    """
    labels = likeliest(reading.probabilities)
    people, loose = people_and_articles(labels, reading.heat, rules)
    garments: list[Garment] = []
    persons: list[Person] = []
    for number, region in enumerate(people):
        points = _keypoints(reading, region)
        for article in _sure_enough(_worn(reading, labels, region, rules), rules):
            garments.append(_finish(article, reading, rules, points, number))
        persons.append(Person(_box(box_of_mask(region), reading), points))
    for region in loose:
        article = _single(reading, region, rules)
        if _is_sure(article, rules):
            garments.append(_finish(article, reading, rules, (), None))
    if loose and not garments and _size(loose[0]) > sum(_size(region) for region in people):
        # All that the photo shows, but for a hand perhaps: an unsure name on the right box beats the whole photo.
        garments.append(_finish(_single(reading, loose[0], rules), reading, rules, (), None))
    garments.sort(key=lambda g: -g.score)
    main = persons[0].keypoints if persons else ()
    full = is_full_shot(main) if main else (False if reading.heat is not None else None)
    view = view_of(main) if main else ("detail" if reading.heat is not None and garments else None)
    return Parsed(tuple(garments), tuple(persons), full, view)


def likeliest(planes: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(h, w) index of the largest of (n, h, w) planes, the first of equals: a third of the time of numpy's ``argmax``,
    which walks across the planes at every pixel."""
    top = planes.max(axis=0)
    found = np.zeros(planes.shape[1:], np.uint8)
    for index in range(len(planes) - 1, 0, -1):
        found[planes[index] == top] = index
    found[planes[0] == top] = 0
    return found


def score_of(chance: float, share: float, calibration: tuple[float, float, float]) -> float:
    """See :class:`Rules`."""
    p = min(max(chance, 1e-4), 1 - 1e-4)
    a, b, c = calibration
    z = a * math.log(p / (1 - p)) + b * math.log(max(share, 1e-6)) + c
    return 1 / (1 + math.exp(-max(min(z, 30.0), -30.0)))


def _size(mask: Mask) -> int:
    """In pixels. Many times quicker than ``mask.sum()``, and a photo asks for it a hundred times."""
    return int(np.count_nonzero(mask))


# --- persons ------------------------------------------------------------------------------------------------------


def people_and_articles(
    labels: NDArray[np.uint8], heat: NDArray[np.float32] | None, rules: Rules
) -> tuple[list[Mask], list[Mask]]:
    """(h, w) masks of persons, largest first, and of articles that nobody wears, largest first.

    ``labels`` is the likeliest class of each pixel, ``heat`` the keypoints' heatmaps.
    """
    body = np.isin(labels, [rules.classes.index(name) for name in _BODY if name in rules.classes])
    regions = [part for part in parts_of(labels > 0) if _size(part) >= 0.0002 * labels.size]
    people = [r for r in regions if _size(r) >= _LEAST_REGION * labels.size and _is_person(r, body, heat)]
    # Bystanders far behind are not what the photo is about.
    people = [r for r in people if _size(r) >= 0.1 * _size(people[0])]
    boxes = [box_of_mask(r) for r in people]
    loose = []
    for region in regions:
        if any(region is person for person in people):
            continue
        box = box_of_mask(region)
        near = min(range(len(people)), key=lambda i: gap(box, boxes[i]), default=None)
        if near is not None and gap(box, boxes[near]) <= 0.08 * boxes[near].height:
            people[near] = people[near] | region
        elif _size(region) >= _LEAST_REGION * labels.size and (not people or _size(region) >= 0.2 * _size(people[0])):
            loose.append(region)
    split = [half for region in people for half in _by_head(region, heat)]
    return sorted(split, key=lambda r: -_size(r)), loose


def _is_person(region: Mask, body: Mask, heat: NDArray[np.float32] | None) -> bool:
    if np.count_nonzero(region & body) >= 0.03 * np.count_nonzero(region):
        return True
    if heat is None:
        return False
    where = _sampled(region, heat)
    return bool(where.any()) and sum(float(plane[where].max()) >= 2 * SEEN for plane in heat) >= 6


def _by_head(region: Mask, heat: NDArray[np.float32] | None) -> list[Mask]:
    """The region, or its halves where it holds two heads side by side: each pixel goes to the nearer head's column."""
    if heat is None:
        return [region]
    where = _sampled(region, heat)
    nose = np.where(where, heat[INDEX["nose"]], 0.0)
    y, x = np.unravel_index(int(nose.argmax()), nose.shape)
    apart = max(0.12 * np.count_nonzero(where.any(axis=1)), 2)
    others = nose.copy()
    others[:, max(int(x - apart), 0) : int(x + apart) + 1] = 0
    other = int(others.argmax())
    if others.flat[other] < 2 * SEEN or nose[y, x] < 2 * SEEN:
        return [region]
    middle = ((x + other % nose.shape[1]) / 2 + 0.5) / nose.shape[1]
    side = (np.arange(region.shape[1]) + 0.5) / region.shape[1] < middle
    halves = [region & side[None, :], region & ~side[None, :]]
    return [region] if min(_size(h) for h in halves) < 0.1 * _size(region) else halves


def _sampled(region: Mask, heat: NDArray[np.float32]) -> Mask:
    """The region on the heatmaps' raster."""
    height, width = heat.shape[1:]
    rows = ((np.arange(height) + 0.5) * (region.shape[0] / height)).astype(np.intp)
    columns = ((np.arange(width) + 0.5) * (region.shape[1] / width)).astype(np.intp)
    sampled: Mask = region[np.ix_(rows, columns)]
    return sampled


def _keypoints(reading: Reading, region: Mask) -> tuple[Keypoint, ...]:
    """In pixels of the photo; empty from a reader without keypoints."""
    if reading.heat is None:
        return ()
    height, width = reading.heat.shape[1:]
    sx, sy = reading.width / width, reading.height / height
    box = _box(box_of_mask(region), reading).expand(0.06).clip(reading.width, reading.height)
    where = np.zeros((height, width), np.bool_)
    where[box.scale(1 / sx, 1 / sy).slices()] = True
    return tuple(
        Keypoint(x * sx, y * sy, visibility(peak), round(peak, 4)) for x, y, peak in read_keypoints(reading.heat, where)
    )


# --- garments -----------------------------------------------------------------------------------------------------


def _worn(reading: Reading, labels: NDArray[np.uint8], region: Mask, rules: Rules) -> list[_Article]:
    """What one person wears: all parts of a class are one garment, since arms, bags and hair split what is one; bags
    and accessories may be several, unless they lie close together."""
    found = []
    size = _size(region)
    reach = 0.03 * box_of_mask(region).height
    indices = {category: rules.classes.index(category) for category in rules.garments}
    every = parts_by_label(np.where(region & np.isin(labels, list(indices.values())), labels, np.uint8(0)))
    for category, index in indices.items():
        parts = every.get(index)
        if parts is None:
            continue
        if category in _SEVERAL:
            groups = [[parts[i] for i in group] for group in near_groups([box_of_mask(p) for p in parts], reach)]
        else:
            groups = [[p for p in parts if _size(p) >= _STRAY * _size(parts[0])]]
        for group in groups:
            mask = np.logical_or.reduce(group)
            share = _size(mask) / size
            if share >= _LEAST.get(category, _LEAST_ELSE):
                found.append(_Article(category, mask, float(reading.probabilities[index][mask].mean())))
    return _without_rivals(found, reading, rules)


def _without_rivals(articles: list[_Article], reading: Reading, rules: Rules) -> list[_Article]:
    """Rivals in one place become one garment of the class that most of it votes for, as surely as it votes."""
    rivals = sorted((a for a in articles if a.category in _RIVALS), key=lambda a: -_size(a.mask))
    merged: list[_Article] = []
    for article in rivals:
        for i, larger in enumerate(merged):
            if _same_place(article, larger):
                mask = larger.mask | article.mask
                names = (larger.category, article.category)
                votes = [float(reading.probabilities[rules.classes.index(name)][mask].mean()) for name in names]
                merged[i] = _Article(names[int(np.argmax(votes))], mask, max(votes))
                break
        else:
            merged.append(article)
    return [a for a in articles if a.category not in _RIVALS] + merged


def _single(reading: Reading, region: Mask, rules: Rules) -> _Article:
    """A garment that nobody wears: the region as a whole gets one name.

    The name is what the reader says of whole articles, and the score how sure it is of that. A reader that says nothing
    of them gives the class with most of the region's probability.
    """
    if reading.articles is not None:
        logits = mean_inside(reading.articles, region)
        chances = np.exp(logits - logits.max())
        best = int(chances.argmax())
        chance = float(chances[best] / chances.sum())
        return _Article(rules.garments[best], region, chance, score=chance)
    votes = [float(reading.probabilities[rules.classes.index(name)][region].mean()) for name in rules.garments]
    best = int(np.argmax(votes))
    return _Article(rules.garments[best], region, votes[best] / max(sum(votes), 1e-6))


def mean_inside(planes: NDArray[np.float32], region: Mask) -> NDArray[np.float32]:
    """(n,) means of (n, h, w) planes over a region of the same photo on a finer raster: each of their pixels counts by
    how much of it lies in the region."""
    height, width = planes.shape[1:]
    share = np.asarray(Image.fromarray(region.astype(np.float32)).resize((width, height), Image.Resampling.BOX))
    total = float(share.sum())
    means: NDArray[np.float32] = np.einsum("nhw,hw->n", planes, share) / max(total, 1e-6)
    return means


def _sure_enough(articles: Sequence[_Article], rules: Rules) -> list[_Article]:
    """Those whose score reaches the threshold of their class. Where clothes are seen and no name of theirs does, the
    likeliest name takes the place of all: a black jacket must not be lost because it may as well be a top."""
    kept = [article for article in articles if _is_sure(article, rules)]
    unsure = [
        a
        for a in articles
        if a.category in _CLOTHES and _size(a.mask) / a.mask.size >= _LEAST_UNSURE and not _is_sure(a, rules)
    ]
    for article in sorted(unsure, key=lambda a: -_score(a, rules)):
        rivals = [i for i, other in enumerate(kept) if _same_half(article, other) and _same_place(article, other)]
        if not rivals:
            kept.append(article)
        elif not _is_sure(kept[rivals[0]], rules):
            kept[rivals[0]] = replace(kept[rivals[0]], mask=kept[rivals[0]].mask | article.mask)
    return kept


def _score(article: _Article, rules: Rules) -> float:
    if article.score is not None:
        return article.score
    return score_of(article.chance, _size(article.mask) / article.mask.size, rules.calibration)


def _is_sure(article: _Article, rules: Rules) -> bool:
    return _score(article, rules) >= rules.thresholds.get(article.category, 0.0)


def _same_place(one: _Article, other: _Article) -> bool:
    first, second = box_of_mask(one.mask), box_of_mask(other.mask)
    return first.intersection(second) >= _SAME_PLACE * min(first.area, second.area)


def _same_half(one: _Article, other: _Article) -> bool:
    return any(one.category in half and other.category in half for half in _HALVES)


def _finish(
    article: _Article, reading: Reading, rules: Rules, points: Sequence[Keypoint], person: int | None
) -> Garment:
    around = box_of_mask(article.mask)
    mask = article.mask[around.slices()]
    box = _box(around, reading)
    spot = hotspot(article.category, mask, box, points)
    return Garment(article.category, round(_score(article, rules), 4), box, spot, mask, person)


def _box(box: Box, reading: Reading) -> Box:
    height, width = reading.probabilities.shape[1:]
    return box.scale(reading.width / width, reading.height / height).clip(reading.width, reading.height)
