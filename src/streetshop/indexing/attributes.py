"""Attributes that a feed lacks, as the models see them in a product's pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from streetshop.catalog.filters import as_text, fold
from streetshop.core.attributes import attribute_names
from streetshop.core.records import Prediction, Product
from streetshop.feeds.occasions import occasion_of
from streetshop.indexing.kinds import with_kind
from streetshop.models.attributes import attribute_heads


def described(product: Product, vectors: NDArray[np.float32], fingerprint: str) -> Product:
    """The product with what its pictures and words tell and its feed does not: its kind, attributes and occasion.

    Args:
        product: its shots have tags.
        vectors: (shots, dim) of its pictures.
        fingerprint: of their encoder.
    """
    product = with_kind(product)
    given = attribute_names(fold(name) for name, value in product.attributes.items() if as_text(value) is not None)
    seen = predictions(product, vectors, fingerprint)
    if (occasion := occasion_of(product)) is not None:
        seen["occasion"] = Prediction(*occasion)
    return replace(product, predicted={name: each for name, each in seen.items() if name not in given})


def predictions(product: Product, vectors: NDArray[np.float32], fingerprint: str) -> dict[str, Prediction]:
    """Attributes of a product by its pictures; empty for vectors of an encoder that the heads are not made for."""
    heads = attribute_heads(fingerprint)
    if heads is None:
        return {}
    shares = mean_shares((shot.tags or {}).get("colour", {}) for shot in product.shots)
    return heads.predict(vectors, product.kind, shares)


def mean_shares(shots: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Mean share of each colour over the pictures in which colours were counted, by falling share."""
    counted = [shares for shares in shots if shares]
    names = dict.fromkeys(name for shares in counted for name in shares)
    means = {name: sum(shares.get(name, 0.0) for shares in counted) / len(counted) for name in names}
    return dict(sorted(means.items(), key=lambda item: -item[1]))
