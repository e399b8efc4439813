"""The recipe of a framing head."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from streetshop.lab.train.parts import FitPart, RecipePart, Share


class FramingPart(FitPart):
    """Fits the head: logistic regressions of the view, of both eyes and of both ankles.

    Attributes:
        strength: inverse of the regularisation (scikit-learn's C).
        drawn: weight of a drawn picture; a real one has 1.
        points: weight of the features of keypoints and box beside those of the reader's map.
        balance: views weigh frequency ** -balance too, so that rare ones are found; 0 is none.
    """

    fit: Literal["framing"] = "framing"
    strength: Annotated[float, Field(gt=0)] = 0.005
    drawn: Share = 0.3
    balance: Share = 0.5
    points: Annotated[float, Field(gt=0)] = 3.0


class FramingRecipe(RecipePart):
    """A run that fits a framing head to a reader's features.

    Attributes:
        rows, columns: cells of a person's box over which features are averaged.
        pages: drawn pages to learn from, five pictures each; 0 for none.
        drawing: seed of the studio for these pages.
    """

    kind: Literal["framing"]
    rows: Annotated[int, Field(ge=1, le=16)] = 4
    columns: Annotated[int, Field(ge=1, le=16)] = 2
    pages: Annotated[int, Field(ge=0)] = 100
    drawing: Annotated[int, Field(ge=0)] = 2701
    stages: tuple[FramingPart] = (FramingPart(name="head"),)
