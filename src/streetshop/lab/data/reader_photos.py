"""What the reader learns from: photos with whatever is known about them, split so that nothing leaks."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streetshop.core.errors import DatasetError
from streetshop.lab.data.classes import CLOTHING_LABELS, IGNORE, INDEX, class_of_label
from streetshop.lab.data.masks import load_labels
from streetshop.lab.data.sets.ccp import label_names

Split = Literal["train", "val", "test"]
Source = Literal["labelled", "tagged", "single"]

LONG_SIDE: Final = 448
"""Pictures are kept at about this many pixels on their longer side; training never looks closer than that allows."""

TWINS: Final = (
    *(("0025", "1707"), ("0078", "0984"), ("0183", "0730"), ("0197", "0671"), ("0223", "0616"), ("0312", "0398")),
    *(("0343", "1083"), ("0366", "0649"), ("0538", "1715"), ("0594", "0722"), ("0643", "1913"), ("0692", "0732")),
    *(("0719", "1611"), ("0999", "1890"), ("1029", "1341"), ("1307", "1692"), ("1671", "1790")),
)
"""Photos of Clothing Co-Parsing that show one person at one place: cosine of centred ImageNet features above .65."""

NOBODY: Final = np.asarray([[-1e4, -1e4, 1]] * 17, np.float32)
"""Keypoints that are surely outside of every view."""


@dataclass(eq=False)
class Sample:
    """One photo.

    Attributes:
        name: file stem.
        source: ``labelled`` (pixel labels), ``tagged`` (classes known, pixels guessed by a model), ``single`` (one
            garment, cut out without a model).
        pixels: (h, w, 3) uint8, reduced.
        labels: (h, w) uint8 class indices, :data:`IGNORE` where unknown; None where there are none yet.
        scale: reduced size over original size.
        allowed: class indices that may occur.
        points: (17, 3) x, y in reduced pixels and COCO visibility; None where no teacher looked.
    """

    name: str
    source: Source
    pixels: NDArray[np.uint8]
    labels: NDArray[np.uint8] | None
    scale: float
    allowed: tuple[int, ...]
    points: NDArray[np.float32] | None = None


def split_of(name: str) -> Split:
    """80/10/10 by a hash of the photo's number; twins share the hash of the first of them."""
    key = next((pair[0] for pair in TWINS if name in pair), name)
    place = int.from_bytes(hashlib.sha256(f"ccp/{key}".encode()).digest()[:8], "big") / 2**64
    return "train" if place < 0.8 else "val" if place < 0.9 else "test"


def labelled_names(root: Path, split: Split) -> list[str]:
    """Numbers of the photos of ``split`` that have pixel labels, in order. Raises :class:`DatasetError`."""
    found = sorted(path.stem for path in (root / "annotations" / "pixel-level").glob("*.mat"))
    if not found:
        raise DatasetError("no pixel labels", where=str(root), hint="Give the root folder of Clothing Co-Parsing")
    return [name for name in found if split_of(name) == split]


def tagged_names(root: Path) -> list[str]:
    """Numbers of the photos with tags only, without twins of labelled photos that are held back."""
    held = {name for pair in TWINS for name in pair if split_of(name) != "train"}
    found = sorted(path.stem for path in (root / "annotations" / "image-level").glob("*.mat"))
    return [name for name in found if name not in held]


def class_labels(root: Path, name: str) -> NDArray[np.uint8]:
    """(h, w) class indices of a photo with pixel labels, in its own size."""
    table = class_of_label(label_names(root))
    return table[load_labels(root / "annotations" / "pixel-level" / f"{name}.mat")]


def load_labelled(root: Path, names: Sequence[str], keypoints: Path | None = None) -> list[Sample]:
    """Photos with pixel labels, and the teacher's keypoints where there is a file of them."""
    table, points = class_of_label(label_names(root)), read_points(keypoints)

    def one(name: str) -> Sample:
        pixels, scale = load_pixels(root / "photos" / f"{name}.jpg")
        full = table[load_labels(root / "annotations" / "pixel-level" / f"{name}.mat")]
        labels = np.asarray(Image.fromarray(full).resize((pixels.shape[1], pixels.shape[0]), Image.Resampling.NEAREST))
        return Sample(name, "labelled", pixels, labels, scale, tuple(np.unique(full)), _scaled(points, name, scale))

    return _all(one, names)


def load_tagged(root: Path, names: Sequence[str], keypoints: Path | None = None) -> list[Sample]:
    """Photos with tags: no pixel labels yet, but only the tagged classes may occur."""
    from scipy.io import loadmat

    table, points = class_of_label(label_names(root)), read_points(keypoints)

    def one(name: str) -> Sample:
        pixels, scale = load_pixels(root / "photos" / f"{name}.jpg")
        tags = loadmat(root / "annotations" / "image-level" / f"{name}.mat")["tags"].ravel()
        allowed = {int(table[int(tag)]) for tag in tags} | {INDEX["background"], INDEX["skin"], INDEX["hair"]}
        return Sample(name, "tagged", pixels, None, scale, tuple(sorted(allowed)), _scaled(points, name, scale))

    return _all(one, names)


def load_single(root: Path, cutouts: Path, keypoints: Path | None = None, *, limit: int | None = None) -> list[Sample]:
    """Photos of single garments that have a cut-out; labels are the cut-out's, its rim and the skin unknown.

    Where the teacher found nobody, no keypoint is anywhere: a shirt on a hanger must not be given a skeleton.
    ``limit`` takes that many, drawn evenly from the classes by a hash of the name.
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

    def one(item: tuple[str, str]) -> Sample:
        name, wanted = item
        pixels, scale = load_pixels(root / "images" / f"{name}.jpg")
        with Image.open(cutouts / f"{name}.png") as picture:
            mask = np.asarray(picture.resize((pixels.shape[1], pixels.shape[0]), Image.Resampling.NEAREST)) > 127
        allowed = (INDEX["background"], INDEX["skin"], INDEX["hair"], INDEX[wanted])
        found = NOBODY if name in points and points[name] is None else _scaled(points, name, scale)
        return Sample(name, "single", pixels, rim_unknown(mask, INDEX[wanted]), scale, allowed, found)

    return _all(one, chosen)


def sender_split(sender: str) -> Split:
    """80/10/10 by a hash of the sender: photos of one sender share a room and a floor."""
    place = int.from_bytes(hashlib.sha256(f"sender/{sender}".encode()).digest()[:8], "big") / 2**64
    return "train" if place < 0.8 else "val" if place < 0.9 else "test"


def rim_unknown(mask: NDArray[np.bool_], label: int, width: int = 3) -> NDArray[np.uint8]:
    """(h, w) labels of a cut-out: ``label`` well inside, background well outside, unknown along the rim."""
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
    """The teacher's keypoints by photo, in pixels of the photo; nothing without a file."""
    if path is None:
        return {}
    found = json.loads(path.read_text(encoding="utf-8"))
    return {Path(name).stem: entry["points"] for name, entry in found.items()}


def _scaled(points: dict[str, list[list[float]] | None], name: str, scale: float) -> NDArray[np.float32] | None:
    """Reduced pixels; None where the teacher found nobody (the photo then teaches no keypoints)."""
    found = points.get(name)
    return None if found is None else np.asarray(found, np.float32) * np.asarray([scale, scale, 1], np.float32)


def _all(one, items):
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, items))
