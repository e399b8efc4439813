"""The recipe of the default encoder."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from streetshop.lab.core.parts import Part
from streetshop.lab.train.parts import Positive, RecipePart, StagePart, Workers

FeaturePart = Literal["global", "garment", "texture", "colours"]
BlockLabel = Literal["style", "colour", "shape", "pattern"]


class NamesPart(Part):
    """Names as targets of style beside identities.

    Attributes:
        share: pictures drawn for it, over those of the batch.
        together: weight of the loss by which pictures that share kind, colour and pattern attract each other.
        each: weight of the losses by one of the three.
    """

    share: Annotated[float, Field(gt=0)] = 1.5
    together: Annotated[float, Field(ge=0)] = 0.6
    each: Annotated[float, Field(ge=0)] = 0.3
    temperature: Annotated[float, Field(gt=0)] = 0.25


class HeadBlock(Part):
    """One block of the vector and its loss.

    Attributes:
        parts: of the features that it sees.
        hidden: size of a hidden layer; 0: the block is linear.
        keep: weight of the loss that keeps the cosines of the untrained components.
        weight: default weight in a search.
    """

    dim: Annotated[int, Field(ge=2, le=256)]
    parts: Annotated[tuple[FeaturePart, ...], Field(min_length=1)]
    hidden: Annotated[int, Field(ge=0)] = 0
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    temperature: Annotated[float, Field(gt=0)] = 0.1
    keep: Annotated[float, Field(ge=0)] = 0.0
    weight: Annotated[float, Field(ge=0, le=100)] = 1.0
    names: NamesPart | None = None


class PairsPart(Part):
    """How many products are made from Clothing Co-Parsing, see :class:`streetshop.lab.data.made_pairs.Settings`.

    ``tagged``: how many more are made of photos without pixel labels, through the shipped reader's masks.
    """

    products: Positive = 2000
    tagged: Annotated[int, Field(ge=0)] = 0
    per_garment: Positive = 2


class DrawingsPart(Part):
    """Products of the studio. ``share``: of the views by which names of kinds, colours and patterns are learned."""

    products: Positive = 2500
    seed: int = 5
    size: Annotated[int, Field(ge=64)] = 288
    share: Annotated[float, Field(ge=0, lt=1)] = 0.2


class EncoderStage(StagePart):
    """``learns``: the head of one block on stored features, or ``all``: the heads and the upper backbone."""

    steps: Positive
    learns: BlockLabel | Literal["all"]

    @property
    def length(self) -> int:
        """Steps."""
        return self.steps


class EncoderRecipe(RecipePart):
    """A run that trains the default encoder on the public data sets."""

    kind: Literal["encoder"]
    workers: Workers = 1
    pairs: PairsPart = PairsPart()
    drawings: DrawingsPart | None = None
    blocks: Annotated[dict[BlockLabel, HeadBlock], Field(min_length=1)]
    stages: Annotated[tuple[EncoderStage, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _check(self) -> EncoderRecipe:
        unknown = {stage.learns for stage in self.stages} - {"all", *self.blocks}
        if unknown:
            raise ValueError(f"stages: there is no block {', '.join(sorted(unknown))}")
        return self
