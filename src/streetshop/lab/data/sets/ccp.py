"""Clothing Co-Parsing (Yang, Luo and Lin 2014): street photos with pixel labels or tags."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import DatasetError, ManifestError
from streetshop.core.geometry import box_of_mask
from streetshop.lab.data.classes import class_of_label
from streetshop.lab.data.intake import Intake
from streetshop.lab.data.masks import load_labels
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.splits import Split, drawn_split
from streetshop.lab.data.tables import find

LICENCE: Final = "Apache-2.0"
STATED_LICENCE: Final = f"{LICENCE}; who took its photographs is stated nowhere"
"""As model cards state it."""
BODY: Final = frozenset({"null", "skin", "hair"})
"""Labels that are not garments."""
TWINS: Final = (
    *(("0025", "1707"), ("0078", "0984"), ("0183", "0730"), ("0197", "0671"), ("0223", "0616"), ("0312", "0398")),
    *(("0343", "1083"), ("0366", "0649"), ("0538", "1715"), ("0594", "0722"), ("0643", "1913"), ("0692", "0732")),
    *(("0719", "1611"), ("0999", "1890"), ("1029", "1341"), ("1307", "1692"), ("1671", "1790")),
)
"""Numbers of photos that show one person at one place; a pair never spreads over two splits."""
_LEVELS: Final = ("pixel-level", "image-level")


def read(intake: Intake) -> None:
    """Add a row per photo and garment label where there are pixel labels, else a row per photo with its tags.

    The mask is ``annotations/pixel-level/0001.mat#14``. The data set has no product ids. It has no official split
    either: rows have the split that the shipped models keep to, see :func:`photo_split`.
    """
    root = intake.root
    find(root, "photos", what="the folder of photos")
    names = label_names(root)
    for path in sorted((root / "annotations" / "pixel-level").glob("*.mat")):
        _read_pixels(intake, path, names)
    for path in sorted((root / "annotations" / "image-level").glob("*.mat")):
        _read_tags(intake, path, names)
    for path in sorted((root / "photos").glob("*.jpg")):
        if not any((root / "annotations" / level / f"{path.stem}.mat").exists() for level in _LEVELS):
            intake.offer()
            intake.refuse(f"photos/{path.name}", "no annotation")


def photo_split(name: str) -> Split:
    """The split of a photo by its number; twins have one split."""
    key = next((pair[0] for pair in TWINS if name in pair), name)
    return drawn_split(f"ccp/{key}")


def labelled_names(root: Path, split: Split) -> list[str]:
    """Numbers of the photos of ``split`` that have pixel labels, in order.

    Raises:
        DatasetError: no photo has pixel labels.
    """
    found = sorted(path.stem for path in (root / "annotations" / "pixel-level").glob("*.mat"))
    if not found:
        raise DatasetError("no pixel labels", where=str(root), hint="Give the root folder of Clothing Co-Parsing")
    return [name for name in found if photo_split(name) == split]


def tagged_names(root: Path) -> list[str]:
    """Numbers of the photos with tags only, without twins of held-out photos."""
    held = {name for pair in TWINS for name in pair if photo_split(name) != "train"}
    found = sorted(path.stem for path in (root / "annotations" / "image-level").glob("*.mat"))
    return [name for name in found if name not in held]


def class_labels(root: Path, name: str) -> NDArray[np.uint8]:
    """(h, w) class indices of a photo with pixel labels, see :mod:`streetshop.lab.data.classes`."""
    table = class_of_label(label_names(root))
    return table[load_labels(root / "annotations" / "pixel-level" / f"{name}.mat")]


def label_names(root: Path) -> list[str]:
    """The 59 label names by label id. Raises :class:`DatasetError`."""
    path = find(root, "label_list.mat", what="label_list.mat")
    from scipy.io import loadmat

    try:
        cells = loadmat(path)["label_list"].ravel()
        return [str(cell.ravel()[0]) if cell.size else "" for cell in cells]
    except Exception as error:  # loadmat raises whatever its parser stumbles over, zlib's and struct's errors included
        raise DatasetError(f"is no MATLAB file with `label_list` ({error})", where=str(path)) from None


def _read_pixels(intake: Intake, path: Path, names: list[str]) -> None:
    where, image = f"pixel-level/{path.name}", f"photos/{path.stem}.jpg"
    try:
        labels = load_labels(path)
    except ManifestError as error:
        intake.offer()
        intake.refuse(where, error.what)
        return
    size = intake.size(image)
    if size is None or labels.shape != (size[1], size[0]):
        intake.offer()
        shapes = f"{labels.shape[1]} x {labels.shape[0]}, {size}"
        intake.refuse(where, intake.why(image) if size is None else f"labels of another size than the photo: {shapes}")
        return
    present = np.unique(labels).tolist()
    if all(label < len(names) and names[label] in BODY for label in present):
        intake.offer()
        intake.refuse(where, "no garment is labelled")
    for label in present:
        name = names[label] if label < len(names) else None
        if name in BODY:
            continue
        intake.offer()
        if name is None:
            intake.refuse(f"{where}#{label}", f"no such label in label_list.mat: {label}")
            continue
        mask = labels == label
        row = Sample(
            image,
            "street",
            category=name,
            box=box_of_mask(mask).corners,
            attributes={"pixels": int(mask.sum())},
            split=photo_split(path.stem),
            group=path.stem,
            mask=f"annotations/pixel-level/{path.name}#{label}",
        )
        intake.add(row, f"{where}#{label}")


def _read_tags(intake: Intake, path: Path, names: list[str]) -> None:
    from scipy.io import loadmat

    where = f"image-level/{path.name}"
    intake.offer()
    try:
        tags = [int(t) for t in loadmat(path)["tags"].ravel()]
    except Exception as error:  # see label_names
        intake.refuse(where, f"unreadable tags: {error}")
        return
    if any(t >= len(names) for t in tags):
        intake.refuse(where, f"no such label in label_list.mat: {max(tags)}")
        return
    worn = [names[t] for t in tags if names[t] not in BODY]
    row = Sample(
        f"photos/{path.stem}.jpg", "street", split=photo_split(path.stem), attributes={"tags": worn}, group=path.stem
    )
    intake.add(row, where)
