"""Tasks for Label Studio, and what it exports."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from streetshop.core.errors import DatasetError
from streetshop.core.files import write_json, write_text
from streetshop.core.geometry import Box
from streetshop.lab.annotate.boxes import BoxedPhoto, LabelledBox

LOCAL_FILES: Final = "/data/local-files/?d="
"""Where Label Studio serves files of its own machine from."""
_FROM, _TO = "label", "image"


def write_tasks(photos: Sequence[BoxedPhoto], path: Path, *, prefix: str = LOCAL_FILES, version: str = "") -> None:
    """Write tasks with the reader's boxes as predictions.

    Args:
        photos: with boxes that a reader found.
        path: the JSON file.
        prefix: address that the name of a photo is appended to.
        version: of the reader.
    """
    write_json(path, [_task(photo, prefix, version) for photo in photos])


def write_config(categories: Sequence[str], path: Path) -> None:
    """Write the labelling interface of a project: rectangles with these names."""
    labels = "\n".join(f"    <Label value={quoteattr(name)}/>" for name in categories)
    write_text(
        path,
        f'<View>\n  <Image name="{_TO}" value="$image" zoom="true"/>\n'
        f'  <RectangleLabels name="{_FROM}" toName="{_TO}">\n{labels}\n  </RectangleLabels>\n</View>\n',
    )


def read_export(value: Any, where: str) -> list[BoxedPhoto]:
    """Read the labelled photos of an export, of the forms JSON and JSON-MIN.

    A task without an annotation is not labelled yet and left out. Of several annotations of one task the last that was
    not cancelled counts. A rotated rectangle becomes the box around it.

    Args:
        value: the file's JSON.
        where: its path, for messages.

    Raises:
        DatasetError: it is no such export; the message names the first bad task.
    """
    if not isinstance(value, list) or not all(isinstance(task, dict) for task in value):
        raise DatasetError("is no export of Label Studio (a list of tasks)", where=where, hint="Export as JSON")
    found = [_labelled(task, f"{where}, task {task.get('id', i)}") for i, task in enumerate(value)]
    return [photo for photo in found if photo is not None]


def _task(photo: BoxedPhoto, prefix: str, version: str) -> dict[str, Any]:
    result = [
        {
            "id": f"box{i}",
            "type": "rectanglelabels",
            "from_name": _FROM,
            "to_name": _TO,
            "original_width": photo.width,
            "original_height": photo.height,
            "image_rotation": 0,
            "score": None if one.score is None else round(one.score, 4),
            "value": {
                "x": 100 * one.box.x0 / photo.width,
                "y": 100 * one.box.y0 / photo.height,
                "width": 100 * one.box.width / photo.width,
                "height": 100 * one.box.height / photo.height,
                "rotation": 0,
                "rectanglelabels": [one.category],
            },
        }
        for i, one in enumerate(photo.boxes)
    ]
    scores = [one.score for one in photo.boxes if one.score is not None]
    prediction = {"model_version": version, "score": min(scores, default=0.0), "result": result}
    data = {"image": prefix + quote(photo.name), "photo": photo.name, "width": photo.width, "height": photo.height}
    return {"data": data, "predictions": [prediction]}


def _labelled(task: dict[str, Any], where: str) -> BoxedPhoto | None:
    data = task["data"] if isinstance(task.get("data"), dict) else task
    if "annotations" in task:
        done = [a for a in _list(task["annotations"]) if isinstance(a, dict) and not a.get("was_cancelled")]
        if not done:
            return None
        results = done[-1].get("result")
    else:  # JSON-MIN: the result lies in the task
        results = [
            {"type": "rectanglelabels", **shape, "value": shape} if isinstance(shape, dict) else shape
            for shape in _list(task.get(_FROM))
        ]
    name = data.get("photo") or _name(data.get("image"))
    if not isinstance(name, str) or not name or not isinstance(results, list):
        raise DatasetError("names no image or holds no result", where=where, hint="Export as JSON or JSON-MIN")
    shapes = [r for r in results if isinstance(r, dict) and r.get("type") == "rectanglelabels"]
    width, height = _size(data, shapes, where)
    boxes = tuple(_box(shape, width, height, f"{where}, box {i}") for i, shape in enumerate(shapes))
    return BoxedPhoto(name, width, height, boxes)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _name(address: Any) -> str:
    return "" if not isinstance(address, str) else address.rsplit("=", 1)[-1].rsplit("/", 1)[-1]


def _size(data: dict[str, Any], shapes: Sequence[dict[str, Any]], where: str) -> tuple[int, int]:
    for source, names in ((data, ("width", "height")), *((s, ("original_width", "original_height")) for s in shapes)):
        width, height = (source.get(name) for name in names)
        if isinstance(width, int) and isinstance(height, int) and min(width, height) > 0:
            return width, height
    raise DatasetError("does not say the size of its photo", where=where)


def _box(shape: dict[str, Any], width: int, height: int, where: str) -> LabelledBox:
    value: Any = shape.get("value")
    try:
        x, y, w, h = (float(value[key]) for key in ("x", "y", "width", "height"))
        turn = math.radians(float(value.get("rotation") or 0))
        name = value["rectanglelabels"][0]
    except (TypeError, KeyError, IndexError, ValueError):
        raise DatasetError("a rectangle without x, y, width, height or label", where=where) from None
    x, w, y, h = x * width / 100, w * width / 100, y * height / 100, h * height / 100
    # Rectangles turn clockwise around their first corner.
    corners = [
        (x + a * math.cos(turn) - b * math.sin(turn), y + a * math.sin(turn) + b * math.cos(turn))
        for a in (0.0, w)
        for b in (0.0, h)
    ]
    across, down = zip(*corners, strict=True)
    numbers = (*across, *down)
    if not isinstance(name, str) or not all(map(math.isfinite, numbers)) or w <= 0 or h <= 0:
        raise DatasetError("a rectangle that is empty or has no label", where=where)
    return LabelledBox(name, Box(min(across), min(down), max(across), max(down)))
