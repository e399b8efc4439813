"""Protocols: queries, gallery, relevance and metrics under one name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import MeasureError
from streetshop.lab.data.manifest import Manifest


@dataclass(frozen=True, slots=True)
class RowRule:
    """Which rows of a manifest; an empty tuple allows all.

    Attributes:
        domains, splits, roles: allowed values.
        product: only rows with a product id.
        boxed: only rows with a box.
    """

    domains: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    product: bool = True
    boxed: bool = False

    def select(self, manifest: Manifest) -> NDArray[np.intp]:
        """Numbers of the rows that match, ascending."""
        keep = np.ones(len(manifest), dtype=np.bool_)
        for column, allowed in (("domain", self.domains), ("split", self.splits), ("role", self.roles)):
            if allowed:
                keep &= np.isin(manifest.column(column).astype(str), allowed)
        if self.product:
            keep &= manifest.column("product_id") != ""
        if self.boxed:
            keep &= np.asarray(manifest.table["box"].is_valid())
        return np.flatnonzero(keep)


@dataclass(frozen=True, slots=True)
class Protocol:
    """A way to measure retrieval.

    Attributes:
        queries, gallery: rules for the rows of each.
        relevance: an item is relevant when it has the query's ``product``, ``category``, or ``attribute:NAME``.
        within: each query searches the whole gallery (``all``), or only the rows of its own ``category``.
        unit: rank every picture (``shot``), or every product once, at its best picture (``product``).
        exclude: gallery rows that a query never sees: of its own ``image``, of its own ``group``, or ``none``.
        metrics: names as in :mod:`streetshop.lab.evaluate.evaluation`.
        unmatched: queries that have no relevant item in their gallery are ``left out`` of means, or count as ``zero``.
    """

    name: str
    about: str
    queries: RowRule
    gallery: RowRule
    metrics: tuple[str, ...]
    relevance: str = "product"
    within: Literal["all", "category"] = "all"
    unit: Literal["shot", "product"] = "shot"
    exclude: Literal["image", "group", "none"] = "image"
    unmatched: Literal["left out", "zero"] = "left out"

    def __post_init__(self) -> None:
        if self.unit == "product" and not self.gallery.product:
            raise MeasureError(
                f"the protocol {self.name} ranks products but searches rows without one", hint="Set gallery.product"
            )


_STREET: Final = RowRule(("street",), ("test",))
_SHOP: Final = RowRule(("shop",), ("test",))
_INSHOP_QUERIES: Final = RowRule(splits=("test",), roles=("query",))
_INSHOP_GALLERY: Final = RowRule(splits=("test",), roles=("gallery",))
_USUAL: Final = (
    "hit@1",
    "hit@5",
    "hit@10",
    "hit@20",
    "precision@5",
    "recall@10",
    "map@5/min",
    "map@24/min",
    "mrr",
    "ndcg@10",
)


def _hits(*ranks: int) -> tuple[str, ...]:
    return tuple(f"hit@{k}" for k in ranks)


def _at(names: tuple[str, ...], ranks: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(f"{name}@{k}" for name in names for k in ranks)


PROTOCOLS: Final[Mapping[str, Protocol]] = {
    protocol.name: protocol
    for protocol in (
        Protocol(
            "street-to-shop",
            "Street photos of the test split search all shop products of the test split; each product ranks once.",
            _STREET,
            _SHOP,
            _USUAL,
            unit="product",
        ),
        Protocol(
            "street-to-shop-in-category",
            "As street-to-shop, but each query searches its own category only.",
            _STREET,
            _SHOP,
            _USUAL,
            within="category",
            unit="product",
        ),
        Protocol(
            "street-to-shop-val",
            "As street-to-shop on the val split: what training stops by.",
            RowRule(("street",), ("val",)),
            RowRule(("shop",), ("val",)),
            _USUAL,
            unit="product",
        ),
        Protocol(
            "shop-to-shop",
            "Shop pictures of the test split search each other; a query never meets its own picture.",
            _SHOP,
            _SHOP,
            _USUAL,
        ),
        Protocol(
            "category-precision",
            "Method 1: precision@k where a hit shares the query's category, whole gallery, every picture ranks.",
            RowRule(("street",), ("test",), product=False),
            RowRule(("shop",), ("test",), product=False),
            _at(("precision",), tuple(range(1, 16))),
            relevance="category",
        ),
        Protocol(
            "top-k",
            "Methods 2 and 5: any picture of the product among the first k.",
            _STREET,
            _SHOP,
            _hits(1, 5, 10, 20, 30, 50),
        ),
        Protocol(
            "look",
            "Method 3: precision and recall at 3, 5, 10, 14 per query, within the query's category.",
            _STREET,
            _SHOP,
            _at(("precision", "recall"), (3, 5, 10, 14)),
            within="category",
        ),
        Protocol(
            "map-min",
            "Method 4: MAP@k with the denominator min(k, R), at the numbers of items a shopper sees.",
            _STREET,
            _SHOP,
            ("map@1/min", "map@5/min", "map@24/min", "map@36/min"),
        ),
        Protocol(
            "inshop",
            "DeepFashion In-shop: official queries and gallery, whole gallery; hit@k is its published Recall@k.",
            _INSHOP_QUERIES,
            _INSHOP_GALLERY,
            (*_hits(1, 10, 20, 30, 40, 50), "map"),
        ),
        Protocol(
            "inshop-attention",
            "Method 5 on DeepFashion In-shop: top-k at 5, 10, 20, 30, 50.",
            _INSHOP_QUERIES,
            _INSHOP_GALLERY,
            _hits(5, 10, 20, 30, 50),
        ),
        Protocol(
            "consumer2shop",
            "DeepFashion Consumer-to-shop: test consumers search the shop pictures of the test split.",
            _STREET,
            _SHOP,
            _hits(1, 10, 20, 30, 40, 50),
        ),
        Protocol(
            "consumer2shop-valtest",
            "DeepFashion Consumer-to-shop: test consumers search the shop pictures of val and test.",
            _STREET,
            RowRule(("shop",), ("val", "test")),
            _hits(1, 10, 20, 30, 40, 50),
        ),
        Protocol(
            "street2shop",
            "Street2Shop: annotated street boxes search all shop photos of their category, whatever their split.",
            RowRule(("street",), ("test",), boxed=True),
            RowRule(("shop",)),
            _hits(1, 5, 10, 20, 50),
            within="category",
        ),
        Protocol(
            "deepfashion2",
            "DeepFashion2 consumer-to-shop on validation: detect, then match; an undetected item is a miss at every k.",
            RowRule(("street",), ("val",)),
            RowRule(("shop",), ("val",)),
            _hits(1, 5, 10, 15, 20),
        ),
    )
}


def protocol_named(name: str) -> Protocol:
    """The protocol ``name``. Raises :class:`MeasureError` listing the known."""
    if name not in PROTOCOLS:
        raise MeasureError(f"there is no protocol {name!r}", hint=f"There are {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]
