"""Changes of several stored products in one commit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from streetshop.core.errors import ProductMissing, RequestInvalid, VectorError
from streetshop.core.records import Product
from streetshop.indexing.change import change_products, deletion, product_edit
from tests.catalog.filled import filled_catalog


def anything(product: Product | None) -> None:
    pass


def test_one_commit_in_which_each_product_succeeds_or_fails_alone(tmp_path: Path) -> None:
    store, _ = filled_catalog(tmp_path)

    def cheaper(product: Product) -> Product:
        return replace(product, price=1.0, shots=())

    def refused(product: Product | None) -> None:
        raise RequestInvalid("no")

    def broken(before):  # type: ignore[no-untyped-def]
        return replace(before, vectors=np.zeros_like(before.vectors))

    before = store.entries(["red-plain"])["red-plain"]
    outcomes = change_products(
        store,
        {
            "red-plain": product_edit(store, "red-plain", cheaper, anything),
            "none": product_edit(store, "none", cheaper, anything),
            "blue-plain": product_edit(store, "blue-plain", cheaper, refused),
            "green-plain": deletion("green-plain", anything),
            "nothing": deletion("nothing", anything),
            "black-plain": broken,
        },
    )
    after = store.entries(["red-plain", "blue-plain", "black-plain"])
    assert after["red-plain"].product.price == 1.0
    assert after["red-plain"].product.shots == before.product.shots
    assert (after["red-plain"].vectors == before.vectors).all()
    assert after["blue-plain"].product.price == 40.0
    assert after["black-plain"].vectors.any()
    assert store.get(["green-plain", "none", "nothing"]) == [None, None, None]
    assert outcomes["green-plain"] is None
    assert {name: type(outcomes[name]) for name in ("none", "blue-plain", "nothing", "black-plain")} == {
        "none": ProductMissing,
        "blue-plain": RequestInvalid,
        "nothing": ProductMissing,
        "black-plain": VectorError,
    }
