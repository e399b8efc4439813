"""Tests of ``lab.data.splits``."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from streetshop.core.errors import ManifestError
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.splits import assign_splits, leaks


def many(seed: int = 0, rows: int = 600) -> Manifest:
    rng = np.random.default_rng(seed)
    products = rng.integers(0, 200, rows)
    return Manifest.from_rows(
        [
            Sample(f"{i}.jpg", "street", product_id=f"p{p}", group="" if i % 5 else f"g{p % 190}")
            for i, p in enumerate(products)
        ],
        ".",
    )


@pytest.mark.parametrize("by", [("group", "product_id"), ("product_id",)])
def test_nothing_is_in_two_splits(by: tuple[str, ...]) -> None:
    manifest = assign_splits(many(), by=by)
    for column in by:
        assert leaks(manifest, column) == []
    assert leaks(manifest, "image") == []
    tally = Counter(manifest.column("split"))
    assert tally["train"] / 600 == pytest.approx(0.8, abs=0.02)
    assert tally["val"] / 600 == pytest.approx(0.1, abs=0.02)


def test_a_photo_with_two_products_ties_them(tmp_path: object) -> None:
    rows = [Sample(f"{i}.jpg", "shop", product_id=f"p{i}") for i in range(40)]
    rows += [Sample("street.jpg", "street", product_id="p3"), Sample("street.jpg", "street", product_id="p7")]
    for seed in range(20):
        manifest = assign_splits(Manifest.from_rows(rows, "."), by=("product_id",), seed=seed)
        split = dict(zip(manifest.column("product_id"), manifest.column("split"), strict=True))
        assert split["p3"] == split["p7"]


def test_the_order_of_rows_does_not_matter_and_the_seed_does() -> None:
    manifest = many()
    order = np.random.default_rng(1).permutation(len(manifest))
    one = {r.image: r.split for r in assign_splits(manifest)}
    two = {r.image: r.split for r in assign_splits(manifest.take(order))}
    assert one == two
    assert one != {r.image: r.split for r in assign_splits(manifest, seed=1)}


def test_leaks_are_found() -> None:
    rows = [
        Sample("a.jpg", "shop", product_id="p", split="train"),
        Sample("b.jpg", "shop", product_id="p", split="test"),
        Sample("c.jpg", "shop", product_id="", split="train"),
        Sample("d.jpg", "shop", product_id="", split="test"),
    ]
    assert leaks(Manifest.from_rows(rows, ".")) == ["p"]


def test_what_cannot_be_split_is_said() -> None:
    tied = Manifest.from_rows([Sample(f"{i}.jpg", "shop", group="one") for i in range(10)], ".")
    with pytest.raises(ManifestError, match="10 of 10 rows are connected"):
        assign_splits(tied)
    for fractions in ({"train": 0.5}, {"train": 0.5, "dev": 0.5}, {}, {"train": 1.5, "test": -0.5}):
        with pytest.raises(ManifestError, match="fractions"):
            assign_splits(many(), fractions)
