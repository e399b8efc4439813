"""DeepFashion Consumer-to-shop Clothes Retrieval (Liu et al. 2016)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from streetshop.lab.data.intake import Intake
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.tables import corners, cuhk_rows, find

LICENCE: Final = "Non-commercial research and education only (MMLab, CUHK); the pictures belong to their owners"
LONG_SIDE: Final = 300
"""Boxes are in pixels of the low-resolution pictures, whose long side is 300."""

_DOMAINS: Final = {"1": "shop", "2": "street"}
_PARTS: Final = {"1": "upper", "2": "lower", "3": "full"}
_STATUS: Final = ("train", "val", "test")
_CATEGORY: Final = re.compile(r"^img/([^/]+)/([^/]+)/")


def read(intake: Intake) -> None:
    """Add one row per picture and item.

    The domain is ``source_type`` of the list of boxes, not the file name (consumer files are called
    ``comsumer_01.jpg``).
    """
    root = intake.root
    partition = find(root, "Eval/list_eval_partition.txt", "list_eval_partition.txt", what="the partition")
    base = "Img/" if (root / "Img" / "img").is_dir() else ""
    find(root, f"{base}img", what="the folder of pictures")
    boxes = _boxes(root, intake)
    split_of: dict[tuple[str, str], str] = {}
    for where, fields in cuhk_rows(partition, intake):
        if len(fields) != 4 or fields[3] not in _STATUS:
            intake.offer()
            intake.refuse(where, "malformed line: expected consumer_image shop_image item_id train|val|test")
            continue
        consumer, shop, item, status = fields
        for name, column in ((consumer, "street"), (shop, "shop")):
            known = split_of.get((name, item))
            if known is None:
                split_of[name, item] = status
                intake.offer()
                _add(intake, base, name, column, item, status, where, boxes)
            elif known != status:
                intake.remark(where, f"the picture is in two splits, the first stands: {name}, {known} and {status}")


def _add(
    intake: Intake, base: str, name: str, column: str, item: str, split: str, where: str, boxes: dict[str, list[str]]
) -> None:
    image = base + name
    domain, box, part = column, None, ""
    fields = boxes.get(name)
    if fields is None:
        intake.remark(where, f"no line in list_bbox_consumer2shop.txt, kept without box: {name}")
    else:
        part = _PARTS.get(fields[0], "")
        domain = _DOMAINS.get(fields[1], column)
        if domain != column:
            intake.remark(where, f"source_type says {domain}, the column says {column}; source_type stands: {name}")
        box = corners(fields[2:])
        if box is None or box[2] <= box[0] or box[3] <= box[1]:
            intake.remark(where, f"empty or malformed box, kept without it: {name}")
            box = None
    size = intake.size(image)
    if box is not None and size is not None:
        scale = max(size) / LONG_SIDE
        box = (box[0] * scale, box[1] * scale, box[2] * scale, box[3] * scale)
    matched = _CATEGORY.match(name)
    intake.add(
        Sample(
            image,
            domain,
            product_id=item,
            category=f"{matched[1]}/{matched[2]}".lower() if matched else "",
            split=split,
            box=box,
            attributes={"part": part} if part else {},
            group=item,
        ),
        where,
    )


def _boxes(root: Path, intake: Intake) -> dict[str, list[str]]:
    """clothes_type, source_type, x1, y1, x2, y2 by picture."""
    path = find(root, "Anno/list_bbox_consumer2shop.txt", "list_bbox_consumer2shop.txt", what="the list of boxes")
    boxes = {}
    for where, fields in cuhk_rows(path, intake):
        if len(fields) != 7 or fields[2] not in _DOMAINS:
            intake.remark(where, "malformed line: expected image, clothes_type, source_type 1|2, x1, y1, x2, y2")
        else:
            boxes[fields[0]] = fields[1:]
    return boxes
