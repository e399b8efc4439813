"""Products that differ in size or colour only are one result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from streetshop.catalog.filters import fold
from streetshop.catalog.store import Hit
from streetshop.core.records import Product

_SAME_PICTURE: Final = 0.995
"""Cosine of two shots from which their pictures are the same."""


@dataclass(slots=True)
class Design:
    """A result: the product that is nearest, its shot, and other products of the design that came up, nearest first."""

    hit: Hit
    product: Product
    others: list[Product]


def group(hits: Sequence[Hit], products: Mapping[str, Product], *, variants: bool = False) -> list[Design]:
    """The designs of some hits, nearest first.

    Products are of one design when their feed says so. Where it says nothing, they are when their titles and brands are
    equal and their pictures nearly identical.

    Args:
        hits: best first.
        products: by id; hits without one are left out.
        variants: each product is a result of its own.
    """
    found: list[Design] = []
    of_product: dict[str, Design] = {}
    of_design: dict[str, Design] = {}
    titled: dict[tuple[str, str], list[Design]] = {}
    for hit in hits:
        product = products.get(hit.product_id)
        if product is None or product.id in of_product:
            continue
        title = (fold(product.title), fold(product.brand))
        known = None
        if not variants:
            known = of_design.get(hit.design) if hit.design else _same(hit, titled.get(title, ()) if title[0] else ())
        if known is None:
            known = Design(hit, product, [])
            found.append(known)
            titled.setdefault(title, []).append(known)
            if hit.design:
                of_design[hit.design] = known
        else:
            known.others.append(product)
        of_product[product.id] = known
    return found


def _same(hit: Hit, designs: Sequence[Design]) -> Design | None:
    for design in designs:
        other = design.hit
        cosine = float(hit.vector @ other.vector) / float(np.linalg.norm(hit.vector) * np.linalg.norm(other.vector))
        if not other.design and cosine >= _SAME_PICTURE:
            return design
    return None
