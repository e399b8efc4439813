"""The recipe of the default encoder."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from streetshop.lab.core.parts import Part
from streetshop.lab.train.parts import Positive, RecipePart, StagePart

FeaturePart = Literal["global", "garment", "plain", "texture", "colours"]
TrainedBlock = Literal["colour", "shape", "pattern"]
BlockLabel = Literal["style", TrainedBlock]


class HeadBlock(Part):
    """One block of the vector and its loss.

    Attributes:
        parts: of the features that it sees.
        hidden: size of a hidden layer; 0: the block is linear.
        keep: weight of the loss that keeps the cosines of the untrained components.
        whiten: power of their standard deviation by which the components are divided that the block starts from.
        weight: default weight in a search.
    """

    dim: Annotated[int, Field(ge=2, le=256)]
    parts: Annotated[tuple[FeaturePart, ...], Field(min_length=1)]
    hidden: Annotated[int, Field(ge=0)] = 0
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    temperature: Annotated[float, Field(gt=0)] = 0.1
    keep: Annotated[float, Field(ge=0)] = 0.0
    whiten: Annotated[float, Field(ge=0, le=1)] = 0.0
    weight: Annotated[float, Field(ge=0, le=100)] = 1.0


class PairsPart(Part):
    """How many products are made to measure by, see :class:`streetshop.lab.data.made_pairs.Settings`."""

    products: Positive = 600
    per_garment: Positive = 2


class DrawingsPart(Part):
    """Products of the studio. ``share``: of the views by which names of kinds, colours and patterns are learned."""

    products: Positive = 2500
    seed: int = 5
    size: Annotated[int, Field(ge=64)] = 288
    share: Annotated[float, Field(ge=0, lt=1)] = 0.2


class EncoderStage(StagePart):
    """``learns``: the block whose head is trained on stored features; others keep their components."""

    steps: Positive
    learns: TrainedBlock

    @property
    def length(self) -> int:
        """Steps."""
        return self.steps


class EncoderRecipe(RecipePart):
    """A run that fits the default encoder's blocks on the public data sets. Its backbone stays as it is."""

    kind: Literal["encoder"]
    pairs: PairsPart = PairsPart()
    drawings: DrawingsPart | None = None
    blocks: Annotated[dict[BlockLabel, HeadBlock], Field(min_length=1)]
    stages: tuple[EncoderStage, ...]

    @model_validator(mode="after")
    def _check(self) -> EncoderRecipe:
        unknown = {stage.learns for stage in self.stages} - set(self.blocks)
        if unknown:
            raise ValueError(f"stages: there is no block {', '.join(sorted(unknown))}")
        if any(stage.rate.backbone is not None for stage in self.stages):
            raise ValueError("stages: the backbone does not learn; leave out rate.backbone")
        return self
