"""Attribute heads: from the vectors of a product's pictures to colour, pattern and sleeve, where they are sure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import BundleDamaged
from streetshop.core.records import Prediction
from streetshop.models.folder import SHIPPED, open_bundle
from streetshop.models.spec import AttributesSpec, HeadSpec

DEFAULT_ATTRIBUTES: Final = SHIPPED / "attributes"
"""The heads shipped in the package."""


class AttributeHeads:
    """A bundle of attribute heads: one multinomial logistic regression for each attribute.

    Attributes:
        spec: its ``bundle.json``.
    """

    def __init__(self, folder: Path) -> None:
        self.spec = open_bundle(folder, AttributesSpec)
        try:
            content = json.loads((folder / self.spec.weights).read_text(encoding="utf-8"))
            self._weights = {head.name: _read(head, content[head.name], self.spec.dim) for head in self.spec.heads}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BundleDamaged(
                f"the weights cannot be used ({error})",
                where=str(folder / self.spec.weights),
                hint="Copy or make the bundle again",
            ) from None

    def probabilities(self, name: str, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, values) probabilities of the values of a head for (n, dim) vectors."""
        weights, bias = self._weights[name]
        logits = vectors @ weights.T + bias
        raised = np.exp(logits - logits.max(axis=1, keepdims=True))
        result: NDArray[np.float32] = raised / raised.sum(axis=1, keepdims=True)
        return result

    def predict(
        self, vectors: NDArray[np.float32], kind: str, shares: Mapping[str, float] | None = None
    ) -> dict[str, Prediction]:
        """The attributes of a product that are sure enough.

        Args:
            vectors: (pictures, dim); the probabilities are the mean over the pictures.
            kind: of the product; some attributes are of some kinds only.
            shares: of the colours that were counted, by name.
        """
        found = {}
        for head in self.spec.heads:
            if head.kinds and kind not in head.kinds:
                continue
            mean = self.probabilities(head.name, vectors).mean(axis=0)
            best = int(mean.argmax())
            value, probability = head.values[best], float(mean[best])
            enough = head.least_share is None or (shares or {}).get(value, 0.0) >= head.least_share
            if value in head.shown and probability >= head.least_probability and enough:
                found[head.name] = Prediction(value, round(probability, 3))
        return found


def _read(head: HeadSpec, content: Mapping[str, Any], dim: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    weights, bias = np.asarray(content["weights"], np.float32), np.asarray(content["bias"], np.float32)
    if weights.shape != (len(head.values), dim) or bias.shape != (len(head.values),):
        raise ValueError(f"{head.name} has shapes {weights.shape} and {bias.shape}")
    if not (np.isfinite(weights).all() and np.isfinite(bias).all()):
        raise ValueError(f"{head.name} holds NaN or infinity")
    return weights, bias


@cache
def attribute_heads(fingerprint: str) -> AttributeHeads | None:
    """The shipped heads; None if they are not made for the encoder of this fingerprint.

    Raises:
        BundleError: the bundle is missing or damaged.
    """
    heads = AttributeHeads(DEFAULT_ATTRIBUTES)
    return heads if heads.spec.encoder == fingerprint else None
