"""What a reader's network says of each pixel to garments and persons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streetshop.core.geometry import Box, Keypoint, Mask, box_of_mask
from streetshop.core.records import Garment, Person
from streetshop.looks.framing import framed
from streetshop.looks.hotspots import hotspot, place_of, spread
from streetshop.looks.people import people_and_articles
from streetshop.looks.pose import read_keypoints, visibility
from streetshop.looks.regions import near_groups, parts_by_label, size
from streetshop.looks.rules import Rules
from streetshop.models.framing import FramingHead
from streetshop.models.reader import Reading

_SAME_PLACE: Final = 0.7
"""Share of the smaller box that lies in the larger one from which two garments are in one place."""
_LEAST_UNSURE: Final = 0.015
"""Smallest garment that is reported although its category is unsure, as a share of the photo."""
_LEAST_PART: Final = 0.04
"""Parts below this share of a garment's largest part are dropped."""
_SEVERAL_APART: Final = 0.03
"""Least gap between two garments of one category, as a share of the person's height."""
_AROUND: Final = 0.06
"""How far a person's keypoints may lie outside its box, as a share of the box."""


@dataclass(frozen=True)
class Parsed:
    """Garments by falling score and persons from the largest.

    Attributes:
        garments: by falling score.
        persons: from the largest.
        keypoints: whether the reader tells them.
        alone: the view of garments without a person, by a framing head; empty without one.
    """

    garments: tuple[Garment, ...]
    persons: tuple[Person, ...]
    keypoints: bool = False
    alone: Mapping[str, float] = field(default_factory=dict)

    @property
    def full_shot(self) -> bool | None:
        """Whether the largest person is a full shot; None from a reader without keypoints."""
        if self.persons:
            return self.persons[0].full_shot
        return False if self.keypoints else None

    @property
    def view(self) -> str | None:
        """The view of the largest person, or of garments alone; None when unknown.

        Without a framing head, garments alone are a ``detail``.
        """
        if self.persons:
            return self.persons[0].view
        if self.alone:
            return max(self.alone, key=lambda name: self.alone[name])
        return "detail" if self.keypoints and self.garments else None

    @property
    def view_probabilities(self) -> Mapping[str, float]:
        """The probability of each view, where a head decided."""
        return self.persons[0].view_probabilities if self.persons else self.alone


@dataclass(frozen=True, eq=False)
class _Article:
    """Pixels of one garment.

    Attributes:
        category: its class.
        mask: (h, w) on the raster of the reading.
        probability: mean probability of its class over the mask.
        score: when it does not follow from the probability.
        kinds: probability of each garment class; empty until it is computed from the mask.
    """

    category: str
    mask: Mask
    probability: float
    score: float | None = None
    kinds: Mapping[str, float] = field(default_factory=dict)


def parse(reading: Reading, rules: Rules, head: FramingHead | None = None) -> Parsed:
    """Return the garments and persons of a photo.

    Each class of a person's pixels is a garment; each article that nobody wears is one garment. Garments whose category
    is unsure are left out, with two exceptions: clothes of a person, see :func:`_sure_enough`, and the only article of
    a photo that shows no more of a person than, say, a hand.

    Args:
        reading: what the network says.
        rules: of the reader.
        head: that tells view and full shot; without one the keypoints do.
    """
    labels = most_probable(reading.probabilities)
    people, loose = people_and_articles(labels, reading.heat, rules)
    garments: list[Garment] = []
    persons: list[Person] = []
    for number, region in enumerate(people):
        points = _keypoints(reading, region)
        worn = _sure_enough(_worn(reading, labels, region, rules), rules)
        garments += [_finish(article, reading, rules, points, number) for article in worn]
        persons.append(framed(_box(box_of_mask(region), reading), points, reading, head))
    articles = [_single(reading, region, rules) for region in loose]
    garments += [_finish(article, reading, rules, (), None) for article in articles if _is_sure(article, rules)]
    if articles and not garments and size(loose[0]) > sum(size(region) for region in people):
        garments.append(_finish(articles[0], reading, rules, (), None))
    garments.sort(key=lambda g: -g.score)
    alone = framed(_whole(reading), (), reading, head).view_probabilities if garments and not persons else {}
    placed = spread(garments, reading.width, reading.height)
    return Parsed(placed, tuple(persons), reading.heat is not None, alone)


def most_probable(planes: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the (h, w) index of the largest of (n, h, w) planes, the first of equals.

    Three times as fast as ``planes.argmax(axis=0)``, which strides over the planes at every pixel.
    """
    top = planes.max(axis=0)
    found = np.zeros(planes.shape[1:], np.uint8)
    for index in range(len(planes) - 1, 0, -1):
        found[planes[index] == top] = index
    found[planes[0] == top] = 0
    return found


def mean_inside(planes: NDArray[np.float32], region: Mask) -> NDArray[np.float32]:
    """Return the (n,) means of (n, h, w) planes over a region.

    The region is a finer raster of the same photo: each pixel of the planes counts by how much of it lies in the
    region.
    """
    height, width = planes.shape[1:]
    share = np.asarray(Image.fromarray(region.astype(np.float32)).resize((width, height), Image.Resampling.BOX))
    total = float(share.sum())
    means: NDArray[np.float32] = np.einsum("nhw,hw->n", planes, share) / max(total, 1e-6)
    return means


def _keypoints(reading: Reading, region: Mask) -> tuple[Keypoint, ...]:
    """In pixels of the photo; empty from a reader without keypoints."""
    if reading.heat is None:
        return ()
    height, width = reading.heat.shape[1:]
    sx, sy = reading.width / width, reading.height / height
    box = _box(box_of_mask(region), reading).expand(_AROUND).clip(reading.width, reading.height)
    where = np.zeros((height, width), np.bool_)
    where[box.scale(1 / sx, 1 / sy).slices()] = True
    return tuple(
        Keypoint(x * sx, y * sy, visibility(peak), round(peak, 4)) for x, y, peak in read_keypoints(reading.heat, where)
    )


def _worn(reading: Reading, labels: NDArray[np.uint8], region: Mask, rules: Rules) -> list[_Article]:
    """What one person wears.

    All parts of a class are one garment, since arms, bags and hair divide what is one. Of the classes in
    ``ClassRules.several``, parts that do not lie close together are several garments.
    """
    found = []
    reach = _SEVERAL_APART * box_of_mask(region).height
    indices = {category: rules.index(category) for category in rules.garments}
    every = parts_by_label(np.where(region & np.isin(labels, list(indices.values())), labels, np.uint8(0)))
    for category, index in indices.items():
        parts = every.get(index)
        if parts is None:
            continue
        if category in rules.groups.several:
            groups = [[parts[i] for i in group] for group in near_groups([box_of_mask(p) for p in parts], reach)]
        else:
            groups = [[p for p in parts if size(p) >= _LEAST_PART * size(parts[0])]]
        for group in groups:
            mask = np.logical_or.reduce(group)
            if size(mask) / size(region) >= rules.groups.least(category):
                found.append(_Article(category, mask, float(reading.probabilities[index][mask].mean())))
    return _without_rivals(found, reading, rules)


def _without_rivals(articles: list[_Article], reading: Reading, rules: Rules) -> list[_Article]:
    """Merge garments of the lower half that are in one place.

    Nobody wears two of them in one place: the network is only unsure of the class. The merged garment has the class of
    the larger mean probability.
    """
    lower = rules.groups.lower
    merged: list[_Article] = []
    for article in sorted((a for a in articles if a.category in lower), key=lambda a: -size(a.mask)):
        for i, larger in enumerate(merged):
            if _same_place(article, larger):
                mask = larger.mask | article.mask
                names = (larger.category, article.category)
                votes = [float(reading.probabilities[rules.index(name)][mask].mean()) for name in names]
                merged[i] = _Article(names[int(np.argmax(votes))], mask, max(votes))
                break
        else:
            merged.append(article)
    return [a for a in articles if a.category not in lower] + merged


def _single(reading: Reading, region: Mask, rules: Rules) -> _Article:
    """A garment that nobody wears: the whole region has one category.

    A reader with names of articles gives category and score. Otherwise it is the class with the largest share of the
    region's probability.
    """
    if reading.articles is not None:
        logits = mean_inside(reading.articles, region)
        chances = np.exp(logits - logits.max())
        chances /= chances.sum()
        best = int(chances.argmax())
        chance = float(chances[best])
        kinds = dict(zip(rules.garments, chances.tolist(), strict=True))
        return _Article(rules.garments[best], region, chance, chance, kinds)
    kinds = _kinds(reading, region, rules)
    best_name = max(kinds, key=lambda name: kinds[name])
    return _Article(best_name, region, kinds[best_name], None, kinds)


def _kinds(reading: Reading, mask: Mask, rules: Rules) -> dict[str, float]:
    """The share of each garment class in what the network says of a region's pixels; they sum to one."""
    means = [float(reading.probabilities[rules.index(name)][mask].mean()) for name in rules.garments]
    total = max(sum(means), 1e-6)
    return {name: mean / total for name, mean in zip(rules.garments, means, strict=True)}


def _sure_enough(articles: Sequence[_Article], rules: Rules) -> list[_Article]:
    """Garments whose score reaches the threshold of their class, and clothes that no such garment covers.

    If no class of a piece of clothing passes its threshold, the most probable garment class is used, and takes the
    pixels of the others in its place: a black jacket is not lost because it may as well be a top.
    """
    kept = [article for article in articles if _is_sure(article, rules)]
    unsure = [
        a
        for a in articles
        if rules.groups.is_clothing(a.category)
        and size(a.mask) / a.mask.size >= _LEAST_UNSURE
        and not _is_sure(a, rules)
    ]
    for article in sorted(unsure, key=lambda a: -_score(a, rules)):
        rivals = [
            i
            for i, other in enumerate(kept)
            if rules.groups.same_half(article.category, other.category) and _same_place(article, other)
        ]
        if not rivals:
            kept.append(article)
        elif not _is_sure(kept[rivals[0]], rules):
            kept[rivals[0]] = replace(kept[rivals[0]], mask=kept[rivals[0]].mask | article.mask)
    return kept


def _score(article: _Article, rules: Rules) -> float:
    if article.score is not None:
        return article.score
    return rules.score(article.probability, size(article.mask) / article.mask.size)


def _is_sure(article: _Article, rules: Rules) -> bool:
    return rules.is_sure(article.category, _score(article, rules))


def _same_place(one: _Article, other: _Article) -> bool:
    first, second = box_of_mask(one.mask), box_of_mask(other.mask)
    return first.intersection(second) >= _SAME_PLACE * min(first.area, second.area)


def _finish(
    article: _Article, reading: Reading, rules: Rules, points: Sequence[Keypoint], person: int | None
) -> Garment:
    around = box_of_mask(article.mask)
    mask = article.mask[around.slices()]
    box = _box(around, reading)
    spot = hotspot(mask, box, points, place_of(article.category, rules.groups.on_leg))
    kinds = article.kinds or _kinds(reading, article.mask, rules)
    return Garment(article.category, round(_score(article, rules), 4), box, spot, mask, person, kinds)


def _whole(reading: Reading) -> Box:
    return Box(0.0, 0.0, float(reading.width), float(reading.height))


def _box(box: Box, reading: Reading) -> Box:
    """From the raster of the reading to pixels of the photo."""
    height, width = reading.probabilities.shape[1:]
    return box.scale(reading.width / width, reading.height / height).clip(reading.width, reading.height)
