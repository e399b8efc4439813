"""How close a match is: the probability that a person calls the garment and the product alike."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from streetshop.core.records import Block
from streetshop.models.spec import CosineScale

VERY_CLOSE: Final = 0.5
"""Least score of a match that is called very close."""
SIMILAR: Final = 0.2
"""Least score of a match that is called similar. When the best match has less, an answer says that nothing is close."""

Closeness: TypeAlias = Literal["very close", "similar", "loosely similar"]


def closeness(score: float | None) -> Closeness | None:
    """The words for a score; None without one."""
    if score is None:
        return None
    if score >= VERY_CLOSE:
        return "very close"
    return "similar" if score >= SIMILAR else "loosely similar"


@dataclass(frozen=True, slots=True)
class Scale:
    """Similarities under certain weights as probabilities.

    Attributes:
        mean: of the similarity over random pairs of one kind.
        deviation: its standard deviation.
        slope, intercept: of the logistic function of the standardised similarity.
    """

    mean: float
    deviation: float
    slope: float
    intercept: float

    @classmethod
    def of(cls, calibration: CosineScale, blocks: Sequence[Block], weights: Mapping[str, float]) -> Scale:
        """The scale for the weights of a request.

        Args:
            calibration: of the encoder.
            blocks: of the encoder, in the order of the calibration.
            weights: of every block, at least one of them above 0.
        """
        share = np.array([weights[block.name] for block in blocks])
        share = share / share.sum()
        deviation = math.sqrt(float(share @ np.array(calibration.covariance) @ share))
        # a covariance that is not of full rank may give 0
        return cls(
            float(share @ np.array(calibration.mean)), max(deviation, 1e-6), calibration.slope, calibration.intercept
        )

    def score(self, similarity: float) -> float:
        """The probability that a person calls the two alike, 0 to 1; higher for a higher similarity.

        Args:
            similarity: weighted mean of the blocks' cosines, and what is added for their kinds.
        """
        logit = self.slope * (similarity - self.mean) / self.deviation + self.intercept
        return float(1 / (1 + math.exp(-max(min(logit, 500), -500))))
