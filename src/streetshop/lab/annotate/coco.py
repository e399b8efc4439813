"""COCO files of boxes: what CVAT and most other labelling tools import and export."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from streetshop.core.errors import DatasetError
from streetshop.core.files import write_json
from streetshop.core.geometry import Box
from streetshop.lab.annotate.boxes import BoxedPhoto, LabelledBox


def write_coco(photos: Sequence[BoxedPhoto], categories: Sequence[str], path: Path) -> None:
    """Write one COCO file; category ids begin at 1, scores are kept as ``score`` where there are any."""
    number = {name: i for i, name in enumerate(categories, 1)}
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for i, photo in enumerate(photos, 1):
        images.append({"id": i, "file_name": photo.name, "width": photo.width, "height": photo.height})
        for one in photo.boxes:
            x0, y0, x1, y1 = one.box.corners
            annotation = {
                "id": len(annotations) + 1,
                "image_id": i,
                "category_id": number[one.category],
                "bbox": [round(v, 2) for v in (x0, y0, x1 - x0, y1 - y0)],
                "area": round((x1 - x0) * (y1 - y0), 2),
                "segmentation": [],
                "iscrowd": 0,
            }
            annotations.append(annotation if one.score is None else {**annotation, "score": round(one.score, 4)})
    write_json(
        path,
        {
            "images": images,
            "annotations": annotations,
            "categories": [{"id": i, "name": name, "supercategory": ""} for name, i in number.items()],
        },
    )


def read_coco(value: Any, where: str) -> list[BoxedPhoto]:
    """Read the photos of a COCO file, those without boxes too.

    Args:
        value: the file's JSON.
        where: its path, for messages.

    Raises:
        DatasetError: it is no COCO file of boxes; the message names the first bad entry.
    """
    if not isinstance(value, dict) or not all(
        isinstance(value.get(key), list) for key in ("images", "annotations", "categories")
    ):
        raise DatasetError(
            "is no COCO file (lists `images`, `annotations` and `categories`)",
            where=where,
            hint="Export the task as `COCO 1.0`",
        )
    names = {_id(c, where, "categories"): str(c.get("name", "")) for c in value["categories"]}
    images = {_id(image, where, "images"): image for image in value["images"]}
    boxes: dict[Any, list[LabelledBox]] = {key: [] for key in images}
    for number, annotation in enumerate(value["annotations"]):
        place = f"{where}, annotation {annotation.get('id', number) if isinstance(annotation, dict) else number}"
        if not isinstance(annotation, dict) or not _known(annotation.get("image_id"), images):
            raise DatasetError("no such image_id in `images`", where=place)
        if not _known(annotation.get("category_id"), names):
            raise DatasetError("no such category_id in `categories`", where=place)
        box = _box(annotation.get("bbox"), place)
        boxes[annotation["image_id"]].append(LabelledBox(names[annotation["category_id"]], box))
    return [_photo(image, tuple(boxes[key]), where) for key, image in images.items()]


def _id(entry: Any, where: str, name: str) -> Any:
    if not isinstance(entry, dict) or not isinstance(entry.get("id"), int | str):
        raise DatasetError(f"an entry of `{name}` has no id", where=where)
    return entry["id"]


def _known(value: Any, ids: Collection[Any]) -> bool:
    return isinstance(value, int | str) and value in ids


def _photo(image: dict[str, Any], boxes: tuple[LabelledBox, ...], where: str) -> BoxedPhoto:
    name, width, height = image.get("file_name"), image.get("width"), image.get("height")
    if not isinstance(name, str) or not isinstance(width, int) or not isinstance(height, int) or min(width, height) < 1:
        raise DatasetError("has no file_name, width or height", where=f"{where}, image {image['id']}")
    return BoxedPhoto(name, width, height, boxes)


def _box(value: Any, where: str) -> Box:
    """Corners from ``[x, y, width, height]``."""
    if isinstance(value, list) and len(value) == 4 and all(isinstance(v, int | float) for v in value):
        x, y, width, height = map(float, value)
        if width > 0 and height > 0 and abs(x) + abs(y) + width + height < 1e6:
            return Box(x, y, x + width, y + height)
    raise DatasetError(f"bbox is {str(value)[:60]}", where=where, hint="It is [x, y, width, height] in pixels")
