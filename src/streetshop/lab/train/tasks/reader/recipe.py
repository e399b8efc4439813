"""The reader's recipe."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from streetshop.lab.nets.reader import SIDE_STEP, Learns
from streetshop.lab.train.yaml_recipe import Strict, read_recipe

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Side = Annotated[int, Field(ge=2 * SIDE_STEP, le=2048, multiple_of=SIDE_STEP)]


class Shares(Strict):
    """How often each source is drawn; they are scaled to add up to one."""

    labelled: Share = 1.0
    tagged: Share = 0.0
    single: Share = 0.0


class Stage(Strict):
    """A stretch of training at one size. The rates fall along a cosine to ``final_factor`` of themselves.

    ``plain`` is the share of views whose background is replaced by a light one, as on a product page;
    ``composites`` that of labelled photos whose person is given a garment of another photo. ``learns``: ``all`` of the
    network, its ``body`` without the level of stride 2, or that level, the ``detail``, alone, on top of the body's
    averaged weights.
    """

    photos: Annotated[int, Field(ge=1)]
    minutes: Positive | None = None
    height: Side
    width: Side
    batch: Annotated[int, Field(ge=2)]
    rate: Positive
    backbone_rate: Annotated[float, Field(ge=0)]
    final_factor: Share = 0.0
    plain: Share = 0.0
    composites: Share = 0.0
    shares: Shares = Shares()
    learns: Learns = "all"


class ReaderRecipe(Strict):
    """Everything about a training of the reader but its data's place.

    ``guided``: radius of the filter that an export puts behind the network; see :class:`ReaderNet`. Training does
    without: learning through it brought nothing.
    """

    kind: Literal["reader"]
    name: str
    version: str
    seed: int = 0
    width: Annotated[int, Field(ge=16, le=512, multiple_of=4)] = 128
    backbone: Literal["efficientnet_lite0", "efficientnet_lite2"] = "efficientnet_lite0"
    detail: Annotated[int, Field(ge=0, le=128)] = 0
    guided: Annotated[int, Field(ge=0, le=16)] = 0
    weights: Literal["imagenet", "none"] = "imagenet"
    frozen_blocks: Annotated[int, Field(ge=0, le=7)] = 2
    workers: Annotated[int, Field(ge=1, le=16)] = 1
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]
    weight_power: Share = 0.35
    weight_limit: Positive = 5.0
    lovasz: Annotated[float, Field(ge=0)] = 0.6
    keypoints: Annotated[float, Field(ge=0)] = 0.3
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.99
    singles: Annotated[int, Field(ge=0)] = 1200
    sure: Share = 0.6

    @model_validator(mode="after")
    def _has_what_learns(self) -> ReaderRecipe:
        if not self.detail and any(stage.learns == "detail" for stage in self.stages):
            raise ValueError("a stage teaches the level of stride 2, and there is none (detail: 0)")
        if self.guided and not self.detail:
            raise ValueError("the guided filter needs the level of stride 2, and there is none (detail: 0)")
        return self


def load_reader_recipe(path: Path, overrides: Sequence[str] = ()) -> ReaderRecipe:
    """Read, change and validate a recipe. Raises :class:`~streetshop.core.errors.RecipeError` that names the key."""
    return read_recipe(path, ReaderRecipe, overrides)
