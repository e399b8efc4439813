"""The recipe: the YAML file that says all of a training run but the place of its data. ``kind`` chooses the task."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from streetshop.lab.core.parts import InputPart
from streetshop.lab.train.detector_recipe import DetectorRecipe
from streetshop.lab.train.embedding_parts import (
    AugmentPart,
    DataPart,
    LossPart,
    MinerPart,
    ModelPart,
    ProductsSampler,
    SamplerPart,
    UnfreezePart,
    ValidationPart,
)
from streetshop.lab.train.encoder_recipe import EncoderRecipe
from streetshop.lab.train.framing_recipe import FramingRecipe
from streetshop.lab.train.parts import FitPart, Positive, RecipePart, StagePart
from streetshop.lab.train.person_recipes import PoseRecipe, ViewClassifierRecipe
from streetshop.lab.train.reader_recipe import ReaderRecipe

__all__ = [
    "AnyRecipe",
    "AugmentPart",
    "ConverterRecipe",
    "DataPart",
    "DetectorRecipe",
    "EmbeddingRecipe",
    "EmbeddingStage",
    "EncoderRecipe",
    "FramingRecipe",
    "ManifestRecipe",
    "PoseRecipe",
    "ReaderRecipe",
    "Recipe",
    "UntrainedRecipe",
    "ValidationPart",
    "ViewClassifierRecipe",
]

Precision = Literal["fp32", "bf16", "fp16"]


# --- embedding: methods 1 to 5 and ours ---------------------------------------------------------------------------


class EmbeddingStage(StagePart):
    """A stage of an embedding.

    Attributes:
        batch: pictures of one step; triplets where the sampler is ``triplets``.
        streams: ``two`` unshares the streams (for good).
        unfreeze: unfreezing from the top, see :class:`UnfreezePart`.
    """

    epochs: Positive
    sampler: SamplerPart
    losses: Annotated[tuple[LossPart, ...], Field(min_length=1)]
    miner: MinerPart | None = None
    streams: Literal["one", "two"] = "one"
    unfreeze: UnfreezePart | None = None

    @property
    def length(self) -> int:
        """Epochs."""
        return self.epochs

    @model_validator(mode="after")
    def _check(self) -> EmbeddingStage:
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
        if isinstance(self.sampler, ProductsSampler):
            pictures = self.sampler.pictures
            if self.batch % pictures or self.batch < 2 * pictures:
                raise ValueError(f"a batch of {self.batch} is not two or more products of {pictures} pictures")
        return self


class EmbeddingRecipe(RecipePart):
    """A run that trains an encoder on a manifest."""

    kind: Literal["embedding"] = "embedding"
    input: InputPart = InputPart()
    data: DataPart = DataPart()
    augment: AugmentPart = AugmentPart()
    model: ModelPart
    stages: Annotated[tuple[EmbeddingStage, ...], Field(min_length=1)]
    validation: ValidationPart = ValidationPart()
    precision: Precision = "fp32"

    @model_validator(mode="after")
    def _check(self) -> EmbeddingRecipe:
        unshared = False
        for index, stage in enumerate(self.stages):
            place = f"stages.{index}"
            if unshared and stage.streams == "one":
                raise ValueError(f"{place}.streams: once unshared, the streams stay so")
            unshared = stage.streams == "two"
            for loss in stage.losses:
                self._check_loss(loss, place)
        return self

    def _check_loss(self, loss: LossPart, place: str) -> None:
        head = self.model.head
        blocks = {head.name} if head.kind == "attention" else {block.name for block in head.trained}
        if loss.kind in ("multilabel_euclidean", "diversity", "localisation"):
            if head.kind != "attention":
                raise ValueError(f"{place}: the loss {loss.kind} needs `model.head.kind: attention`")
            if loss.kind == "multilabel_euclidean" and loss.target != head.target:
                raise ValueError(f"{place}: the loss targets {loss.target!r}, the head {head.target!r}")
        elif loss.on not in blocks | {"embedding", "features"}:
            known = ", ".join(sorted(blocks))
            raise ValueError(f"{place}: `on: {loss.on}` is neither embedding, features nor a block ({known})")


# --- converter: method 1, phase 1 ---------------------------------------------------------------------------------


class ConverterStage(StagePart):
    """A stage of a converter; the converter and both discriminators learn at the head's rate."""

    epochs: Positive

    @property
    def length(self) -> int:
        """Epochs."""
        return self.epochs


class ConverterRecipe(RecipePart):
    """A run that trains method 1's converter on pairs of street and shop pictures of one product.

    Attributes:
        channels: filters of the first layer.
        form: of the converter's loss, see :func:`streetshop.lab.losses.conversion.converter_loss`.
        hold_above: a discriminator that is right more often than this in a batch does not learn from it; 1 is never.
    """

    kind: Literal["converter"]
    input: InputPart = InputPart(height=64, width=64)
    data: DataPart = DataPart()
    augment: AugmentPart = AugmentPart(flip=False, zoom=0, shift=0, rotate=0, brightness=0, contrast=0, saturation=0)
    channels: Annotated[int, Field(ge=4, le=512)] = 128
    form: Literal["flipped", "printed"] = "flipped"
    hold_above: Annotated[float, Field(ge=0.5, le=1)] = 1.0
    stages: Annotated[tuple[ConverterStage, ...], Field(min_length=1)]
    precision: Literal["fp32", "bf16"] = "fp32"

    @model_validator(mode="after")
    def _check(self) -> ConverterRecipe:
        if (self.input.height, self.input.width) != (64, 64):
            raise ValueError(f"input: the converter works on 64 x 64, not {self.input.height} x {self.input.width}")
        if self.data.each:
            raise ValueError("data.each: one converter serves all categories")
        if any(stage.frozen for stage in self.stages):
            raise ValueError("stages: a converter has no backbone to freeze")
        return self


# --- untrained: the encoder to start from -------------------------------------------------------------------------


class UntrainedRecipe(RecipePart):
    """An encoder that is not trained: ImageNet features projected to their principal components, and colours.

    Attributes:
        folders: below the data folder, of the pictures on which the components are fitted.
        dim: of the style block.
    """

    kind: Literal["untrained"]
    folders: Annotated[tuple[str, ...], Field(min_length=1)] = (".",)
    dim: Annotated[int, Field(ge=2, le=1280)] = 128

    @property
    def stages(self) -> tuple[FitPart, ...]:
        """The one stage: fitting the components."""
        return (FitPart(name="components", fit="components"),)


ManifestRecipe = EmbeddingRecipe | ConverterRecipe | ViewClassifierRecipe | PoseRecipe
"""Recipes that learn from a manifest."""
AnyRecipe = ManifestRecipe | DetectorRecipe | ReaderRecipe | EncoderRecipe | UntrainedRecipe | FramingRecipe
Recipe = Annotated[AnyRecipe, Field(discriminator="kind")]
