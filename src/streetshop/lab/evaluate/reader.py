"""Measure a reader bundle, as it serves, on photos of Clothing Co-Parsing."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streetshop.core.files import output_file
from streetshop.core.geometry import COCO_KEYPOINTS
from streetshop.core.photo import Photo
from streetshop.core.records import Garment
from streetshop.lab.core.progress import Progress
from streetshop.lab.data.classes import CLASSES, GARMENTS
from streetshop.lab.data.labelled_photos import read_points
from streetshop.lab.data.sets.ccp import class_labels
from streetshop.lab.evaluate.dense import Confusion, pck
from streetshop.lab.evaluate.detection import Boxes, average_precision
from streetshop.lab.evaluate.intervals import Estimate, bootstrap_of
from streetshop.lab.evaluate.report import Figure, Section
from streetshop.looks.overlay import draw_overlay
from streetshop.looks.parse import Parsed, parse
from streetshop.looks.reader import PHOTO_SIDE, OnnxReader
from streetshop.looks.rules import Rules
from streetshop.models.reader import Reading

_RASTER: Final = 352
"""Height in pixels of the raster on which true labels become garments; not coarser than a reader's masks."""
_SPEED_RUNS: Final = 30
WHOLE: Final = "95 % bootstrap intervals over photos. Times are without decoding."
"""The protocol of whole photos."""


@dataclass(frozen=True, eq=False)
class Judged:
    """One photo: its reading and its truth.

    Attributes:
        name: the photo's number.
        confusion: of its own pixels.
        found, true: garments.
        shares: (found,) pixels of each found garment over those of the photo.
        points: (17, 2) keypoints read, x and y in pixels, NaN where none is reported.
        teacher: (17, 3) the teacher's x, y and COCO visibility, or None.
    """

    name: str
    confusion: Confusion
    found: tuple[Garment, ...]
    true: tuple[Garment, ...]
    shares: tuple[float, ...]
    points: NDArray[np.float64]
    teacher: NDArray[np.float64] | None


def judge(reader: OnnxReader, root: Path, names: Sequence[str], keypoints: Path | None, rules: Rules) -> list[Judged]:
    """Read every photo and compare it with its labels.

    Args:
        reader: a bundle.
        root: of Clothing Co-Parsing.
        names: numbers of the photos.
        keypoints: the teacher's file of its photos, or None.
        rules: how scores are made; see :func:`streetshop.looks.parse.parse`.
    """
    teacher = read_points(keypoints)
    judged = []
    with Progress("measuring", len(names)) as progress:
        for name in names:
            photo = Photo.from_path(root / "photos" / f"{name}.jpg", at_least=PHOTO_SIDE)
            labels = class_labels(root, name)
            reading = reader.see(photo)
            confusion = Confusion.empty(len(CLASSES))
            confusion.add(reader.pixel_classes(photo), labels)
            parsed = parse(reading, rules)
            points = teacher.get(name)
            judged.append(
                Judged(
                    name,
                    confusion,
                    parsed.garments,
                    true_garments(labels),
                    tuple(_share(g, photo) for g in parsed.garments),
                    _points(parsed),
                    None if points is None else np.asarray(points, np.float64),
                )
            )
            progress.advance()
    return judged


def true_garments(labels: NDArray[np.uint8]) -> tuple[Garment, ...]:
    """Garments of (h, w) true labels, by the same rules as those of a reading."""
    height, width = labels.shape
    size = (max(round(width * _RASTER / height), 1), _RASTER)
    small = np.asarray(Image.fromarray(labels).resize(size, Image.Resampling.NEAREST))
    chances = (small[None] == np.arange(len(CLASSES), dtype=np.uint8)[:, None, None]).astype(np.float32)
    return parse(Reading(chances, None, width, height), Rules(CLASSES, GARMENTS)).garments


def summary(judged: Sequence[Judged]) -> dict[str, Any]:
    """All numbers of some photos but the speed.

    ``miou`` and ``accuracy`` over all pixels, ``iou`` by class; ``ap50``, its mean over classes, ``ap50_by_class`` and
    the number of ``truths``; PCK of keypoints where the teacher saw a whole torso.
    """
    confusion = Confusion.empty(len(CLASSES))
    for one in judged:
        confusion.matrix += one.confusion.matrix
    precision = average_precision([boxes_of(one.found) for one in judged], [boxes_of(one.true) for one in judged])
    return {
        "photos": len(judged),
        "miou": confusion.mean_iou(),
        "accuracy": confusion.pixel_accuracy(),
        "iou": dict(zip(CLASSES, confusion.iou().tolist(), strict=True)),
        "ap50": precision.mean,
        "ap50_by_class": {GARMENTS[i]: value for i, value in precision.by_class.items()},
        "truths": {GARMENTS[i]: count for i, count in precision.truths.items()},
        **_keypoints(judged),
    }


def intervals(judged: Sequence[Judged]) -> dict[str, Estimate]:
    """``miou``, ``accuracy`` and ``ap50`` of :func:`summary` with 95 % bootstrap intervals over photos."""
    matrices = np.stack([one.confusion.matrix for one in judged])
    boxes = [(boxes_of(one.found), boxes_of(one.true)) for one in judged]

    def precision(drawn: NDArray[np.intp]) -> float:
        found, true = zip(*(boxes[i] for i in drawn), strict=True)
        return average_precision(found, true).mean

    return {
        "miou": bootstrap_of(lambda drawn: Confusion(matrices[drawn].sum(axis=0)).mean_iou(), len(judged)),
        "accuracy": bootstrap_of(lambda drawn: Confusion(matrices[drawn].sum(axis=0)).pixel_accuracy(), len(judged)),
        "ap50": bootstrap_of(precision, len(judged)),
    }


def sections(judged: Sequence[Judged], speed: Mapping[str, float]) -> tuple[Section, ...]:
    """The tables of a report.

    Args:
        judged: the photos.
        speed: of :func:`milliseconds`.
    """
    numbers, sure = summary(judged), intervals(judged)
    rows = {
        f"mIoU over {len(CLASSES)} classes": Figure.of(sure["miou"]),
        "pixel accuracy": Figure.of(sure["accuracy"], digits=4),
        "box AP50, mean over classes": Figure.of(sure["ap50"]),
    }
    for alpha in (0.1, 0.2):
        if f"pck@{alpha}" in numbers:
            rows[f"PCK at {alpha} of the torso, against the teacher"] = Figure.of(numbers[f"pck@{alpha}"])
    rows |= {f"ms a photo, two threads, {name}": Figure.of(value, digits=0) for name, value in speed.items()}
    classes = {
        name: (
            Figure.of(numbers["iou"][name], digits=2),
            Figure.of(numbers["ap50_by_class"][name], digits=2) if name in numbers["ap50_by_class"] else None,
            Figure.of(numbers["truths"][name], digits=0) if name in numbers["truths"] else None,
        )
        for name in CLASSES
    }
    return (
        Section(
            title="Whole photos",
            about=WHOLE,
            columns=("value",),
            rows={name: (figure,) for name, figure in rows.items()},
        ),
        Section(title="Classes", columns=("IoU", "box AP50", "true garments"), rows=classes),
    )


def milliseconds(reader: OnnxReader, photos: Sequence[Path]) -> dict[str, float]:
    """Median and fastest time of one photo, from pixels to look, without decoding."""
    decoded = [Photo.from_path(path, at_least=PHOTO_SIDE) for path in photos[:_SPEED_RUNS]]
    reader.read(decoded[0])
    spent = []
    for photo in decoded:
        start = time.perf_counter()
        reader.read(photo)
        spent.append(1000 * (time.perf_counter() - start))
    return {"median": float(np.median(spent)), "fastest": min(spent)}


def photo_miou(one: Judged) -> float:
    """Mean IoU of the classes that are true in the photo."""
    return one.confusion.mean_iou(true_only=True)


def write_overlays(reader: OnnxReader, root: Path, judged: Sequence[Judged], out: Path, count: int = 40) -> None:
    """Draw looks over their photos.

    Half of ``count`` are the photos with the lowest mIoU, the others are spread over the rest. File names begin with
    the rank from the worst and the photo's mIoU.
    """
    ranked = sorted(judged, key=photo_miou)
    worst = min(count // 2, len(ranked))
    rest = np.linspace(worst, len(ranked) - 1, min(count, len(ranked)) - worst).round().astype(int)
    for rank in [*range(worst), *rest.tolist()]:
        one = ranked[rank]
        photo = Photo.from_path(root / "photos" / f"{one.name}.jpg", at_least=PHOTO_SIDE)
        with output_file(out / f"{rank:03}-{photo_miou(one):.2f}-{one.name}.png") as partial:
            draw_overlay(photo, reader.read(photo)).save(partial, "PNG")


def _keypoints(judged: Sequence[Judged]) -> dict[str, Any]:
    """PCK at 0.1 and 0.2 of the torso's length, against the teacher's visible points.

    The torso goes from the middle of the shoulders to the middle of the hips; photos without a whole one are left out.
    """
    rows = [one for one in judged if one.teacher is not None and (one.teacher[[5, 6, 11, 12], 2] > 0).all()]
    if not rows:
        return {}
    truth = np.stack([cast(NDArray[np.float64], one.teacher) for one in rows])
    torso = np.linalg.norm(truth[:, [5, 6], :2].mean(1) - truth[:, [11, 12], :2].mean(1), axis=1)
    points = np.stack([one.points for one in rows])
    seen = truth[..., 2] == 2
    found: dict[str, Any] = {"keypoint_photos": len(rows)}
    for alpha in (0.1, 0.2):
        by_point = pck(points, truth[..., :2], seen, torso, alpha)
        found[f"pck@{alpha}"] = float(np.nanmean(by_point))
        found[f"pck@{alpha}_by_point"] = dict(zip(COCO_KEYPOINTS, by_point.tolist(), strict=True))
    return found


def _share(garment: Garment, photo: Photo) -> float:
    filled = 1.0 if garment.mask is None else float(garment.mask.mean())
    return filled * garment.box.area / (photo.width * photo.height)


def _points(parsed: Parsed) -> NDArray[np.float64]:
    nowhere = np.full((len(COCO_KEYPOINTS), 2), np.nan)
    if not parsed.persons or not parsed.persons[0].keypoints:
        return nowhere
    rows = [(p.x, p.y) if p.visibility else (np.nan, np.nan) for p in parsed.persons[0].keypoints]
    return np.asarray(rows, np.float64)


def boxes_of(garments: Sequence[Garment]) -> Boxes:
    """Boxes, class numbers among the garments, and scores."""
    return Boxes.of(
        [g.box.corners for g in garments],
        [GARMENTS.index(g.category) for g in garments],
        [g.score for g in garments],
    )
