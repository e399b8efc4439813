"""Recipes of method 3's two networks for persons: a classifier of views, and a pose network."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from streetshop.lab.core.parts import InputPart, Part
from streetshop.lab.train.embedding_parts import AugmentPart, BackbonePart, DataPart
from streetshop.lab.train.parts import Positive, RecipePart, Share, StagePart


class EpochStage(StagePart):
    """A stage of some passes over the training pictures."""

    epochs: Positive

    @property
    def length(self) -> int:
        """Epochs."""
        return self.epochs


class _PersonRecipe(RecipePart):
    """A run on the whole pictures of a manifest."""

    input: InputPart = InputPart()
    data: DataPart = DataPart()
    stages: Annotated[tuple[EpochStage, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _check_data(self) -> _PersonRecipe:
        if self.data.each:
            raise ValueError("data.each: one network serves all categories")
        return self


class ViewClassifierRecipe(_PersonRecipe):
    """A run that trains a classifier of views on the rows of a manifest that have one.

    Attributes:
        backbone: its map is averaged and classified by one linear layer.
    """

    kind: Literal["view_classifier"]
    augment: AugmentPart = AugmentPart()
    backbone: BackbonePart


class PoseAugmentPart(Part):
    """What persons go through: sizes of 1 +- ``scale``, turns of up to ``rotate`` degrees, mirror images."""

    flip: bool = True
    scale: Share = 0.3
    rotate: Annotated[float, Field(ge=0, le=180)] = 40.0


class PoseRecipe(_PersonRecipe):
    """A run that trains a pose network on the rows of a manifest whose attributes hold ``keypoints``.

    Attributes:
        layers: of transposed convolutions, each of which doubles the sides of the map.
        channels: of these layers.
        sigma: of the Gaussians in the heatmaps, in heatmap pixels.
    """

    kind: Literal["pose"]
    input: InputPart = InputPart(height=256, width=192)
    augment: PoseAugmentPart = PoseAugmentPart()
    backbone: BackbonePart
    layers: Annotated[int, Field(ge=1, le=5)] = 3
    channels: Annotated[int, Field(ge=8, le=2048)] = 256
    sigma: Annotated[float, Field(gt=0)] = 2.0
