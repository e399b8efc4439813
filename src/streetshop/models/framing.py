"""Framing heads: from a reader's features of a person to the view, and whether both eyes and both ankles are seen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import BundleDamaged
from streetshop.models.folder import SHIPPED, open_bundle
from streetshop.models.spec import FramingSpec

DEFAULT_FRAMING: Final = SHIPPED / "framing"
"""The head shipped in the package."""
VIEWS: Final = ("front", "back", "left", "right", "detail")
"""Where a person faces in the photo; ``detail`` is a close-up."""
ANSWERS: Final = (*VIEWS, "eyes", "ankles")
"""Logits of a head: of the views, of which one is right, and whether both eyes and both ankles are visible."""


@dataclass(frozen=True, slots=True)
class Framing:
    """How a photo shows a person.

    Attributes:
        views: probability of each of :data:`VIEWS`; they sum to 1.
        eyes: probability that both eyes are visible.
        ankles: probability that both ankles are visible.
    """

    views: Mapping[str, float]
    eyes: float
    ankles: float

    @property
    def view(self) -> str:
        """The most probable view."""
        return max(self.views, key=lambda name: self.views[name])


class FramingHead:
    """A bundle with a framing head: one linear layer.

    Attributes:
        spec: its ``bundle.json``.

    Raises:
        BundleError: the bundle is missing, damaged or of another kind.
    """

    def __init__(self, folder: Path) -> None:
        self.spec = open_bundle(folder, FramingSpec)
        try:
            content = json.loads((folder / self.spec.weights).read_text(encoding="utf-8"))
            weights = np.asarray([content[name]["weights"] for name in ANSWERS], np.float32)
            bias = np.asarray([content[name]["bias"] for name in ANSWERS], np.float32)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _damaged(folder / self.spec.weights, str(error)) from None
        if weights.ndim != 2 or bias.shape != (len(ANSWERS),):
            raise _damaged(folder / self.spec.weights, f"they have shapes {weights.shape} and {bias.shape}")
        if not (np.isfinite(weights).all() and np.isfinite(bias).all()):
            raise _damaged(folder / self.spec.weights, "they hold NaN or infinity")
        self._path, self._weights, self._bias = folder / self.spec.weights, weights, bias

    def judge(self, features: NDArray[np.float32]) -> Framing:
        """Return what the head says of the (dim,) features of a person.

        Raises:
            BundleDamaged: the weights are for another number of features.
        """
        if features.shape != self._weights.shape[1:]:
            raise _damaged(self._path, f"they are for {self._weights.shape[1]} features, not {features.size}")
        logits = self._weights @ features + self._bias
        raised = np.exp(logits[: len(VIEWS)] - logits[: len(VIEWS)].max())
        eyes, ankles = 1 / (1 + np.exp(-np.clip(logits[len(VIEWS) :], -30, 30)))
        views = dict(zip(VIEWS, (raised / raised.sum()).tolist(), strict=True))
        return Framing(views, float(eyes), float(ankles))


def _damaged(path: Path, reason: str) -> BundleDamaged:
    return BundleDamaged(
        f"the weights cannot be used ({reason})", where=str(path), hint="Copy or make the bundle again"
    )


@cache
def framing_head(reader: str) -> FramingHead | None:
    """The shipped head; None if there is none, or if it is not made for the reader whose network has this SHA-256.

    Raises:
        BundleError: the bundle is damaged.
    """
    if not DEFAULT_FRAMING.is_dir():
        return None
    head = FramingHead(DEFAULT_FRAMING)
    return head if head.spec.reader == reader else None
