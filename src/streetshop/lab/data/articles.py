"""Pictures of single articles: photos of the Clothing dataset, their cut-outs, and worn garments that are cut out."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

import numpy as np
from PIL import Image

from streetshop.core.errors import DatasetError, PhotoError
from streetshop.core.geometry import Mask, box_of_mask
from streetshop.core.photo import Photo
from streetshop.lab.data.classes import CLOTHING_LABELS, GARMENTS, INDEX
from streetshop.lab.data.sets.ccp import class_labels, labelled_names
from streetshop.lab.data.sets.clothing import sender_split
from streetshop.lab.data.splits import Split
from streetshop.looks.reader import PHOTO_SIDE

Kind = Literal["photo", "cutout", "worn"]
"""A photo of a single garment; the same cut out onto white; a worn garment cut out onto white by its pixel labels."""
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
_LEAST: Final = 0.02
"""Share of its photo from which a garment is cut out; a fifth of that for what is small by nature."""
_SMALL: Final = frozenset({"footwear", "bag", "hat", "scarf", "legwear", "accessory"})
_LEAST_SIDE: Final = 40
_MARGINS: Final = (0.03, 0.25)
"""White around a cut-out, over its longer side."""


@dataclass(frozen=True)
class Example:
    """A picture of one article, and what it is; ``sender`` is who sent it, or of a worn one the photo's number."""

    kind: Kind
    name: str
    category: str
    sender: str


@dataclass(frozen=True)
class Pictures:
    """Where the pictures lie: Clothing Co-Parsing, the Clothing dataset, and the teacher's cut-outs of its photos."""

    ccp: Path
    clothing: Path
    cutouts: Path

    def examples(self, split: Split) -> list[Example]:
        """All of a split: by sender for single garments, by photo for worn ones. Raises :class:`DatasetError`."""
        found = []
        try:
            with (self.clothing / "images.csv").open(encoding="utf-8", newline="") as file:
                rows = [row for row in csv.DictReader(file) if row["label"] in CLOTHING_LABELS]
        except OSError as error:
            hint = "Give the root folder of the Clothing dataset"
            raise DatasetError(f"cannot be read ({error.strerror})", where=str(self.clothing), hint=hint) from None
        for row in rows:
            name, sender = row["image"], row["sender_id"]
            if sender_split(sender) != split or not (self.clothing / "images" / f"{name}.jpg").is_file():
                continue
            category = CLOTHING_LABELS[row["label"]]
            found.append(Example("photo", name, category, sender))
            if (self.cutouts / f"{name}.png").is_file():
                found.append(Example("cutout", name, category, sender))
        for name in labelled_names(self.ccp, split):
            counts = np.bincount(class_labels(self.ccp, name).ravel(), minlength=256)
            least = {category: _least_share(category) * counts.sum() for category in GARMENTS}
            worn = [category for category in GARMENTS if counts[INDEX[category]] >= least[category]]
            found += [Example("worn", name, category, name) for category in worn]
        return found

    def load(self, example: Example) -> Photo | None:
        """The picture; None where there is nothing to see in it: it does not decode, or hardly anything is cut out."""
        if example.kind == "worn":
            photo = Photo.from_path(self.ccp / "photos" / f"{example.name}.jpg")
            return _on_white(photo, class_labels(self.ccp, example.name) == INDEX[example.category], example)
        try:
            photo = Photo.from_path(self.clothing / "images" / f"{example.name}.jpg", at_least=PHOTO_SIDE)
        except PhotoError:
            return None
        if example.kind == "photo":
            return photo
        with Image.open(self.cutouts / f"{example.name}.png") as picture:
            return _on_white(photo, np.asarray(picture.convert("L")) > 127, example)


def _least_share(category: str) -> float:
    return _LEAST * (0.2 if category in _SMALL else 1)


def _on_white(photo: Photo, mask: Mask, example: Example) -> Photo | None:
    """What the mask shows on a white ground, cropped to it with a margin that depends on the example's name."""
    image = photo.image()
    mask = np.asarray(Image.fromarray(mask).resize(image.size, Image.Resampling.NEAREST))
    if mask.mean() < _least_share(example.category):
        return None
    around = box_of_mask(mask).slices()
    mask, pixels = mask[around], np.asarray(image)[around]
    margin = np.random.default_rng([*example.name.encode(), INDEX[example.category]]).uniform(*_MARGINS)
    pad = round(margin * max(mask.shape))
    canvas = np.full((mask.shape[0] + 2 * pad, mask.shape[1] + 2 * pad, 3), 255, np.uint8)
    canvas[pad : pad + mask.shape[0], pad : pad + mask.shape[1]][mask] = pixels[mask]
    return Photo.from_array(canvas) if min(canvas.shape[:2]) >= _LEAST_SIDE else None
