"""Clothing Co-Parsing (Yang, Luo and Lin 2014): street photos with pixel labels or tags."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from streetshop.core.errors import DatasetError, ManifestError
from streetshop.core.geometry import box_of_mask
from streetshop.lab.data.intake import Intake
from streetshop.lab.data.masks import load_labels
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.tables import find

LICENCE: Final = "Apache-2.0"
BODY: Final = frozenset({"null", "skin", "hair"})
"""Labels that are no garments and make no rows."""
_LEVELS: Final = ("pixel-level", "image-level")


def read(intake: Intake) -> None:
    """A row per photo and garment label where there are pixel labels; a row per photo, with its tags, where there are
    tags only. The mask is ``annotations/pixel-level/0001.mat#14``. The set has no product ids.
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


def label_names(root: Path) -> list[str]:
    """The 59 label names; the id of a label is its place. Raises :class:`DatasetError`."""
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
    intake.add(Sample(f"photos/{path.stem}.jpg", "street", attributes={"tags": worn}, group=path.stem), where)
