"""Fitting a framing head: a linear layer on a reader's features of persons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from streetshop.core.errors import DatasetError, UsageError
from streetshop.core.geometry import Box
from streetshop.core.records import Person
from streetshop.lab.core.devices import Place
from streetshop.lab.core.progress import say
from streetshop.lab.data.framing import FramedPicture
from streetshop.lab.train.framing_recipe import FramingPart, FramingRecipe
from streetshop.lab.train.parts import FitPart
from streetshop.lab.train.task import Batch, Task
from streetshop.lab.train.tasks.reader.looking import each
from streetshop.looks.framing import features_size, person_features, points_size
from streetshop.looks.parse import parse
from streetshop.looks.reader import OnnxReader
from streetshop.looks.rules import Rules
from streetshop.models.framing import ANSWERS, VIEWS

_LEAST_SPREAD: Final = 1e-3
"""Least standard deviation of a feature; those that hardly vary stay small."""


@dataclass(frozen=True, eq=False)
class FramedRows:
    """What a head learns from.

    Attributes:
        features: (n, dim) of the largest person of each picture.
        pictures: the pictures.
    """

    features: NDArray[np.float32]
    pictures: Sequence[FramedPicture]


def look_at(
    reader: OnnxReader, pictures: Sequence[FramedPicture], rows: int, columns: int, *, workers: int = 1
) -> FramedRows:
    """The features of all pictures in which the reader finds a person, or a garment alone.

    Raises:
        UsageError: the reader tells no features.
    """
    if not reader.spec.features:
        raise UsageError("this reader has no output `features`", where=str(reader.folder), hint="Export it again")
    rules = Rules.from_spec(reader.spec)

    def one(picture: FramedPicture) -> NDArray[np.float32] | None:
        reading = reader.see(picture.load())
        found = parse(reading, rules)
        if not found.persons and not found.garments:
            return None
        whole = Person(Box(0.0, 0.0, float(reading.width), float(reading.height)))
        person = found.persons[0] if found.persons else whole
        return person_features(reading, person.box, person.keypoints, rows, columns)

    found = list(each("looking at persons", one, pictures, workers))
    features = np.stack([row for _, row in found]) if found else np.empty((0, 1), np.float32)
    return FramedRows(features, [picture for picture, _ in found])


class FramingTask(Task[FramingRecipe, Batch]):
    """A linear layer, fitted in the one stage ``framing``."""

    devices = ("cpu",)
    network: nn.Linear
    judged: nn.Linear

    def __init__(
        self,
        recipe: FramingRecipe,
        pictures: Sequence[FramedPicture],
        reader: OnnxReader,
        place: Place,
        *,
        threads: int = 1,
    ) -> None:
        size = features_size(recipe.rows, recipe.columns, reader.spec.features)
        super().__init__(recipe, place, nn.Linear(size, len(ANSWERS)))
        self.pictures, self.reader, self.threads = pictures, reader, threads

    def fit(self, stage: FitPart) -> None:
        """Fit the layer to the pictures and their mirror images.

        Raises:
            DatasetError: an answer has only one value to learn from.
        """
        if not isinstance(stage, FramingPart):
            raise TypeError(stage.fit)
        both = [*self.pictures, *(picture.mirror() for picture in self.pictures)]
        rows = look_at(self.reader, both, self.recipe.rows, self.recipe.columns, workers=self.threads)
        say(f"{len(rows.pictures)} of {len(both)} pictures show a person or a garment to learn from")
        weights = np.asarray([stage.drawn if p.drawn else 1.0 for p in rows.pictures])
        slopes, bias = fit_head(rows, weights, strength=stage.strength, balance=stage.balance, points=stage.points)
        with torch.no_grad():
            self.judged.weight.copy_(torch.from_numpy(slopes))
            self.judged.bias.copy_(torch.from_numpy(bias))


def fit_head(
    rows: FramedRows, weights: NDArray[np.float64], *, strength: float, balance: float = 0.0, points: float = 1.0
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Logistic regressions of standardised features.

    Args:
        rows: what they learn from.
        weights: (n,) of the pictures.
        strength: inverse of the regularisation.
        balance: views weigh frequency ** -balance too.
        points: how many times as large a standardised feature is that does not come from the reader's map.

    Returns:
        (answers, dim) weights and (answers,) biases, the standardisation multiplied in.

    Raises:
        DatasetError: an answer has only one value.
    """
    mean, spread = rows.features.mean(axis=0), np.maximum(rows.features.std(axis=0), _LEAST_SPREAD)
    spread[-points_size() :] /= points
    unit = (rows.features - mean) / spread
    views = np.asarray([VIEWS.index(picture.view) for picture in rows.pictures])
    slopes = np.zeros((len(ANSWERS), unit.shape[1]))
    bias = np.zeros(len(ANSWERS))
    bias[: len(VIEWS)] = -20.0  # a view without examples is never answered
    frequency = np.bincount(views, weights=weights, minlength=len(VIEWS)) / weights.sum()
    balanced = weights * frequency[views] ** -balance
    _fit(unit, views, balanced, strength, "view", slopes, bias, offset=0)
    for place, said in ((len(VIEWS), [p.eyes for p in rows.pictures]), (-1, [p.ankles for p in rows.pictures])):
        known = np.asarray([value is not None for value in said])
        truth = np.asarray([bool(value) for value in said])[known].astype(int)
        _fit(unit[known], truth, weights[known], strength, ANSWERS[place], slopes, bias, offset=place)
    slopes /= spread
    return slopes.astype(np.float32), (bias - slopes @ mean).astype(np.float32)


def _fit(
    unit: NDArray[np.float32],
    truth: NDArray[np.int64],
    weights: NDArray[np.float64],
    strength: float,
    name: str,
    slopes: NDArray[np.float64],
    bias: NDArray[np.float64],
    *,
    offset: int,
) -> None:
    """Fit one answer into its rows of ``slopes`` and ``bias``; one of two classes takes one row."""
    from sklearn.linear_model import LogisticRegression

    if len(set(truth.tolist())) < 2:
        raise DatasetError(f"the pictures hold one value of {name!r} only", hint="Label pictures of others too")
    model = LogisticRegression(C=strength, max_iter=1000).fit(unit, truth, sample_weight=weights)
    if name != "view":
        slopes[offset], bias[offset] = model.coef_[0], model.intercept_[0]
        return
    coefficients, intercepts = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # one row there: of the second class against the first
        coefficients = np.concatenate([-coefficients, coefficients]) / 2
        intercepts = np.concatenate([-intercepts, intercepts]) / 2
    slopes[model.classes_], bias[model.classes_] = coefficients, intercepts
