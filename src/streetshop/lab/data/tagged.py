"""Photos of Clothing Co-Parsing that have tags only, through a reader's own masks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streetshop.core.geometry import box_of_mask
from streetshop.core.photo import Photo
from streetshop.lab.data.classes import CLASSES, class_of_label
from streetshop.lab.data.garments import LEAST_PIXELS
from streetshop.lab.data.masks import encode_rle
from streetshop.lab.data.registry import read_dataset
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.sets.ccp import label_names, tagged_names
from streetshop.looks.reader import OnnxReader

_BODY: Final = ("background", "skin", "hair")
_SURE: Final = 0.6
"""Pixels whose class is less probable than this, among those that may occur, belong to no garment."""


def tagged_samples(ccp: Path, reader: OnnxReader, progress: Callable[[int, int], None] | None = None) -> list[Sample]:
    """Training samples of the garments of tagged photos, with the masks of ``reader``.

    A garment counts if its class is tagged. Its category is the tag of that class, ``""`` where several tags are of
    that class. Twins of held-out photos are left out.

    Args:
        ccp: root of Clothing Co-Parsing.
        reader: predicts the masks.
        progress: called with photos done and in all.

    Raises:
        DatasetError: ``ccp`` is not that data set.
    """
    names = label_names(ccp)
    classes = {name: CLASSES[index] for name, index in zip(names, class_of_label(names), strict=False)}
    photos = set(tagged_names(ccp))
    tagged = [row for row in read_dataset("ccp", ccp).manifest if row.mask is None and row.group in photos]
    rows = []
    for done, row in enumerate(tagged, start=1):
        tags: dict[str, list[str]] = {}
        for tag in row.attributes["tags"]:
            tags.setdefault(classes[tag], []).append(tag)
        rows += _garments(row, reader, tags)
        if progress is not None:
            progress(done, len(tagged))
    return rows


def _garments(row: Sample, reader: OnnxReader, tags: dict[str, list[str]]) -> list[Sample]:
    photo = row.load_photo()
    found = _labels(reader, photo, [*_BODY, *tags])
    rows = []
    for name in reader.spec.garments:
        mask = found == reader.classes.index(name)
        pixels = int(mask.sum())
        if name not in tags or pixels < LEAST_PIXELS:
            continue
        rows.append(
            replace(
                row,
                split="train",
                category=tags[name][0] if len(tags[name]) == 1 else "",
                box=box_of_mask(mask).corners,
                attributes={"pixels": pixels, "class": name},
                mask=encode_rle(mask),
            )
        )
    return rows


def _labels(reader: OnnxReader, photo: Photo, allowed: list[str]) -> NDArray[np.uint8]:
    """(height, width) class indices of a photo; 255 where none of ``allowed`` is sure."""
    planes = reader.see(photo).probabilities
    planes = planes * np.isin(reader.classes, allowed)[:, None, None]
    best, index = planes.max(0), planes.argmax(0).astype(np.uint8)
    index[best < _SURE * planes.sum(0)] = 255
    return np.asarray(Image.fromarray(index).resize((photo.width, photo.height), Image.Resampling.NEAREST))
