"""Take the corrections of a labelling tool back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from streetshop.core.errors import DatasetError, GeometryError
from streetshop.lab.annotate.boxes import BoxedPhoto, Changes, LabelledBox, add_changes, count_changes
from streetshop.lab.annotate.coco import read_coco
from streetshop.lab.annotate.label_studio import read_export
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.splits import drawn_split


@dataclass(eq=False)
class Corrections:
    """What people labelled.

    Attributes:
        photos: with their boxes, by name; of several labels of one photo the last.
        refused: names of photos that cannot be used, with the reason.
        changes: against the proposals of the reader.
        empty: names of photos without a garment.
    """

    photos: dict[str, BoxedPhoto] = field(default_factory=dict)
    refused: list[tuple[str, str]] = field(default_factory=list)
    changes: Changes = field(default_factory=Changes)
    empty: list[str] = field(default_factory=list)


def read_labels(path: Path) -> list[BoxedPhoto]:
    """Read an export: COCO (CVAT and others) or JSON of Label Studio; the content says which.

    Raises:
        DatasetError: the file is missing, no JSON, or no such export.
    """
    try:
        value: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise DatasetError(f"cannot be read ({error.strerror or error})", where=str(path)) from None
    except (ValueError, RecursionError) as error:
        raise DatasetError(
            f"is no JSON ({error})", where=str(path), hint="Export from Label Studio as JSON, from CVAT as COCO 1.0"
        ) from None
    return read_coco(value, str(path)) if isinstance(value, dict) else read_export(value, str(path))


def read_corrections(exports: Sequence[Path], root: Path, proposed: Path | None = None) -> Corrections:
    """Read exports and check them against the photos.

    Boxes are clipped to their photo. A photo is refused as a whole if it is missing, of another size, or has a box
    that lies outside, so that no garment is lost unnoticed.

    Args:
        exports: files; the last label of a photo counts.
        root: folder of the photos.
        proposed: the COCO file of the proposals that people corrected.

    Raises:
        DatasetError: an export cannot be read.
    """
    found = Corrections()
    for path in exports:
        for photo in read_labels(path):
            try:
                found.photos[photo.name] = _checked(photo, root)
            except DatasetError as error:
                found.refused.append((photo.name, error.what))
    if proposed is not None:
        before = {photo.name: photo.boxes for photo in read_labels(proposed)}
        for name, photo in found.photos.items():
            if name in before:
                found.changes = add_changes(found.changes, count_changes(before[name], photo.boxes))
    found.empty = [name for name, photo in found.photos.items() if not photo.boxes]
    return found


def to_manifest(photos: Sequence[BoxedPhoto], root: Path, *, name: str = "annotated") -> Manifest:
    """Return a manifest of street garments with boxes; a photo's split depends on its name alone."""
    rows = [
        Sample(
            photo.name,
            "street",
            category=one.category,
            split=drawn_split(f"{name}/{photo.name}"),
            box=one.box.corners,
            group=photo.name,
        )
        for photo in photos
        for one in photo.boxes
    ]
    return Manifest.from_rows(rows, root, name=name)


def _checked(photo: BoxedPhoto, root: Path) -> BoxedPhoto:
    path = root / photo.name
    if not path.resolve().is_relative_to(root.resolve()):
        raise DatasetError("the photo lies outside the folder of photos")
    try:
        with Image.open(path) as picture:
            turned = picture.getexif().get(0x0112, 1) >= 5
            size = picture.size[::-1] if turned else picture.size
    except OSError:
        raise DatasetError("there is no such photo, or it cannot be read") from None
    if size != (photo.width, photo.height):
        raise DatasetError(f"the photo is {size[0]} x {size[1]}, its labels are for {photo.width} x {photo.height}")
    try:
        boxes = tuple(LabelledBox(one.category, one.box.clip(*size)) for one in photo.boxes)
    except GeometryError as error:
        raise DatasetError(error.what) from None
    return BoxedPhoto(photo.name, photo.width, photo.height, boxes)
