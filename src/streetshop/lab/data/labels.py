"""What rows are labelled with: products, categories, attributes, as class numbers."""

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
"""Class names; a class's number is its place."""

UNKNOWN = -1
"""The class index of a row whose label is not known; no loss term learns from it."""


@dataclass(frozen=True)
class Labels:
    """The targets of a run.

    Attributes:
        classes: names of the classes of each target, from the training rows, sorted.
        numbers: (rows,) int64 class number of each row, :data:`UNKNOWN` where it has none.
        several: (rows, classes) float32 0/1 for targets that may hold several labels a row.
    """

    classes: Mapping[str, Vocabulary]
    numbers: Mapping[str, NDArray[np.int64]]
    several: Mapping[str, NDArray[np.float32]]

    def of(self, rows: NDArray[np.int64], device: torch.device) -> dict[str, Tensor]:
        """The targets of some rows."""
        chosen = {name: values[rows] for name, values in (self.numbers | self.several).items()}  # type: ignore[operator]
        return {name: torch.from_numpy(values).to(device) for name, values in chosen.items()}


def row_labels(manifest: Manifest, target: str) -> list[tuple[str, ...]]:
    """The labels of each row under a target (product, category, attributes.NAME); none where it does not say.

    An attribute may be text, a number, true or false, or a list of those.
    """
    if target in ("product", "category"):
        column = manifest.column("product_id" if target == "product" else "category")
        return [(str(value),) if value else () for value in column]
    prefix, _, name = target.partition(".")
    if prefix != "attributes" or not name:
        raise RecipeError(
            f"target {target!r} is unknown", where="target", hint="Use product, category or attributes.NAME"
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
    """Number the labels of ``single`` and ``several`` targets; only what occurs in the training rows is a class.

    A ``single`` target takes the first label of a row that has more than one. Targets without any label in the
    training rows have no classes: the caller decides whether that matters.
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
    """The name under which the 0/1 labels of a target are given to losses: one target may serve both kinds."""
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
