"""DeepFashion2 (Ge et al. 2019)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from streetshop.core.errors import DatasetError
from streetshop.lab.data.intake import Intake
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.tables import find, read_json

LICENCE: Final = "Non-commercial research and education only; access by the authors' form"
CATEGORIES: Final = (
    "short sleeve top",
    "long sleeve top",
    "short sleeve outwear",
    "long sleeve outwear",
    "vest",
    "sling",
    "shorts",
    "trousers",
    "skirt",
    "short sleeve dress",
    "long sleeve dress",
    "vest dress",
    "sling dress",
)
"""``category_id`` counts from 1."""

_DOMAINS: Final = {"user": "street", "shop": "shop"}
_SPLITS: Final = {"train": "train", "validation": "val"}
_VIEWS: Final = {1: "flat", 2: "front"}
"""3 is "side or back" and stays unknown."""
_ITEM: Final = re.compile(r"^item(\d+)$")


def read(intake: Intake) -> None:
    """Add one row per item.

    Two items are one product if ``pair_id`` and ``style`` are equal and ``style`` is above 0; items of style 0 have no
    product.
    """
    root = intake.root
    find(root, "train/annos", "validation/annos", what="train/annos or validation/annos")
    for folder, split in _SPLITS.items():
        if not (root / folder / "annos").is_dir():
            intake.remark(f"{folder}/annos", "missing folder")
            continue
        for path in sorted((root / folder / "annos").glob("*.json")):
            _read_one(intake, path, folder, split)


def _read_one(intake: Intake, path: Path, folder: str, split: str) -> None:
    where = f"{folder}/annos/{path.name}"
    try:
        anno = read_json(path)
    except DatasetError as error:
        intake.offer()
        intake.refuse(where, f"unreadable annotation: {error.what}")
        return
    domain = _DOMAINS.get(anno.get("source", "")) if isinstance(anno, dict) else None
    pair = anno.get("pair_id") if isinstance(anno, dict) else None
    items = sorted((int(m[1]), key) for key in anno if (m := _ITEM.match(key))) if isinstance(anno, dict) else []
    if domain is None or not isinstance(pair, int) or not items:
        intake.offer()
        intake.refuse(where, "malformed annotation: expected source user|shop, pair_id and items")
        return
    for _, key in items:
        intake.offer()
        _add(intake, f"{where}#{key}", anno[key], f"{folder}/image/{path.stem}.jpg", domain, split, pair)


def _add(intake: Intake, where: str, item: Any, image: str, domain: str, split: str, pair: int) -> None:
    try:
        category = int(item["category_id"])
        style = int(item["style"])
        x0, y0, x1, y1 = (float(v) for v in item["bounding_box"])
    except (KeyError, TypeError, ValueError):
        intake.refuse(where, "malformed item: expected category_id, style and bounding_box of four numbers")
        return
    if not 1 <= category <= len(CATEGORIES):
        intake.refuse(where, f"category_id out of range: {category}")
        return
    polygons = [p for p in item.get("segmentation") or [] if isinstance(p, list) and len(p) >= 6]
    attributes: dict[str, Any] = {
        key: item[key] for key in ("scale", "occlusion", "zoom_in", "viewpoint") if isinstance(item.get(key), int)
    }
    attributes |= {"pair_id": pair, "style": style}
    flat = item.get("landmarks") or []
    if len(flat) % 3:
        intake.remark(where, "malformed landmarks, left out")
    elif flat:
        attributes["landmarks"] = [flat[i : i + 3] for i in range(0, len(flat), 3)]
    intake.add(
        Sample(
            image,
            domain,
            product_id=f"{split}/{pair}/{style}" if style > 0 else "",
            category=CATEGORIES[category - 1],
            split=split,
            box=(x0, y0, x1, y1),
            view=_VIEWS.get(attributes.get("viewpoint", 0), ""),
            attributes=attributes,
            group=f"{split}/{pair}",
            mask=json.dumps(polygons) if polygons else None,
        ),
        where,
    )
