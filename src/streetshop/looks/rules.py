"""What a reader's bundle says about its classes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from streetshop.models.spec import DEFAULT_CLASS_RULES, ClassRules, ReaderSpec


@dataclass(frozen=True)
class Rules:
    """The classes of a reader, and what decides which of their regions are garments.

    Attributes:
        classes: names; the first is the background.
        garments: those that are garments.
        calibration: a, b, c of :meth:`score`.
        thresholds: least score, by class, from which a garment's category is sure; 0 for classes not named.
        groups: classes that are treated alike.
    """

    classes: tuple[str, ...]
    garments: tuple[str, ...]
    calibration: tuple[float, float, float] = (1.0, 0.0, 0.0)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    groups: ClassRules = DEFAULT_CLASS_RULES

    @classmethod
    def from_spec(cls, spec: ReaderSpec) -> Rules:
        """Return the rules of a bundle."""
        return cls(spec.classes, spec.garments, spec.calibration, spec.thresholds, spec.rules or DEFAULT_CLASS_RULES)

    def index(self, name: str) -> int:
        """Return the index of a class."""
        return self.classes.index(name)

    def score(self, probability: float, share: float) -> float:
        """Calibrate a garment's probability: ``sigmoid(a logit(probability) + b log(share) + c)`` (Platt scaling).

        Args:
            probability: mean probability of the class over the garment's pixels.
            share: of the photo's pixels that are the garment's.
        """
        p = min(max(probability, 1e-4), 1 - 1e-4)
        a, b, c = self.calibration
        z = a * math.log(p / (1 - p)) + b * math.log(max(share, 1e-6)) + c
        return 1 / (1 + math.exp(-max(min(z, 30.0), -30.0)))

    def is_sure(self, category: str, score: float) -> bool:
        """Return whether ``score`` reaches the threshold of the class."""
        return score >= self.thresholds.get(category, 0.0)
