"""The parts of a recipe's stage: losses, miners, samplers, optimisers, schedules."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from streetshop.lab.core.parts import Part

Distance = Literal["euclidean", "squared", "cosine"]
Positive = Annotated[int, Field(ge=1)]
Margin = Annotated[float, Field(gt=0)]


class _Loss(Part):
    """``weight`` multiplies the term; ``on`` is embedding, features, or the name of a block."""

    weight: Annotated[float, Field(gt=0)] = 1.0
    on: str = "embedding"


class Labelled(_Loss):
    """``target``: product, category, or attributes.NAME. ``optional``: a manifest without such labels leaves the term
    out (and says so) instead of failing.
    """

    optional: bool = False


class TripletPart(_Loss):
    """``max(0, margin + d(a, p) - d(a, n))``."""

    kind: Literal["triplet"]
    margin: Margin = 0.2
    distance: Distance = "euclidean"


class WeightedTripletPart(_Loss):
    """Method 3's triplet loss on squared distances with its norm penalty ``alpha``."""

    kind: Literal["weighted_triplet"]
    margin: Margin = 0.2
    alpha: Annotated[float, Field(ge=0)] = 5e-5


class CrossEntropyPart(Labelled):
    """A linear classifier and its cross-entropy."""

    kind: Literal["cross_entropy"]
    target: str = "product"
    smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0


class ArcFacePart(Labelled):
    """Additive angular margin, ``margin`` in degrees."""

    kind: Literal["arcface"]
    target: str = "product"
    margin: Annotated[float, Field(ge=0, lt=90)] = 28.6
    scale: Annotated[float, Field(gt=0)] = 64.0


class CenterPart(Labelled):
    """Center loss; ``rate`` is how fast the centers follow."""

    kind: Literal["center"]
    target: str = "product"
    rate: Annotated[float, Field(gt=0, le=1)] = 0.5


class MultiLabelEuclideanPart(Labelled):
    """Method 5's classification loss; ``target`` may hold several labels a row."""

    kind: Literal["multilabel_euclidean"]
    target: str = "category"


class DiversityPart(_Loss):
    """Keeps neighbouring attended regions apart."""

    kind: Literal["diversity"]


class LocalisationPart(_Loss):
    """Keeps attended regions small, upright and near their anchors."""

    kind: Literal["localisation"]
    anchor: Annotated[float, Field(ge=0)] = 0.01
    positive: Annotated[float, Field(ge=0)] = 0.1


LossPart = Annotated[
    TripletPart
    | WeightedTripletPart
    | CrossEntropyPart
    | ArcFacePart
    | CenterPart
    | MultiLabelEuclideanPart
    | DiversityPart
    | LocalisationPart,
    Field(discriminator="kind"),
]


class MinerPart(Part):
    """Which triplets of a batch count; see :class:`streetshop.lab.sampling.Miner`."""

    kind: Literal["given", "all", "semihard", "hard", "batch_hard"]
    margin: Margin = 0.2
    distance: Distance = "euclidean"
    cross: bool = False


class PlainSampler(Part):
    """Every picture once an epoch."""

    kind: Literal["plain"]
    batch: Annotated[int, Field(ge=2)] = 64


class ProductsSampler(Part):
    """``products`` products a batch, ``pictures`` of each; with ``cross`` from the street and from the shop."""

    kind: Literal["products"]
    products: Annotated[int, Field(ge=2)] = 16
    pictures: Annotated[int, Field(ge=2)] = 4
    cross: bool = False


class TripletsSampler(Part):
    """Triplets made before encoding.

    ``negatives``: ``random``, or ``nearest``: one of the ``k`` nearest pictures of other products, found by encoding
    ``pool`` random pictures anew every ``refresh`` batches. ``within_category``: random negatives of the same category.
    """

    kind: Literal["triplets"]
    batch: Annotated[int, Field(ge=2)] = 32
    negatives: Literal["random", "nearest"] = "random"
    k: Positive = 25
    pool: Annotated[int, Field(ge=2)] = 5000
    refresh: Positive = 256
    cross: bool = False
    within_category: bool = False


SamplerPart = Annotated[PlainSampler | ProductsSampler | TripletsSampler, Field(discriminator="kind")]


class OptimiserPart(Part):
    """``rate``: learning rate of the backbone; heads and classifiers learn at ``head_factor`` times that."""

    kind: Literal["sgd", "adam", "adamw"]
    rate: Annotated[float, Field(gt=0)]
    head_factor: Annotated[float, Field(gt=0)] = 1.0
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """SGD's momentum; Adam's beta1."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    clip: Annotated[float, Field(gt=0)] | None = None
    """Largest norm of the whole gradient; null: not clipped."""


class SchedulePart(Part):
    """How the rate changes over a stage.

    ``constant``; ``step``: times ``factor`` every ``every`` ``unit``s; ``cosine``: down to ``factor`` times the rate at
    the stage's end. ``warm_up``: batches over which the rate rises to its value first.
    """

    kind: Literal["constant", "step", "cosine"] = "constant"
    every: Positive = 1
    unit: Literal["batch", "epoch"] = "epoch"
    factor: Annotated[float, Field(ge=0, le=1)] = 0.5
    warm_up: Annotated[int, Field(ge=0)] = 0
