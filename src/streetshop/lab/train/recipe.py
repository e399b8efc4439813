"""A recipe: the YAML file that says all of a training run, and the same thing validated."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from streetshop.lab.core.parts import InputPart, Part
from streetshop.lab.train.parts import (
    LossPart,
    MinerPart,
    OptimiserPart,
    Positive,
    SamplerPart,
    SchedulePart,
)

Share = Annotated[float, Field(ge=0, le=1)]
BlockName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


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
    """``name``: efficientnet_lite0, efficientnet_lite2, table1, inception_resnet_v1 or any timm name. ``weights``:
    none, imagenet, or a path to a state dict (``.safetensors``, ``.pt``; a run's weights work).
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
    """One block of the vector. ``dim`` null: the pooled features as they are. ``source: cielab`` is the colour
    histogram that the serving side computes; it is not trained and stands beside the others when searching.
    """

    name: BlockName
    dim: Annotated[int, Field(ge=2, le=4096)] | None = None
    pooling: Literal["avg", "max", "gem"] = "avg"
    batch_norm: bool = False
    source: Literal["output", "cielab"] = "output"
    weight: Annotated[float, Field(ge=0, le=100)] = 1.0


class BlocksHeadPart(Part):
    """Pooling and a linear layer a block. ``normalise``: blocks are unit vectors in training too, not only when
    searching.
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


class StagePart(Part):
    """One stage of training, with an optimiser of its own.

    ``streams: two`` unshares the streams (for good). ``frozen``: the backbone's first so many layers do not learn.
    ``patience``: epochs without a better validation after which the stage ends early; null never.
    """

    name: str
    epochs: Positive
    sampler: SamplerPart
    losses: Annotated[tuple[LossPart, ...], Field(min_length=1)]
    miner: MinerPart | None = None
    optimiser: OptimiserPart
    schedule: SchedulePart
    streams: Literal["one", "two"] = "one"
    frozen: Annotated[int, Field(ge=0)] = 0
    unfreeze: UnfreezePart | None = None
    patience: Positive | None = None

    @model_validator(mode="after")
    def _check(self) -> StagePart:
        needs = [loss.kind for loss in self.losses if loss.kind in ("triplet", "weighted_triplet")]
        if needs and self.miner is None:
            raise ValueError(f"the loss {needs[0]} needs a miner")
        if self.miner is not None:
            if not needs:
                raise ValueError("there is a miner but no loss that uses it")
            if (self.miner.kind == "given") != (self.sampler.kind == "triplets"):
                raise ValueError("miner `given` and sampler `triplets` go together")
        if self.streams == "two" and not getattr(self.sampler, "cross", False):
            raise ValueError("two streams need a sampler with `cross: true`: each stream must see pictures")
        if self.unfreeze is not None and self.unfreeze.to > self.frozen:
            raise ValueError(f"cannot unfreeze to {self.unfreeze.to} frozen layers from {self.frozen}")
        return self


class ValidationPart(Part):
    """How a run is judged while it trains: mean average precision at ``k`` with the min(k, R) denominator over the
    pictures of the validation split.

    ``cross``: street queries against shop pictures where the validation rows have both; else each against all others.
    ``by_category``: a query searches its own category only. ``distance``: ``cosine``, or ``euclidean`` on the vectors
    as they are. ``every``: epochs from one validation to the next.
    """

    k: Positive = 5
    every: Positive = 1
    cross: bool = True
    by_category: bool = False
    distance: Literal["cosine", "euclidean"] = "cosine"


class EmbeddingRecipe(Part):
    """A run that trains an encoder."""

    kind: Literal["embedding"] = "embedding"
    name: str
    about: str = ""
    seed: Annotated[int, Field(ge=0)] = 0
    input: InputPart = InputPart()
    data: DataPart = DataPart()
    augment: AugmentPart = AugmentPart()
    model: ModelPart
    stages: Annotated[tuple[StagePart, ...], Field(min_length=1)]
    validation: ValidationPart = ValidationPart()
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    minutes: Annotated[float, Field(gt=0)] | None = None
    """Training time after which the run stops, shared among the stages by their epochs (and among groups by their
    rows); null: no limit."""
    cpu_minutes: Annotated[float, Field(gt=0)] | None = None
    """The same in processor time: an equal budget on a machine that does other things too."""

    @model_validator(mode="after")
    def _check(self) -> EmbeddingRecipe:
        head = self.model.head
        blocks = {head.name} if head.kind == "attention" else {block.name for block in head.trained}
        unshared = False
        for index, stage in enumerate(self.stages):
            place = f"stages.{index}"
            if unshared and stage.streams == "one":
                raise ValueError(f"{place}.streams: once unshared, the streams stay so")
            unshared = stage.streams == "two"
            for loss in stage.losses:
                if loss.kind in ("multilabel_euclidean", "diversity", "localisation"):
                    if head.kind != "attention":
                        raise ValueError(f"{place}: the loss {loss.kind} needs `model.head.kind: attention`")
                    if loss.kind == "multilabel_euclidean" and loss.target != head.target:
                        raise ValueError(f"{place}: the loss targets {loss.target!r}, the head {head.target!r}")
                elif loss.on not in blocks | {"embedding", "features"}:
                    known = ", ".join(sorted(blocks))
                    raise ValueError(f"{place}: `on: {loss.on}` is neither embedding, features nor a block ({known})")
        return self


class ConverterRecipe(Part):
    """A run that trains method 1's converter on pairs of street and shop pictures of one product."""

    kind: Literal["converter"]
    name: str
    about: str = ""
    seed: Annotated[int, Field(ge=0)] = 0
    input: InputPart = InputPart(height=64, width=64)
    data: DataPart = DataPart()
    augment: AugmentPart = AugmentPart(flip=False, zoom=0, shift=0, rotate=0, brightness=0, contrast=0, saturation=0)
    width: Annotated[int, Field(ge=4, le=512)] = 128
    """Filters of the first layer."""
    form: Literal["flipped", "printed"] = "flipped"
    epochs: Positive = 25
    batch: Annotated[int, Field(ge=2)] = 128
    optimiser: OptimiserPart
    schedule: SchedulePart
    hold_above: Annotated[float, Field(ge=0.5, le=1)] = 1.0
    """A discriminator that is right more often than this in a batch does not learn from it; 1 switches this off."""
    patience: Positive | None = None
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    minutes: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _check(self) -> ConverterRecipe:
        if (self.input.height, self.input.width) != (64, 64):
            raise ValueError(f"input: the converter works on 64 x 64, not {self.input.height} x {self.input.width}")
        if self.data.each:
            raise ValueError("data.each: one converter serves all categories")
        return self


Recipe = Annotated[EmbeddingRecipe | ConverterRecipe, Field(discriminator="kind")]
AnyRecipe = EmbeddingRecipe | ConverterRecipe


def as_plain(recipe: AnyRecipe) -> dict[str, Any]:
    """The recipe with every default filled in, as plain values for YAML or JSON."""
    return recipe.model_dump(mode="json")
