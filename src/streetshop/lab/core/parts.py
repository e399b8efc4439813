"""Parts of a recipe that rooms below the training share: the strict base, and what a network is shown."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """Base of all parts of a recipe: unknown keys are errors, values are fixed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class InputPart(Part):
    """What the network is shown; the same words as a bundle's ``input``, ``cut`` and ``margin``.

    ``cut``: ``box`` crops the garment's box grown by ``margin``; ``mask`` also paints what is not garment with
    ``background``; ``soft`` fades it. Rows without box (or mask) are shown whole (or as a box).
    """

    height: Annotated[int, Field(ge=16, le=2048)] = 224
    width: Annotated[int, Field(ge=16, le=2048)] = 224
    fit: Literal["letterbox", "stretch"] = "letterbox"
    cut: Literal["box", "mask", "soft"] = "box"
    margin: Annotated[float, Field(ge=0, le=1)] = 0.05
    background: tuple[int, int, int] = (255, 255, 255)
