"""Photos with class labels and keypoints, reduced and in memory: what the reader is trained on."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streetshop.core.errors import DatasetError
from streetshop.lab.data.classes import CLOTHING_LABELS, IGNORE, INDEX, class_of_label
from streetshop.lab.data.masks import load_labels
from streetshop.lab.data.sets.ccp import label_names
from streetshop.lab.data.sets.clothing import sender_split

T = TypeVar("T")
Source = Literal["labelled", "tagged", "single"]

LONG_SIDE: Final = 448
"""Longer side of the photos in pixels; crops in training are no finer."""

NOBODY: Final = np.asarray([[-1e4, -1e4, 1]] * 17, np.float32)
"""Keypoints outside of every view, of photos without a person."""


@dataclass(eq=False)
class LabelledPhoto:
    """One photo.

    Attributes:
        name: file stem.
        source: ``labelled`` (pixel labels), ``tagged`` (classes known, pixels pseudo-labelled by a model), ``single``
            (one garment with a cut-out).
        pixels: (h, w, 3) uint8, reduced.
        labels: (h, w) uint8 class indices, :data:`IGNORE` where unknown; None without labels.
        scale: reduced size over original size.
        allowed: class indices that may occur.
        points: (17, 3) x, y in reduced pixels and COCO visibility; None without keypoints.
    """

    name: str
    source: Source
    pixels: NDArray[np.uint8]
    labels: NDArray[np.uint8] | None
    scale: float
    allowed: tuple[int, ...]
    points: NDArray[np.float32] | None = None


def load_labelled(root: Path, names: Sequence[str], keypoints: Path | None = None) -> list[LabelledPhoto]:
    """Load photos with pixel labels, with keypoints where there is a file of them."""
    table, points = class_of_label(label_names(root)), read_points(keypoints)

    def one(name: str) -> LabelledPhoto:
        pixels, scale = load_pixels(root / "photos" / f"{name}.jpg")
        full = table[load_labels(root / "annotations" / "pixel-level" / f"{name}.mat")]
        labels = np.asarray(Image.fromarray(full).resize((pixels.shape[1], pixels.shape[0]), Image.Resampling.NEAREST))
        return LabelledPhoto(
            name, "labelled", pixels, labels, scale, tuple(np.unique(full)), _scaled(points, name, scale)
        )

    return _all(one, names)


def load_tagged(root: Path, names: Sequence[str], keypoints: Path | None = None) -> list[LabelledPhoto]:
    """Load photos with tags: no pixel labels, and only the tagged classes may occur."""
    from scipy.io import loadmat

    table, points = class_of_label(label_names(root)), read_points(keypoints)

    def one(name: str) -> LabelledPhoto:
        pixels, scale = load_pixels(root / "photos" / f"{name}.jpg")
        tags = loadmat(root / "annotations" / "image-level" / f"{name}.mat")["tags"].ravel()
        allowed = {int(table[int(tag)]) for tag in tags} | {INDEX["background"], INDEX["skin"], INDEX["hair"]}
        return LabelledPhoto(name, "tagged", pixels, None, scale, tuple(sorted(allowed)), _scaled(points, name, scale))

    return _all(one, names)


def load_single(
    root: Path, cutouts: Path, keypoints: Path | None = None, *, limit: int | None = None
) -> list[LabelledPhoto]:
    """Load training photos of single garments with a cut-out.

    The labels are those of the cut-out; its rim and the skin are unknown. Photos in which the teacher found no person
    have no visible keypoint, so that a shirt on a hanger gets no skeleton.

    Args:
        root: root of the Clothing dataset.
        cutouts: folder of cut-outs.
        keypoints: the teacher's file.
        limit: most photos, drawn evenly from the classes by a hash of the name.
    """
    points = read_points(keypoints)
    with (root / "images.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["label"] in CLOTHING_LABELS]
    by_class: dict[str, list[tuple[str, str]]] = {}
    for row in sorted(rows, key=lambda r: hashlib.sha256(r["image"].encode()).digest()):
        name, wanted = row["image"], CLOTHING_LABELS[row["label"]]
        if sender_split(row["sender_id"]) == "train" and (cutouts / f"{name}.png").is_file():
            by_class.setdefault(wanted, []).append((name, wanted))
    share = max((limit or 10**9) // max(len(by_class), 1), 1)
    chosen = [item for items in by_class.values() for item in items[:share]]

    def one(item: tuple[str, str]) -> LabelledPhoto:
        name, wanted = item
        pixels, scale = load_pixels(root / "images" / f"{name}.jpg")
        with Image.open(cutouts / f"{name}.png") as picture:
            mask = np.asarray(picture.resize((pixels.shape[1], pixels.shape[0]), Image.Resampling.NEAREST)) > 127
        allowed = (INDEX["background"], INDEX["skin"], INDEX["hair"], INDEX[wanted])
        found = NOBODY if name in points and points[name] is None else _scaled(points, name, scale)
        return LabelledPhoto(name, "single", pixels, rim_unknown(mask, INDEX[wanted]), scale, allowed, found)

    return _all(one, chosen)


def rim_unknown(mask: NDArray[np.bool_], label: int, width: int = 3) -> NDArray[np.uint8]:
    """(h, w) labels of a cut-out: ``label`` inside, background outside, unknown along the rim."""
    from scipy.ndimage import binary_dilation, binary_erosion

    labels = np.where(mask, label, 0).astype(np.uint8)
    rim = binary_dilation(mask, iterations=width) & ~binary_erosion(mask, iterations=width, border_value=1)
    labels[rim] = IGNORE
    return labels


def load_pixels(path: Path) -> tuple[NDArray[np.uint8], float]:
    """(h, w, 3) uint8 at most about :data:`LONG_SIDE` high and wide, and its size over the original's."""
    try:
        with Image.open(path) as picture:
            longest = max(picture.size)
            scale = min(LONG_SIDE / longest, 1.0)
            size = (round(picture.width * scale), round(picture.height * scale))
            picture.draft("RGB", size)
            image = picture.convert("RGB")
    except OSError as error:
        raise DatasetError(f"cannot be read ({error})", where=str(path)) from None
    if image.size != size:
        image = image.resize(size, Image.Resampling.BILINEAR)
    return np.asarray(image), scale


def read_points(path: Path | None) -> dict[str, list[list[float]] | None]:
    """Keypoints by photo in its pixels; empty without a file."""
    if path is None:
        return {}
    found = json.loads(path.read_text(encoding="utf-8"))
    return {Path(name).stem: entry["points"] for name, entry in found.items()}


def _scaled(points: dict[str, list[list[float]] | None], name: str, scale: float) -> NDArray[np.float32] | None:
    """Keypoints in reduced pixels; None where the teacher found no person."""
    found = points.get(name)
    return None if found is None else np.asarray(found, np.float32) * np.asarray([scale, scale, 1], np.float32)


def _all(one: Callable[[T], LabelledPhoto], items: Iterable[T]) -> list[LabelledPhoto]:
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, items))
