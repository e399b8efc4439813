"""A manifest as the pictures of a detector, each with its boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import RunError
from streetshop.lab.core.progress import say
from streetshop.lab.data.article_types import ClassMap, class_map
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample
from streetshop.lab.evaluate.detection import Boxes
from streetshop.lab.train.detector_recipe import DetectorRecipe

FILE: Final = "detector.json"
"""The file of a run's folder with its classes, and the place of its data."""


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture and what is true in it.

    Attributes:
        rows: the garments that have a class.
        labels: (rows,) their class numbers.
        crowd: (rows,) bool.
    """

    rows: tuple[Sample, ...]
    labels: NDArray[np.intp]
    crowd: NDArray[np.bool_]

    @property
    def boxes(self) -> Boxes:
        """In pixels of the upright picture."""
        return Boxes.of([row.box for row in self.rows if row.box is not None], self.labels, crowd=self.crowd)


@dataclass(frozen=True, eq=False)
class DetectorData:
    """What a detector learns from and is judged by.

    Attributes:
        classes: their names and kinds.
        train, val: pictures.
    """

    classes: ClassMap
    train: tuple[Picture, ...]
    val: tuple[Picture, ...]

    def about(self) -> dict[str, Any]:
        """The classes, for the run's folder."""
        return {"classes": list(self.classes.names), "kinds": dict(self.classes.kinds)}


def load_detector_data(manifest: Manifest, recipe: DetectorRecipe, *, shown: bool = True) -> DetectorData:
    """The pictures of a chosen, split manifest.

    A picture with a row that has no box is left out: nobody says what else it shows. So is, for a network with masks,
    a training picture with a box that has none.

    Args:
        manifest: see :func:`streetshop.lab.train.data.choose_rows`.
        recipe: the run's.
        shown: whether what is left out is said.

    Raises:
        DatasetError: no category has a class.
        RunError: no training picture is left.
    """
    split = manifest.column("split")
    used = manifest.take(np.flatnonzero((split == "train") | (split == "val")))
    boxed = [row for row in used if row.box is not None]
    if not boxed:
        raise RunError("no row has a box", where=manifest.name or "manifest", hint="Give a manifest with boxes")
    classes = class_map(recipe.data.classes, (row.category for row in boxed))
    left_out = classes.left_out(row.category for row in boxed)
    masks = recipe.model.kind == "mask-rcnn" and recipe.model.masks
    pictures = pictures_of(used, classes)
    train = [picture for picture in pictures if picture.rows[0].split == "train"]
    kept = [p for p in train if not masks or all(row.mask is not None for row in p.rows)]
    if shown:
        if left_out:
            say(f"no class takes {left_out}")
        if whole := len({row.image for row in used}) - len(pictures):
            say(f"{whole} pictures are left out: they have a row without a box, or no box of any class")
        if len(kept) < len(train):
            say(f"{len(train) - len(kept)} of {len(train)} training pictures are left out: a box has no mask")
    if not kept:
        raise RunError(
            "no training picture has boxes" + (" that all have masks" if train else ""),
            where=manifest.name or "manifest",
            hint="Set model.masks=false" if train else "Check data.where and data.classes",
        )
    val = tuple(picture for picture in pictures if picture.rows[0].split == "val")
    if recipe.val_pictures:
        rng = np.random.default_rng(recipe.seed)
        chosen = rng.permutation(len(val))[: recipe.val_pictures]
        val = tuple(val[i] for i in sorted(chosen.tolist()))
    if shown:
        say(f"{len(kept)} pictures to learn from, {len(val)} to validate on, {len(classes.names)} classes")
    return DetectorData(classes, tuple(kept), val)


def pictures_of(manifest: Manifest, classes: ClassMap) -> list[Picture]:
    """The pictures whose rows all have boxes, and of these the rows that have a class; in the order of the manifest."""
    by_image: dict[str, list[Sample]] = {}
    for row in manifest:
        by_image.setdefault(row.image, []).append(row)
    found = []
    for rows in by_image.values():
        if any(row.box is None for row in rows):
            continue
        numbered = [(row, number) for row in rows if (number := classes.of(row.category)) is not None]
        if numbered:
            found.append(_picture(numbered))
    return found


def _picture(numbered: Sequence[tuple[Sample, int]]) -> Picture:
    rows, labels = zip(*numbered, strict=True)
    crowd = np.asarray([bool(row.attributes.get("crowd")) for row in rows], np.bool_)
    return Picture(tuple(rows), np.asarray(labels, np.intp), crowd)
