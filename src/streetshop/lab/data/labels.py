"""Labels of samples as class indices: products, categories, attributes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from streetshop.core.errors import RecipeError
from streetshop.lab.data.manifest import Manifest

Vocabulary = tuple[str, ...]
"""Class names by class index."""

_COLUMNS = {"product": "product_id", "category": "category", "view": "view"}
"""Column of a target that is no attribute."""
UNKNOWN = -1
"""Class index of a sample without a label; loss terms ignore it."""


@dataclass(frozen=True)
class Labels:
    """The targets of a run.

    Attributes:
        classes: names of the classes of each target, from the training rows, sorted.
        numbers: (rows,) int64 class index of each row, :data:`UNKNOWN` where it has none.
        several: (rows, classes) float32 0/1 of multi-label targets.
    """

    classes: Mapping[str, Vocabulary]
    numbers: Mapping[str, NDArray[np.int64]]
    several: Mapping[str, NDArray[np.float32]]

    def of(self, rows: NDArray[np.int64], device: torch.device) -> dict[str, Tensor]:
        """The targets of some rows."""
        chosen = {name: values[rows] for name, values in (self.numbers | self.several).items()}  # type: ignore[operator]
        return {name: torch.from_numpy(values).to(device) for name, values in chosen.items()}


def row_labels(manifest: Manifest, target: str) -> list[tuple[str, ...]]:
    """The labels of each row; an empty tuple where there is none.

    Args:
        manifest: the rows.
        target: product, category, view or attributes.NAME; an attribute is text, a number, true or false, or a list of
            those.

    Raises:
        RecipeError: the target is unknown.
    """
    if target in _COLUMNS:
        column = manifest.column(_COLUMNS[target])
        return [(str(value),) if value else () for value in column]
    prefix, _, name = target.partition(".")
    if prefix != "attributes" or not name:
        raise RecipeError(
            f"target {target!r} is unknown", where="target", hint="Use product, category, view or attributes.NAME"
        )
    texts = manifest.table["attributes"].to_pylist()
    return [_as_labels(json.loads(text).get(name)) for text in texts]


def _as_labels(value: Any) -> tuple[str, ...]:
    if value is None or value == "":
        return ()
    if isinstance(value, list):
        return tuple(label for item in value for label in _as_labels(item))
    return (value,) if isinstance(value, str) else (json.dumps(value),)


def build_labels(
    manifest: Manifest, train: NDArray[np.int64], *, single: Iterable[str], several: Iterable[str]
) -> Labels:
    """Build the classes of all targets from the training rows, and the class indices of all rows.

    A target without a label in the training rows has no classes.

    Args:
        manifest: the rows.
        train: indices of the training rows.
        single: targets with one label a row; the first counts where there are several.
        several: multi-label targets.
    """
    classes: dict[str, Vocabulary] = {}
    numbers: dict[str, NDArray[np.int64]] = {}
    flags: dict[str, NDArray[np.float32]] = {}
    for target in dict.fromkeys([*single, *several]):
        labels = row_labels(manifest, target)
        classes[target] = tuple(sorted({label for row in train.tolist() for label in labels[row]}))
    for target in dict.fromkeys(single):
        numbers[target] = _numbers(row_labels(manifest, target), classes[target])
    for target in dict.fromkeys(several):
        key = several_key(target)
        flags[key] = _flags(row_labels(manifest, target), classes[target])
    return Labels(classes, numbers, flags)


def several_key(target: str) -> str:
    """Key of the multi-label form of a target, which may also have a single-label form."""
    return f"{target}[]"


def _numbers(labels: Sequence[tuple[str, ...]], classes: Vocabulary) -> NDArray[np.int64]:
    place = {name: number for number, name in enumerate(classes)}
    return np.asarray([place.get(row[0], UNKNOWN) if row else UNKNOWN for row in labels], np.int64)


def _flags(labels: Sequence[tuple[str, ...]], classes: Vocabulary) -> NDArray[np.float32]:
    place = {name: number for number, name in enumerate(classes)}
    flags = np.zeros((len(labels), len(classes)), np.float32)
    for row, names in enumerate(labels):
        for name in names:
            if name in place:
                flags[row, place[name]] = 1
    return flags
