"""Parts of an embedding recipe: augmentation, rows, network, losses, miners, samplers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from streetshop.lab.core.parts import Part
from streetshop.lab.train.parts import Positive, Share

Distance = Literal["euclidean", "squared", "cosine"]
Margin = Annotated[float, Field(gt=0)]
BlockName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


class _Loss(Part):
    """``weight`` multiplies the term; ``on`` is embedding, features, or the name of a block."""

    weight: Annotated[float, Field(gt=0)] = 1.0
    on: str = "embedding"


class Labelled(_Loss):
    """A loss on labels.

    ``target``: product, category, or attributes.NAME. ``optional``: a manifest without such labels leaves the term out
    (and says so) instead of failing.
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
    """Center loss; ``center_rate``: learning rate of the centers (alpha in Wen et al. 2016, equation 6)."""

    kind: Literal["center"]
    target: str = "product"
    center_rate: Annotated[float, Field(gt=0, le=1)] = 0.5


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


class ProductsSampler(Part):
    """``pictures`` pictures of each product of a batch; with ``cross`` from the street and from the shop."""

    kind: Literal["products"]
    pictures: Annotated[int, Field(ge=2)] = 4
    cross: bool = False


class TripletsSampler(Part):
    """Triplets made before encoding; the stage's ``batch`` counts triplets.

    ``negatives``: ``random``, or ``nearest``: one of the ``k`` nearest pictures of other products, found by encoding
    ``pool`` random pictures anew every ``refresh`` batches. ``within_category``: random negatives of the same category.
    """

    kind: Literal["triplets"]
    negatives: Literal["random", "nearest"] = "random"
    k: Positive = 25
    pool: Annotated[int, Field(ge=2)] = 5000
    refresh: Positive = 256
    cross: bool = False
    within_category: bool = False


SamplerPart = Annotated[PlainSampler | ProductsSampler | TripletsSampler, Field(discriminator="kind")]


class AugmentPart(Part):
    """What training pictures go through, on the fly. Ranges are drawn from evenly; 0 switches a thing off.

    ``zoom``: share by which the picture may grow or shrink; ``shift``: share of the side; ``rotate``: degrees;
    ``brightness``, ``contrast``, ``saturation``: factors ``1 +- x``; ``hue``: share of the colour circle;
    ``erase``: chance that a random rectangle is painted over; ``blur``: chance of losing detail to a lower resolution.
    """

    flip: bool = True
    zoom: Share = 0.15
    shift: Share = 0.05
    rotate: Annotated[float, Field(ge=0, le=180)] = 5.0
    brightness: Share = 0.2
    contrast: Share = 0.2
    saturation: Share = 0.2
    hue: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    erase: Share = 0.0
    blur: Share = 0.0
    street_only: bool = False
    """Colour, erasing and blur for street pictures only: shop pictures are taken in good light."""


class DataPart(Part):
    """Which rows are trained on.

    ``where``: only rows whose column (category, view, domain) has one of these values. ``each``: a run for every group
    of categories; ``groups`` says which categories make one (by lower-case name), all others make the group ``other``.
    ``val_share``: how much of the training products validate where the manifest has no validation split.
    """

    where: dict[Literal["category", "view", "domain"], tuple[str, ...]] = Field(default_factory=dict)
    each: bool = False
    groups: dict[BlockName, tuple[str, ...]] = Field(default_factory=dict)
    val_share: Annotated[float, Field(gt=0, lt=1)] = 0.1

    @model_validator(mode="after")
    def _check(self) -> DataPart:
        if self.each != bool(self.groups):
            raise ValueError("`each: true` and `groups` go together")
        seen: dict[str, str] = {}
        for group, categories in self.groups.items():
            for category in categories:
                if category != category.lower():
                    raise ValueError(f"category {category!r} in group {group!r} must be lower-case")
                if seen.setdefault(category, group) != group:
                    raise ValueError(f"category {category!r} is in the groups {seen[category]!r} and {group!r}")
        return self


class BackbonePart(Part):
    """The backbone.

    ``name``: efficientnet_lite0, efficientnet_lite2, table1, inception_resnet_v1 or any timm name. ``weights``: none,
    imagenet, or a path to a state dict (``.safetensors``, ``.pt``; a run's weights work).
    """

    name: str
    weights: str = "imagenet"

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        from streetshop.core.errors import UsageError
        from streetshop.lab.nets.backbones import check_backbone

        try:
            check_backbone(name)
        except UsageError as error:
            raise ValueError(f"{error.what}. {error.hint}") from None
        return name


class BlockPart(Part):
    """One block of the vector.

    ``dim`` null: the pooled features as they are. ``source: cielab`` is the colour histogram that the serving side
    computes; it is not trained and stands beside the others when searching.
    """

    name: BlockName
    dim: Annotated[int, Field(ge=2, le=4096)] | None = None
    pooling: Literal["avg", "max", "gem"] = "avg"
    batch_norm: bool = False
    source: Literal["output", "cielab"] = "output"
    weight: Annotated[float, Field(ge=0, le=100)] = 1.0


class BlocksHeadPart(Part):
    """Pooling and a linear layer a block.

    ``normalise``: blocks are unit vectors in training too, not only when searching.
    """

    kind: Literal["blocks"] = "blocks"
    blocks: Annotated[tuple[BlockPart, ...], Field(min_length=1)]
    normalise: bool = True
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0

    @model_validator(mode="after")
    def _check(self) -> BlocksHeadPart:
        names = [block.name for block in self.blocks]
        if len(set(names)) != len(names):
            raise ValueError(f"block names repeat: {names}")
        if not self.trained:
            raise ValueError("no block is trained: all come from cielab")
        return self

    @property
    def trained(self) -> tuple[BlockPart, ...]:
        """The blocks that the network computes."""
        return tuple(block for block in self.blocks if block.source == "output")


class AttentionHeadPart(Part):
    """Method 5's attention branch; ``target`` names the labels whose scores the regions predict."""

    kind: Literal["attention"]
    target: str
    name: BlockName = "style"
    pooling: Literal["avg", "max", "gem"] = "avg"
    steps: Annotated[int, Field(ge=1, le=16)] = 5
    size: Annotated[int, Field(ge=2, le=1024)] = 64
    hidden: Annotated[int, Field(ge=2, le=4096)] = 256
    region: Annotated[int, Field(ge=1, le=32)] = 7
    codewords: Annotated[int, Field(ge=1, le=128)] = 16


HeadPart = Annotated[BlocksHeadPart | AttentionHeadPart, Field(discriminator="kind")]


class ModelPart(Part):
    """The encoder."""

    backbone: BackbonePart
    head: HeadPart


class UnfreezePart(Part):
    """Unfreezing from the top: one layer fewer is frozen every ``every`` epochs, until ``to`` are left."""

    to: Annotated[int, Field(ge=0)] = 0
    every: Positive = 1


class ValidationPart(Part):
    """Validation: mean average precision at ``k``, denominator min(k, R), over the pictures of the validation split.

    ``cross``: street queries against shop pictures where the validation rows have both; else each against all others.
    ``by_category``: a query searches its own category only. ``distance``: ``cosine``, or ``euclidean`` on the vectors
    as they are. ``every``: epochs from one validation to the next.
    """

    k: Positive = 5
    every: Positive = 1
    cross: bool = True
    by_category: bool = False
    distance: Literal["cosine", "euclidean"] = "cosine"
