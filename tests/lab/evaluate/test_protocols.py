"""The standard protocols choose the rows that their data sets mean."""

from __future__ import annotations

import numpy as np
import pytest

from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample
from streetshop.lab.evaluate import evaluate, protocol_named, roles


def chosen(rows: list[Sample], name: str) -> tuple[list[str], list[str]]:
    manifest = Manifest.from_rows(rows, ".")
    sides = roles(manifest, protocol_named(name))
    images = manifest.column("image")
    return list(images[sides.query]), list(images[sides.gallery])


def test_inshop_goes_by_role() -> None:
    rows = [
        Sample("t", "shop", "a", split="train"),
        Sample("q", "shop", "b", split="test", role="query"),
        Sample("g", "shop", "b", split="test", role="gallery"),
    ]
    assert chosen(rows, "inshop") == (["q"], ["g"])


CONSUMER = [
    Sample("c-train", "street", "a", split="train"),
    Sample("s-train", "shop", "a", split="train"),
    Sample("s-val", "shop", "b", split="val"),
    Sample("c-val", "street", "b", split="val"),
    Sample("c-test", "street", "c", split="test"),
    Sample("s-test", "shop", "c", split="test"),
]


def test_consumer_to_shop_has_two_galleries() -> None:
    assert chosen(CONSUMER, "consumer2shop") == (["c-test"], ["s-test"])
    assert chosen(CONSUMER, "consumer2shop-valtest") == (["c-test"], ["s-val", "s-test"])


def test_the_second_gallery_is_harder() -> None:
    manifest = Manifest.from_rows(CONSUMER, ".")
    query = np.array([[1.0, 0]])
    small = evaluate(manifest, protocol_named("consumer2shop"), query, [[0.5, 0.5]])
    large = evaluate(manifest, protocol_named("consumer2shop-valtest"), query, [[1, 0.1], [0.5, 0.5]])
    assert (small.values["hit@1"][0], large.values["hit@1"][0]) == (1, 0)


def test_street2shop_searches_the_whole_category_whatever_the_split() -> None:
    rows = [
        Sample("no-box", "street", "bags/1", "bags", "test"),
        Sample("q", "street", "bags/1", "bags", "test", box=(0, 0, 2, 2)),
        Sample("q-train", "street", "bags/2", "bags", "train", box=(0, 0, 2, 2)),
        Sample("g1", "shop", "bags/1", "bags", "test"),
        Sample("g2", "shop", "bags/2", "bags", "train"),
        Sample("g3", "shop", "bags/9", "bags"),
        Sample("g4", "shop", "hats/1", "hats", "test"),
    ]
    assert chosen(rows, "street2shop") == (["q"], ["g1", "g2", "g3", "g4"])
    manifest = Manifest.from_rows(rows, ".")
    result = evaluate(manifest, protocol_named("street2shop"), [[1, 0]], [[0, 1], [1, 0.2], [1, 0.1], [1, 0]])
    assert result.searched[0] == 3  # no hats
    assert (result.values["hit@1"][0], result.values["hit@5"][0]) == (0, 1)


def test_any_photo_of_the_product_counts_in_street2shop() -> None:
    rows = [Sample("q", "street", "bags/1", "bags", "test", box=(0, 0, 2, 2))]
    rows += [Sample(f"g{i}", "shop", "bags/1" if i in (3, 4) else f"bags/x{i}", "bags", "test") for i in range(25)]
    vectors = [[1.0, 0.01 * i] for i in range(25)]
    result = evaluate(Manifest.from_rows(rows, "."), protocol_named("street2shop"), [[1, 0]], vectors)
    assert [result.values[f"hit@{k}"][0] for k in (1, 5, 20)] == [0, 1, 1]
    assert result.relevant[0] == 2


def test_deepfashion2_counts_what_was_not_detected() -> None:
    rows = [Sample(f"u{i}", "street", f"val/1/{i}", "skirt", "val") for i in (1, 2)]
    rows += [Sample("u-none", "street", "", "skirt", "val")]  # style 0: no product, no query
    rows += [Sample(f"s{i}", "shop", f"val/1/{i}", "skirt", "val") for i in (1, 2)]
    manifest = Manifest.from_rows(rows, ".")
    assert chosen(rows, "deepfashion2") == (["u1", "u2"], ["s1", "s2"])
    vectors = np.eye(2)
    result = evaluate(manifest, protocol_named("deepfashion2"), vectors, vectors, missed=[False, True])
    assert result.estimate("hit@1").mean == 0.5
    assert result.estimate("hit@20").mean == 0.5


@pytest.mark.parametrize("name", ["look", "map-min", "top-k", "category-precision", "street-to-shop", "shop-to-shop"])
def test_the_papers_protocols_run_on_one_manifest(name: str) -> None:
    rng = np.random.default_rng(0)
    rows, vectors = [], []
    for product in range(45):
        for shot in range(3):
            rows.append(
                Sample(f"{product}-{shot}", "street" if shot == 0 else "shop", f"p{product}", f"c{product % 3}", "test")
            )
            vectors.append(np.eye(48)[product] + 0.02 * rng.normal(size=48))
    manifest, matrix = Manifest.from_rows(rows, "."), np.asarray(vectors)
    sides = roles(manifest, protocol_named(name))
    result = evaluate(manifest, protocol_named(name), matrix[sides.query], matrix[sides.gallery])
    first = next(iter(result.values))
    assert result.estimate(first).mean > 0.3
    assert result.unmatched == 0
    assert set(result.by_category(first)) == {"c0", "c1", "c2"}
