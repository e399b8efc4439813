"""Street2Shop, "Where to Buy It" (Kiapour et al. 2015)."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

from streetshop.lab.data.intake import Intake
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.tables import find, read_json, read_lines

LICENCE: Final = "Research only; the pictures were collected from the web and belong to their owners"
CATEGORIES: Final = (
    "bags",
    "belts",
    "dresses",
    "eyewear",
    "footwear",
    "hats",
    "leggings",
    "outerwear",
    "pants",
    "skirts",
    "tops",
)


def read(intake: Intake) -> None:
    """Street rows from the pair files (one per photo, box and product), shop rows from the retrieval files.

    A product's key is its category and its number: the numbers repeat from category to category. A shop photo's split
    is that of its product (test wins); the protocol searches all shop photos of a category whatever their split.
    """
    root = intake.root
    meta = find(root, "meta/json", "meta/meta/json", "json", what="the folder meta/json")
    urls = _urls(root, intake)
    files = _files(root, intake)
    for category in CATEGORIES:
        split_of: dict[str, str] = {}
        for split in ("test", "train"):
            path = meta / f"{split}_pairs_{category}.json"
            for where, entry in _entries(path, intake):
                product = _number(entry.get("product"))
                if product is not None:
                    split_of.setdefault(f"{category}/{product}", split)
                _add(intake, where, entry, category, "street", split, files, urls)
        for where, entry in _entries(meta / f"retrieval_{category}.json", intake):
            split = split_of.get(f"{category}/{_number(entry.get('product'))}", "")
            _add(intake, where, entry, category, "shop", split, files, urls)


def _add(
    intake: Intake,
    where: str,
    entry: dict[str, Any],
    category: str,
    domain: str,
    split: str,
    files: dict[int, str],
    urls: dict[int, str],
) -> None:
    found = _photo(intake, where, entry, files, urls)
    if found is None:
        return
    photo, product, image = found
    box = _box(entry.get("bbox")) if domain == "street" else None
    if domain == "street" and box is None:
        intake.refuse(where, f"empty or malformed box: photo {photo}")
        return
    intake.add(
        Sample(
            image,
            domain,
            product_id=f"{category}/{product}",
            category=category,
            split=split,
            box=box,
            attributes={"url": urls[photo]} if photo in urls else {},
            group=f"photo {photo}",
        ),
        where,
    )


def _photo(
    intake: Intake, where: str, entry: dict[str, Any], files: dict[int, str], urls: dict[int, str]
) -> tuple[int, int, str] | None:
    """(photo number, product number, path) of an entry, or None after refusing it."""
    intake.offer()
    photo, product = _number(entry.get("photo")), _number(entry.get("product"))
    if photo is None or product is None:
        intake.refuse(where, "malformed entry: expected numbers `photo` and `product`")
        return None
    if photo not in files:
        listed = "" if photo in urls else ", and not in photos.txt either"
        intake.refuse(where, f"missing file: photo {photo:09d}{listed}")
        return None
    return photo, product, files[photo]


def _box(box: Any) -> tuple[float, float, float, float] | None:
    """left, top, width, height as corners, or None when empty."""
    try:
        left, top, width, height = (float(box[k]) for k in ("left", "top", "width", "height"))
    except (TypeError, KeyError, ValueError):
        return None
    usable = all(map(math.isfinite, (left, top, width, height))) and width > 0 and height > 0
    return (left, top, left + width, top + height) if usable else None


def _number(value: Any) -> int | None:
    """Numbers come as JSON numbers or as text with leading zeros."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        return int(value)
    except ValueError:
        return None


def _urls(root: Path, intake: Intake) -> dict[int, str]:
    """Address by photo number. Addresses hold commas: only the first one of a line parts the two."""
    path = find(root, "photos/photos.txt", "photos.txt", what="photos/photos.txt")
    urls = {}
    for number, line in enumerate(read_lines(path), start=1):
        photo, comma, url = line.partition(",")
        if comma and photo.strip().isdigit():
            urls[int(photo)] = url.strip()
        elif line.strip():
            intake.remark(f"{path.name}:{number}", "malformed line: expected number,address")
    return urls


def _files(root: Path, intake: Intake) -> dict[int, str]:
    """Path by photo number, whatever the suffix; of several files for one number the first by name."""
    folder = find(root, "images", what="the folder of pictures")
    files: dict[int, str] = {}
    for path in sorted(folder.iterdir()):
        if not path.stem.isdigit():
            intake.remark(f"images/{path.name}", "the name is no photo number")
        elif int(path.stem) in files:
            intake.remark(f"images/{path.name}", f"a second file for the photo {path.stem}")
        else:
            files[int(path.stem)] = f"images/{path.name}"
    return files


def _entries(path: Path, intake: Intake) -> list[tuple[str, dict[str, Any]]]:
    if not path.exists():
        intake.remark(path.name, "missing file")
        return []
    entries = read_json(path)
    if not isinstance(entries, list):
        intake.remark(path.name, "malformed file: expected a list")
        return []
    good = []
    for number, entry in enumerate(entries):
        if isinstance(entry, dict):
            good.append((f"{path.name}[{number}]", entry))
        else:
            intake.offer()
            intake.refuse(f"{path.name}[{number}]", "malformed entry: expected an object")
    return good
