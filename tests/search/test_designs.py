"""One result for each design."""

from __future__ import annotations

import numpy as np

from streetshop.catalog.store import Hit
from streetshop.core.records import Product, Vector
from streetshop.search.designs import group


def vector(*values: float) -> Vector:
    return np.array(values, np.float32)


RED, NEARLY_RED, BLUE = vector(1, 0), vector(1, 0.05), vector(0, 1)


def hit(name: str, seen: Vector, design: str = "") -> Hit:
    return Hit(name, 0, 1.0, seen, design)


def grouped(hits: list[Hit], *products: Product, variants: bool = False) -> list[tuple[str, list[str]]]:
    found = group(hits, {product.id: product for product in products}, variants=variants)
    return [(design.product.id, [other.id for other in design.others]) for design in found]


def test_the_feed_says_which_products_are_one_design() -> None:
    hits = [hit("a", RED, "x"), hit("b", BLUE), hit("c", BLUE, "x"), hit("a", BLUE, "x")]
    products = [Product(name) for name in "abc"]
    assert grouped(hits, *products) == [("a", ["c"]), ("b", [])]
    assert grouped(hits, *products, variants=True) == [("a", []), ("b", []), ("c", [])]
    assert grouped(hits, *products[1:]) == [("b", []), ("c", [])]


def test_one_title_and_nearly_one_picture_are_one_design() -> None:
    shirt = {"title": "Linen Shirt", "brand": "Nord"}
    s, m, other = Product("s", **shirt), Product("m", title="linen shirt", brand="NORD"), Product("o", **shirt)
    hits = [hit("s", RED), hit("m", NEARLY_RED), hit("o", BLUE)]
    assert grouped(hits, s, m, other) == [("s", ["m"]), ("o", [])]
    assert grouped(hits, s, Product("m", title="Linen shirt"), other) == [("s", []), ("m", []), ("o", [])]
    assert grouped([hit("s", RED), hit("m", RED)], Product("s"), Product("m")) == [("s", []), ("m", [])]
    designed = [hit("s", RED, "x"), hit("m", RED)]
    assert grouped(designed, s, m) == [("s", []), ("m", [])], "the feed names the designs of this shop"
