"""Pictures that stand in for a missing one: even ones, and ones that many different products share."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import FeedError, PhotoBlank
from streetshop.core.records import Product
from streetshop.feeds.read import FeedRow
from streetshop.feeds.words import fold

SHARED: Final = 10
"""Different products under one picture from which it is taken for a placeholder."""

_EVEN: Final = 8
"""Most difference between the values of a channel in an even picture; compression adds a few."""
_GREY: Final = 24
"""Most difference between the channels of a colour that is nearly grey."""
_SIZES: Final = frozenset(
    {"xxs", "xs", "s", "m", "l", "xl", "xxl", "xxxl", "eu", "us", "uk", "cm", "size", "groesse", "taille"}
)


def check_not_even(pixels: NDArray[np.uint8]) -> None:
    """Raise PhotoBlank for a picture that is white, grey or black all over, as a transparent one is too.

    A picture of another single colour may be a sample of cloth.

    Args:
        pixels: (h, w, 3) RGB.
    """
    most, least = pixels.max(axis=(0, 1)).astype(int), pixels.min(axis=(0, 1)).astype(int)
    if (most - least <= _EVEN).all() and most.max() - most.min() <= _GREY:
        red, green, blue = most
        raise PhotoBlank(
            f"the whole picture has one colour, #{red:02x}{green:02x}{blue:02x}", hint="Give a picture of the product"
        )


def shared_pictures(rows: Iterable[object], least: int = SHARED) -> Mapping[str, int]:
    """The pictures that many different products of a feed share, with the number of these.

    Products are different if neither their designs nor their titles without sizes and numbers agree; those without
    either, if their ids do not. A picture of one garment may well stand under all of its sizes.

    Args:
        rows: of a feed; those that are no products are left out. They are gone through once, and again if there are
            such pictures.
        least: products from which a picture counts.

    Returns:
        Numbers of products by the source of the picture.
    """
    sources, products = array("q"), array("q")
    with suppress(FeedError):  # a feed that ends early is reported by who uses its rows
        for row in rows:
            if isinstance(row, FeedRow):
                which = hash(_identity(row.product))
                for shot in row.product.shots:
                    sources.append(hash(shot.source))
                    products.append(which)
    if not sources:
        return {}
    pairs = np.unique(np.stack([np.frombuffer(sources, np.int64), np.frombuffer(products, np.int64)], axis=1), axis=0)
    names, counts = np.unique(pairs[:, 0], return_counts=True)
    many = {int(name): int(count) for name, count in zip(names, counts, strict=True) if count >= least}
    if not many:
        return {}
    found: dict[str, int] = {}
    with suppress(FeedError):
        for row in rows:
            for shot in row.product.shots if isinstance(row, FeedRow) else ():
                if hash(shot.source) in many:
                    found[shot.source] = many[hash(shot.source)]
    return found


def _identity(product: Product) -> tuple[str, str]:
    """What is equal for the sizes of one product."""
    if product.design:
        return "design", product.design
    words = re.findall(r"[^\W\d_]+", fold(product.title))
    title = " ".join(word for word in words if word not in _SIZES)
    return ("title", title) if title else ("id", product.id)
