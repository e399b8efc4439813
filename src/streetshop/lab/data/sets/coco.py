"""COCO annotations: Fashionpedia (Jia et al. 2020), ModaNet (Zheng et al. 2018), and what the studio draws."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from streetshop.core.errors import DatasetError, StreetshopError
from streetshop.core.geometry import box_of_mask
from streetshop.lab.data.intake import Intake
from streetshop.lab.data.masks import decode_rle
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.tables import read_json

FASHIONPEDIA_LICENCE: Final = "Annotations CC BY 4.0; each picture under the licence that the JSON names for it"
MODANET_LICENCE: Final = (
    "Annotations CC BY-NC 4.0; the PaperDoll pictures are not part of it and belong to their owners"
)

_FOLDERS: Final = ("", "images", "Images", "train", "test", "val", "train2020", "val_test2020", "photos")


def read_fashionpedia(intake: Intake) -> None:
    """Rows from ``instances_attributes_{train,val}2020.json``; category ids start at 0."""
    read_coco(intake, ("instances_attributes_*.json", "annotations/instances_attributes_*.json"), "Fashionpedia")


def read_modanet(intake: Intake) -> None:
    """Rows from ``modanet2018_instances_{train,val}.json``; a plain clone holds git-LFS pointers, which are named."""
    patterns = (
        "modanet2018_instances_*.json",
        "annotations/modanet2018_instances_*.json",
        "modanet/annotations/*.json",
    )
    read_coco(intake, patterns, "ModaNet")


def read_coco(intake: Intake, patterns: Sequence[str], title: str) -> None:
    """``street`` rows, one per annotation, from the COCO files that match ``patterns``; their names say the split."""
    paths = sorted({p for pattern in patterns for p in intake.root.glob(pattern)})
    if not paths:
        raise DatasetError(
            f"no annotation file of {title}", where=str(intake.root), hint=f"Looked for {', '.join(patterns)}"
        )
    for path in paths:
        _read_file(intake, path)


def _read_file(intake: Intake, path: Path) -> None:
    data = read_json(path)
    if not isinstance(data, dict) or not isinstance(data.get("images"), list):
        raise DatasetError("is no COCO file (no list `images`)", where=str(path))
    if not isinstance(data.get("annotations"), list):
        intake.remark(path.name, "no annotations (a test set without truth?)")
        return
    split = next((s for s in ("train", "val", "test") if s in path.stem), "")
    categories = {c["id"]: c for c in data.get("categories", []) if isinstance(c, dict) and "id" in c}
    labels = {
        a["id"]: a.get("name", str(a["id"])) for a in data.get("attributes", []) if isinstance(a, dict) and "id" in a
    }
    images = {i["id"]: i for i in data["images"] if isinstance(i, dict) and "id" in i}
    found: dict[str, str] = {}
    for number, annotation in enumerate(data["annotations"]):
        intake.offer()
        identity = annotation.get("id", number) if isinstance(annotation, dict) else number
        where = f"{path.name}#{identity}"
        # `is None`, not falsehood: category 0, image 0 and attribute 0 are real.
        image = images.get(annotation.get("image_id")) if isinstance(annotation, dict) else None
        if image is None or not isinstance(image.get("file_name"), str):
            intake.refuse(where, "no such image_id in `images`")
            continue
        category = categories.get(annotation.get("category_id"))
        if category is None:
            intake.refuse(where, "no such category_id in `categories`")
            continue
        name = image["file_name"]
        if name not in found:
            found[name] = _locate(intake.root, name)
        _add(intake, where, annotation, found[name], image, str(category.get("name", "")), category, labels, split)


def _add(
    intake: Intake,
    where: str,
    annotation: Mapping[str, Any],
    path: str,
    image: Mapping[str, Any],
    name: str,
    category: Mapping[str, Any],
    labels: Mapping[Any, str],
    split: str,
) -> None:
    segmentation = annotation.get("segmentation")
    try:
        mask = _mask_text(segmentation)
        box = _box(annotation.get("bbox"), segmentation)
    except (StreetshopError, TypeError, ValueError) as error:
        intake.refuse(where, f"malformed segmentation: {error}")
        return
    if box is None:
        intake.refuse(where, "empty box and no mask to derive it from")
        return
    size = intake.size(path)
    announced = (image.get("width"), image.get("height"))
    if size is not None and None not in announced and size != announced:
        intake.refuse(where, f"the picture is not of the size its annotation is for: {size}, {announced}")
        return
    attributes: dict[str, Any] = {
        "category_id": annotation["category_id"],
        "labels": [labels[a] for a in annotation.get("attribute_ids") or [] if a in labels],
    }
    if category.get("supercategory"):
        attributes["supercategory"] = category["supercategory"]
    if annotation.get("iscrowd"):
        attributes["crowd"] = True
    row = Sample(path, "street", category=name, split=split, box=box, attributes=attributes, group=path, mask=mask)
    intake.add(row, where)


def _locate(root: Path, name: str) -> str:
    """Where below ``root`` the picture is; the plain name when nowhere, so that the refusal names it."""
    for folder in _FOLDERS:
        relative = f"{folder}/{name}" if folder else name
        if (root / relative).is_file():
            return relative
    return name


def _mask_text(segmentation: Any) -> str | None:
    if isinstance(segmentation, dict):
        decode_rle(segmentation)
        return json.dumps({"size": segmentation["size"], "counts": segmentation["counts"]})
    polygons = [p for p in segmentation or [] if isinstance(p, list) and len(p) >= 6]
    return json.dumps(polygons) if polygons else None


def _box(bbox: Any, segmentation: Any) -> tuple[float, float, float, float] | None:
    """Corners from ``[x, y, width, height]``; derived from the mask where bbox is absent or empty."""
    if isinstance(bbox, list) and len(bbox) == 4:
        x, y, width, height = (float(v) for v in bbox)
        if all(map(math.isfinite, (x, y, width, height))) and width > 0 and height > 0:
            return x, y, x + width, y + height
    if isinstance(segmentation, dict):
        mask = decode_rle(segmentation)
        return box_of_mask(mask).corners if mask.any() else None
    points = [np.reshape(p, (-1, 2)) for p in segmentation or [] if len(p) >= 6 and len(p) % 2 == 0]
    if not points:
        return None
    corners = np.concatenate(points).astype(float)
    (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
    return (float(x0), float(y0), float(x1), float(y1)) if x1 > x0 and y1 > y0 else None
