"""Measure readers and detectors, as they serve, on the boxes of a manifest."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import MeasureError, PhotoError
from streetshop.core.kinds import KINDS
from streetshop.core.photo import Photo
from streetshop.core.records import Garment
from streetshop.lab.core.progress import Progress, say
from streetshop.lab.data.article_types import article_of, kind_of
from streetshop.lab.data.sample import Sample
from streetshop.lab.evaluate.detection import COCO_IOUS, Boxes, average_precision
from streetshop.lab.evaluate.intervals import Estimate, bootstrap_of
from streetshop.lab.evaluate.report import Figure, Section
from streetshop.looks import PHOTO_SIDE, Reader

PROTOCOL: Final = (
    "Garments as the reader reports them, against the true boxes; right is the same {what} with an IoU of at least 0.5 "
    "(AP50). AP is the mean over IoU 0.5 to 0.95. 95 % bootstrap intervals over pictures. Times are medians on two "
    "threads, from pixels to garments, without decoding."
)


@dataclass(frozen=True, eq=False)
class Found:
    """What a reader finds in some pictures.

    Attributes:
        garments: of each picture.
        milliseconds: of each.
    """

    garments: tuple[tuple[Garment, ...], ...]
    milliseconds: NDArray[np.float64]


def truth_of(rows: Sequence[Sample]) -> dict[str, list[Sample]]:
    """Rows by picture, without pictures of which a row has no box.

    Raises:
        MeasureError: nothing is left.
    """
    pictures: dict[str, list[Sample]] = {}
    for row in rows:
        pictures.setdefault(row.image, []).append(row)
    usable = {image: there for image, there in pictures.items() if all(row.box is not None for row in there)}
    if not usable:
        raise MeasureError("no picture has boxes", hint="Give a manifest with boxes, or another --split")
    return usable


def read_all(readers: Mapping[str, Reader], pictures: Mapping[str, Sequence[Sample]]) -> dict[str, Found]:
    """What each reader finds in each picture; one that cannot be decoded has no garments, and is said."""
    found: dict[str, list[tuple[Garment, ...]]] = {name: [] for name in readers}
    spent: dict[str, list[float]] = {name: [] for name in readers}
    rows = [there[0] for there in pictures.values()]
    with Progress("reading", len(rows)) as progress:
        for photo in map(_decode, rows):  # not ahead, in a thread, which would take the readers' time
            for name, reader in readers.items():
                start = time.perf_counter()
                garments = () if photo is None else reader.read(photo).garments
                spent[name].append(1000 * (time.perf_counter() - start))
                found[name].append(garments)
            progress.advance()
    return {name: Found(tuple(found[name]), np.asarray(spent[name])) for name in readers}


def _decode(row: Sample) -> Photo | None:
    try:
        return row.load_photo(PHOTO_SIDE)
    except PhotoError as error:
        say(f"no garments: {error}")
        return None


def kinds_section(found: Mapping[str, Found], pictures: Mapping[str, Sequence[Sample]]) -> Section:
    """AP by kind, a column a reader; kinds are what all readers tell apart."""
    truth = [_boxes([(row, kind_of(row.category)) for row in rows], KINDS) for rows in pictures.values()]
    answers = {
        name: [_found_boxes(garments, [_kind(g) for g in garments], KINDS) for garments in one.garments]
        for name, one in found.items()
    }
    milliseconds = {name: float(np.median(one.milliseconds)) for name, one in found.items()}
    return _section("Boxes by kind", PROTOCOL.format(what="kind"), truth, answers, KINDS, milliseconds)


def classes_section(
    name: str, classes: Sequence[str], found: Found, pictures: Mapping[str, Sequence[Sample]]
) -> Section | None:
    """AP by the classes of one detector; None where no true box has one of them."""
    truth = [_boxes([(row, class_name(row.category, classes)) for row in rows], classes) for rows in pictures.values()]
    if not any(len(one.labels) for one in truth):
        return None
    answers = {name: [_found_boxes(garments, [g.category for g in garments], classes) for garments in found.garments]}
    return _section("Boxes by class", PROTOCOL.format(what="class"), truth, answers, classes, {})


def class_name(category: str, classes: Sequence[str]) -> str | None:
    """Which of a detector's classes a category is of: its own name, its article type, or its kind."""
    plain = " ".join(category.lower().split())
    return next((name for name in (plain, article_of(category), kind_of(category)) if name in classes), None)


def _section(
    title: str,
    about: str,
    truth: Sequence[Boxes],
    answers: Mapping[str, Sequence[Boxes]],
    classes: Sequence[str],
    milliseconds: Mapping[str, float],
) -> Section:
    at_half = {name: average_precision(boxes, truth) for name, boxes in answers.items()}
    counts = next(iter(at_half.values())).truths
    rows: dict[str, tuple[Figure | None, ...]] = {
        "AP50, mean over classes": tuple(Figure.of(_interval(boxes, truth)) for boxes in answers.values()),
        "AP, mean over classes": tuple(
            Figure.of(average_precision(boxes, truth, iou=COCO_IOUS).mean) for boxes in answers.values()
        ),
    }
    if milliseconds:
        rows["ms a photo"] = tuple(Figure.of(milliseconds[name], digits=0) for name in answers)
    for label, count in counts.items():
        rows[f"AP50 of {classes[label]} ({count})"] = tuple(Figure.of(one.by_class[label]) for one in at_half.values())
    return Section(title=title, about=about, columns=tuple(answers), rows=rows)


def _interval(found: Sequence[Boxes], truth: Sequence[Boxes]) -> Estimate:
    def precision(drawn: NDArray[np.intp]) -> float:
        return average_precision([found[i] for i in drawn], [truth[i] for i in drawn]).mean

    return bootstrap_of(precision, len(truth), rounds=300)


def _boxes(rows: Sequence[tuple[Sample, str | None]], classes: Sequence[str]) -> Boxes:
    kept = [(row, name) for row, name in rows if name is not None and row.box is not None]
    return Boxes.of(
        [row.box for row, _ in kept if row.box is not None],
        [classes.index(name) for _, name in kept],
        crowd=[bool(row.attributes.get("crowd")) for row, _ in kept],
    )


def _found_boxes(garments: Sequence[Garment], names: Sequence[str | None], classes: Sequence[str]) -> Boxes:
    kept = [(g, name) for g, name in zip(garments, names, strict=True) if name in classes]
    return Boxes.of(
        [g.box.corners for g, _ in kept],
        [classes.index(name) for _, name in kept if name is not None],
        [g.score for g, _ in kept],
    )


def _kind(garment: Garment) -> str | None:
    if garment.category in KINDS:
        return garment.category
    return max(garment.kinds, key=lambda kind: garment.kinds[kind], default=None)
