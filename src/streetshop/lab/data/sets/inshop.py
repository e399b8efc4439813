"""DeepFashion In-shop Clothes Retrieval (Liu et al. 2016)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from streetshop.lab.data.intake import Intake
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.tables import corners, cuhk_rows, find, numbers

LICENCE: Final = "Non-commercial research and education only (MMLab, CUHK); the pictures belong to their owners"
FRAME: Final = 256
"""Boxes and landmarks are in pixels of the 256 x 256 pictures, into which the originals were fitted and centred."""

_STATUS: Final = {"train": ("train", ""), "query": ("test", "query"), "gallery": ("test", "gallery")}
_POSES: Final = {"1": "front", "2": "side", "3": "back", "4": "full", "5": "detail", "6": "flat"}
_PARTS: Final = {"1": "upper", "2": "lower", "3": "full"}
_PATH: Final = re.compile(r"^img/(WOMEN|MEN)/([^/]+)/(id_\d+)/[^/]+$")


def read(intake: Intake) -> None:
    """Rows of ``shop`` pictures; roles from the official partition, views from ``pose_type``."""
    root = intake.root
    partition = find(
        root,
        "Eval/list_eval_partition.txt",
        "list_eval_partition.txt",
        "Anno/list_eval_partition.txt",
        what="the partition",
    )
    base = "Img/" if (root / "Img" / "img").is_dir() else ""
    find(root, f"{base}img", what="the folder of pictures")
    boxes = _boxes(root, intake)
    landmarks = _landmarks(root, intake)
    labels = _labels(root, intake)
    items = _items(root, intake)
    for where, fields in cuhk_rows(partition, intake):
        intake.offer()
        if len(fields) != 3 or fields[2] not in _STATUS:
            intake.refuse(where, "malformed line: expected image_name item_id train|query|gallery")
            continue
        name, item, status = fields
        matched = _PATH.match(name)
        if matched is None or matched[3] != item:
            intake.refuse(where, f"the path does not name the item: {name}, {item}")
            continue
        if items is not None and item not in items:
            intake.remark(where, f"the item is not in list_item_inshop.txt: {item}")
        image = base + name
        view, box, attributes = _about(name, where, intake, boxes, intake.size(image))
        attributes |= {"gender": matched[1].lower(), **labels.get(item, {})}
        if name in landmarks and box is not None:
            attributes["landmarks"] = landmarks[name]
        split, role = _STATUS[status]
        intake.add(
            Sample(
                image,
                "shop",
                product_id=item,
                category=f"{matched[1]}/{matched[2]}".lower(),
                split=split,
                role=role,
                box=box,
                view=view,
                attributes=attributes,
                group=item,
            ),
            where,
        )


def _about(
    name: str, where: str, intake: Intake, boxes: dict[str, list[str]] | None, size: tuple[int, int] | None
) -> tuple[str, tuple[float, float, float, float] | None, dict[str, Any]]:
    """View, box and attributes of one picture out of the list of boxes."""
    if boxes is None:
        return "", None, {}
    fields = boxes.get(name)
    if fields is None:
        intake.remark(where, "no line in list_bbox_inshop.txt")
        return "", None, {}
    view = _POSES.get(fields[1], "")
    attributes: dict[str, Any] = {"part": _PARTS[fields[0]]} if fields[0] in _PARTS else {}
    box = corners(fields[2:6])
    if box is None or box[2] <= box[0] or box[3] <= box[1]:
        intake.remark(where, f"empty or malformed box, kept without it: {' '.join(fields[2:])}")
        return view, None, attributes
    if size is not None and size != (FRAME, FRAME):
        intake.remark(where, f"the box is for the {FRAME} x {FRAME} picture, kept without it: {size[0]} x {size[1]}")
        return view, None, attributes
    return view, box, attributes


def _boxes(root: Path, intake: Intake) -> dict[str, list[str]] | None:
    """clothes_type, pose_type, x1, y1, x2, y2 by picture; None where the file is not there."""
    path = root / "Anno" / "list_bbox_inshop.txt"
    if not path.exists():
        intake.remark("Anno/list_bbox_inshop.txt", "missing file: no boxes and no views")
        return None
    boxes = {}
    for where, fields in cuhk_rows(path, intake):
        if len(fields) != 7:
            intake.remark(where, "malformed line: expected image, clothes_type, pose_type, x1, y1, x2, y2")
        else:
            boxes[fields[0]] = fields[1:]
    return boxes


def _landmarks(root: Path, intake: Intake) -> dict[str, list[list[float]]]:
    """[[x, y, visibility], ...] by picture, visibility as in COCO: 2 visible, 1 hidden, 0 not in the picture.

    The file has 0 visible, 1 hidden, 2 cut off: taken as they stand they would mean the opposite.
    """
    path = root / "Anno" / "list_landmarks_inshop.txt"
    landmarks: dict[str, list[list[float]]] = {}
    if not path.exists():
        return landmarks
    for where, fields in cuhk_rows(path, intake):
        values = numbers(fields[3:])
        if values is None or len(values) % 3 or len(values) > 24 or any(v not in (0, 1, 2) for v in values[::3]):
            intake.remark(where, "malformed landmarks: expected up to 8 of visibility x y")
            continue
        triples = zip(values[0::3], values[1::3], values[2::3], strict=True)
        landmarks[fields[0]] = [[x, y, 2 - v] for v, x, y in triples]
    return landmarks


def _labels(root: Path, intake: Intake) -> dict[str, dict[str, Any]]:
    """The attributes of each item that are 1; by name where list_attr_cloth.txt is there, else by 0-based number."""
    path = root / "Anno" / "list_attr_items.txt"
    if not path.exists():
        return {}
    names: list[str] = []
    if (root / "Anno" / "list_attr_cloth.txt").exists():
        names = [" ".join(f) for _, f in cuhk_rows(root / "Anno" / "list_attr_cloth.txt", intake)]
    labels = {}
    for _, fields in cuhk_rows(path, intake):
        present = [i for i, value in enumerate(fields[1:]) if value == "1"]
        labels[fields[0]] = {"labels": [names[i] if i < len(names) else f"attribute {i}" for i in present]}
    return labels


def _items(root: Path, intake: Intake) -> set[str] | None:
    path = root / "Anno" / "list_item_inshop.txt"
    return {f[0] for _, f in cuhk_rows(path, intake, columns=False)} if path.exists() else None
