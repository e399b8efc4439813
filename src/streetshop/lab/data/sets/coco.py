"""COCO annotations: Fashionpedia (Jia et al. 2020), ModaNet (Zheng et al. 2018), a user's own boxes."""

from __future__ import annotations

import json
import math
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import DatasetError, StreetshopError
from streetshop.core.geometry import box_of_mask
from streetshop.lab.data.intake import Intake
from streetshop.lab.data.masks import decode_rle
from streetshop.lab.data.sample import Sample, check_relative
from streetshop.lab.data.tables import read_json

FASHIONPEDIA_LICENCE: Final = "Annotations CC BY 4.0; each picture under the licence that the JSON names for it"
MODANET_LICENCE: Final = (
    "Annotations CC BY-NC 4.0; the PaperDoll pictures are not part of it and belong to their owners"
)
OWN_LICENCE: Final = "Your own; not for passing on"

_FOLDERS: Final = (
    *("", "images", "Images", "train", "test", "val", "valid", "train2020", "val_test2020", "train2017", "val2017"),
    *("test2017", "photos"),
)
_OWN: Final = ("*.json", "annotations/*.json", "train/*.json", "valid/*.json", "val/*.json", "test/*.json")
"""Where tools write COCO files: beside the pictures, in ``annotations``, or in a folder of each split."""
_SPLITS: Final = {"train": "train", "val": "val", "test": "test"}
"""The split that a word in the name of a file says."""
_FOLDER_SPLITS: Final = {**_SPLITS, "valid": "val"}
"""The split that the name of a file's folder says."""


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


def read_own(intake: Intake) -> None:
    """Rows from any COCO file: ``intake.root`` itself, or the files in that folder.

    The name of a file, or of its folder, says the split. Pictures lie beside the file, below the folder, or in one of
    the usual folders. Files without a list of pictures are named and passed over.
    """
    if intake.root.is_file():
        path = intake.root
        intake.root = path.parent.parent if path.parent.name == "annotations" else path.parent
        _read_file(intake, path)
        return
    paths = sorted({path for pattern in _OWN for path in intake.root.glob(pattern) if path.is_file()})
    read = 0
    for path in paths:
        try:
            _read_file(intake, path)
            read += 1
        except DatasetError as error:
            intake.remark(path.relative_to(intake.root).as_posix(), error.what)
    if not read:
        raise DatasetError(
            "no COCO file",
            where=str(intake.root),
            hint=f"Give the JSON file, or its folder; looked for {', '.join(_OWN)}",
        )


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
    split = next((s for word, s in _SPLITS.items() if word in path.stem), _FOLDER_SPLITS.get(path.parent.name, ""))
    categories = _by_id(data.get("categories"))
    labels = {key: str(value.get("name", key)) for key, value in _by_id(data.get("attributes")).items()}
    images = _by_id(data["images"])
    found: dict[str, str] = {}
    for number, annotation in enumerate(data["annotations"]):
        intake.offer()
        identity = annotation.get("id", number) if isinstance(annotation, dict) else number
        where = f"{path.name}#{identity}"[:200]
        # `is None`, not falsehood: category 0, image 0 and attribute 0 are real.
        image = _named(images, annotation, "image_id")
        if image is None or not isinstance(image.get("file_name"), str):
            intake.refuse(where, "no such image_id in `images`")
            continue
        category = _named(categories, annotation, "category_id")
        if category is None:
            intake.refuse(where, "no such category_id in `categories`")
            continue
        name = image["file_name"]
        try:
            check_relative(name)
        except StreetshopError as error:
            intake.refuse(where, error.what)
            continue
        if name not in found:
            found[name] = _locate(intake.root, path.parent, name)
        _add(intake, where, annotation, found[name], image, category, labels, split)


def _by_id(entries: Any) -> dict[Hashable, dict[str, Any]]:
    """The entries of a list by their ids, which may have gaps; what has no usable id is left out."""
    if not isinstance(entries, list):
        return {}
    return {e["id"]: e for e in entries if isinstance(e, dict) and isinstance(e.get("id"), int | str)}


def _named(entries: Mapping[Hashable, dict[str, Any]], annotation: Any, key: str) -> dict[str, Any] | None:
    value = annotation.get(key) if isinstance(annotation, dict) else None
    return entries.get(value) if isinstance(value, int | str) else None


def _add(
    intake: Intake,
    where: str,
    annotation: Mapping[str, Any],
    path: str,
    image: Mapping[str, Any],
    category: Mapping[str, Any],
    labels: Mapping[Hashable, str],
    split: str,
) -> None:
    size = intake.size(path)
    if size is None:
        intake.refuse(where, intake.why(path))
        return
    announced = (image.get("width"), image.get("height"))
    if None not in announced and size != announced:
        intake.refuse(where, f"the picture is not of the size its annotation is for: {size}, {announced}")
        return
    segmentation = annotation.get("segmentation")
    try:
        mask = _mask_text(segmentation, size)
        box = _box(annotation.get("bbox"), mask)
    except (StreetshopError, TypeError, ValueError, OverflowError) as error:
        intake.refuse(where, f"malformed segmentation: {error}")
        return
    if box is None:
        intake.refuse(where, "empty box and no mask to derive it from")
        return
    listed = annotation.get("attribute_ids")
    known = [labels[a] for a in listed if isinstance(a, int | str) and a in labels] if isinstance(listed, list) else []
    attributes: dict[str, Any] = {"category_id": annotation["category_id"], "labels": known}
    if category.get("supercategory"):
        attributes["supercategory"] = str(category["supercategory"])
    if annotation.get("iscrowd"):
        attributes["crowd"] = True
    name = str(category.get("name", ""))
    row = Sample(path, "street", category=name, split=split, box=box, attributes=attributes, group=path, mask=mask)
    intake.add(row, where)


def _locate(root: Path, beside: Path, name: str) -> str:
    """Where below ``root`` the picture is; the plain name when nowhere, so that the refusal names it."""
    folders = [*_FOLDERS]
    if beside != root and beside.is_relative_to(root):
        folders.insert(0, beside.relative_to(root).as_posix())
    for folder in folders:
        relative = f"{folder}/{name}" if folder else name
        if (root / relative).is_file():
            return relative
    return name


def _mask_text(segmentation: Any, size: tuple[int, int]) -> str | None:
    """The mask as a manifest has it; None without one. Raises where it is malformed or of another size."""
    if isinstance(segmentation, dict):
        extent = segmentation.get("size")
        if extent != [size[1], size[0]]:
            raise ValueError(f"run lengths of size {extent!r:.40} for a picture of {size[0]} x {size[1]}")
        mask = decode_rle(segmentation)
        return json.dumps({"size": extent, "counts": segmentation["counts"]}) if mask.any() else None
    if segmentation is None:
        return None
    if not isinstance(segmentation, list):
        raise ValueError(f"{segmentation!r:.40} is neither polygons nor run lengths")
    polygons = [polygon for entry in segmentation if (polygon := _polygon(entry)) is not None]
    return json.dumps([polygon.tolist() for polygon in polygons]) if polygons else None


def _polygon(entry: Any) -> NDArray[np.float64] | None:
    """(2n,) corners; None for what encloses nothing. Raises ValueError for what is no polygon."""
    if not isinstance(entry, list) or not all(isinstance(v, int | float) and not isinstance(v, bool) for v in entry):
        raise ValueError(f"{entry!r:.40} is no polygon")
    if len(entry) % 2:
        raise ValueError(f"a polygon of {len(entry)} numbers")
    corners = np.asarray(entry, np.float64)
    if not np.isfinite(corners).all() or np.abs(corners).max(initial=0) > _FARTHEST:
        raise ValueError("a polygon with numbers that are no pixels")
    return corners if len(entry) >= 6 else None


_FARTHEST: Final = 1e6
"""Largest coordinate of a polygon's corner, in pixels."""


def _box(bbox: Any, mask: str | None) -> tuple[float, float, float, float] | None:
    """Corners from ``[x, y, width, height]``; derived from the mask where bbox is absent or empty."""
    if isinstance(bbox, list) and len(bbox) == 4 and all(isinstance(v, int | float) for v in bbox):
        x, y, width, height = (float(v) for v in bbox)
        if all(map(math.isfinite, (x, y, width, height))) and width > 0 and height > 0:
            return x, y, x + width, y + height
    if mask is None:
        return None
    drawn = json.loads(mask)
    if isinstance(drawn, dict):
        return box_of_mask(decode_rle(drawn)).corners
    points = np.concatenate([np.reshape(polygon, (-1, 2)) for polygon in drawn])
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    return (float(x0), float(y0), float(x1), float(y1)) if x1 > x0 and y1 > y0 else None
