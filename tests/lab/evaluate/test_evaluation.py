from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from streetshop.core.errors import MeasureError
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample
from streetshop.lab.evaluate import PROTOCOLS, Protocol, RowRule, evaluate, neighbours, protocol_named, roles
from streetshop.lab.evaluate.evaluation import parse_metric

STREET, SHOP = RowRule(("street",), ("test",)), RowRule(("shop",), ("test",))
METRICS = (
    "hit@1",
    "hit@3",
    "precision@3",
    "recall@3",
    "map@3/min",
    "map@3/relevant",
    "map@3/hits",
    "map",
    "mrr",
    "ndcg@3",
)


def protocol(**changes: object) -> Protocol:
    base = Protocol("test", "", STREET, SHOP, METRICS)
    return replace(base, **changes)


def rows_of(queries: list[tuple[str, str]], gallery: list[tuple[str, str]]) -> Manifest:
    """(product, category) of each query and gallery row."""
    rows = [Sample(f"q{i}.jpg", "street", p, c, "test") for i, (p, c) in enumerate(queries)]
    rows += [Sample(f"g{i}.jpg", "shop", p, c, "test") for i, (p, c) in enumerate(gallery)]
    return Manifest.from_rows(rows, ".", name="toy")


def line(*positions: float) -> np.ndarray:
    """Points on a line, to be searched by Euclidean distance."""
    return np.asarray(positions)[:, None]


def test_by_hand() -> None:
    manifest = rows_of(
        [("a", "x"), ("b", "y"), ("z", "x")], [("a", "x"), ("b", "x"), ("a", "y"), ("c", "y"), ("b", "y")]
    )
    # The query a at 0 sees b(1) a(2) c(3) a(4) b(5); b at 10 sees b(5) a(4) c(3) a(2) b(1).
    result = evaluate(manifest, protocol(), line(0, 10, 0), line(2, 1, 4, 3, 5), distance="euclidean")
    nan = np.nan
    np.testing.assert_allclose(result.values["hit@1"], [0, 1, nan])
    np.testing.assert_allclose(result.values["precision@3"], [1 / 3, 1 / 3, nan])
    np.testing.assert_allclose(result.values["recall@3"], [1 / 2, 1 / 2, nan])
    np.testing.assert_allclose(result.values["map@3/min"], [1 / 4, 1 / 2, nan])
    np.testing.assert_allclose(result.values["map@3/hits"], [1 / 2, 1, nan])
    np.testing.assert_allclose(result.values["map"], [(1 / 2 + 2 / 4) / 2, (1 + 2 / 5) / 2, nan])
    np.testing.assert_allclose(result.values["mrr"], [1 / 2, 1, nan])
    assert result.relevant.tolist() == [2, 2, 0]
    assert (result.unmatched, result.gallery, result.manifest) == (1, 5, manifest.fingerprint)
    assert result.estimate("hit@1").mean == 0.5  # of the two queries that have a match
    assert result.estimate("hit@1").queries == 2
    assert "1 without a match" in result.table()
    assert result.summary()["unmatched"] == 1


def test_queries_without_a_match_can_count_as_zero() -> None:
    manifest = rows_of([("a", "x"), ("z", "x")], [("a", "x"), ("b", "x")])
    result = evaluate(manifest, protocol(unmatched="zero"), line(0, 0), line(0, 1), distance="euclidean")
    assert result.estimate("hit@1").mean == 0.5
    assert result.estimate("hit@1").queries == 2
    assert result.unmatched == 1


def test_gallery_of_the_category_or_whole() -> None:
    manifest = rows_of([("a", "x"), ("b", "y")], [("a", "x"), ("b", "y"), ("c", "x"), ("d", "y")])
    vectors = line(0, 10), line(5, 4, 1, 9)
    whole = evaluate(manifest, protocol(), *vectors, distance="euclidean")
    np.testing.assert_allclose(whole.values["mrr"], [1 / 3, 1 / 3])
    assert whole.searched.tolist() == [4, 4]
    within = evaluate(manifest, protocol(within="category"), *vectors, distance="euclidean")
    np.testing.assert_allclose(within.values["mrr"], [1 / 2, 1 / 2])
    assert within.searched.tolist() == [2, 2]


def test_a_category_without_gallery_is_unmatched() -> None:
    manifest = rows_of([("a", "x"), ("b", "y")], [("a", "x"), ("b", "x")])
    result = evaluate(manifest, protocol(within="category"), line(0, 10), line(0, 1), distance="euclidean")
    assert np.isnan(result.values["hit@1"][1])
    assert result.searched.tolist() == [2, 0]


def test_relevance_by_category_and_by_attribute() -> None:
    rows = [Sample("q.jpg", "street", "a", "x", "test", attributes={"colour": "red"})]
    rows += [Sample("q2.jpg", "street", "a", "x", "test")]
    for i, (category, colour) in enumerate((("y", "red"), ("x", "blue"), ("x", "red"))):
        rows.append(Sample(f"g{i}.jpg", "shop", f"p{i}", category, "test", attributes={"colour": colour}))
    manifest = Manifest.from_rows(rows, ".")
    vectors = line(0, 0), line(1, 2, 3)
    result = evaluate(manifest, protocol(relevance="category"), *vectors, distance="euclidean")
    assert result.values["mrr"][0] == 1 / 2
    result = evaluate(manifest, protocol(relevance="attribute:colour"), *vectors, distance="euclidean")
    assert result.values["mrr"][0] == 1
    assert np.isnan(result.values["mrr"][1])  # no colour is nobody's colour
    with pytest.raises(MeasureError, match="relevance"):
        evaluate(manifest, protocol(relevance="colour"), *vectors, distance="euclidean")


def test_products_rank_once_at_their_best_picture() -> None:
    manifest = rows_of([("b", "x")], [("a", "x"), ("a", "x"), ("a", "x"), ("b", "x"), ("b", "x")])
    vectors = line(0), line(1, 2, 3, 9, 4)
    shots = evaluate(manifest, protocol(), *vectors, distance="euclidean")
    assert shots.values["mrr"][0] == 1 / 4
    products = evaluate(manifest, protocol(unit="product"), *vectors, distance="euclidean")
    assert products.values["mrr"][0] == 1 / 2
    assert (products.relevant[0], products.searched[0]) == (1, 2)
    with pytest.raises(MeasureError, match="ranks products"):
        protocol(unit="product", gallery=RowRule(("shop",), product=False))


def test_a_query_never_meets_its_own_picture() -> None:
    rows = [Sample(f"{i}.jpg", "shop", product, "x", "test") for i, product in enumerate("aabb")]
    manifest = Manifest.from_rows(rows, ".")
    vectors = line(0, 1, 10, 11)
    own = protocol(queries=SHOP, exclude="none")
    assert evaluate(manifest, own, vectors, vectors, distance="euclidean").relevant.tolist() == [2, 2, 2, 2]
    result = evaluate(manifest, protocol(queries=SHOP), vectors, vectors, distance="euclidean")
    assert result.relevant.tolist() == [1, 1, 1, 1]
    assert result.searched.tolist() == [3, 3, 3, 3]
    assert result.estimate("hit@1").mean == 1


def test_an_item_that_was_not_detected_is_a_miss() -> None:
    manifest = rows_of([("a", "x"), ("a", "x"), ("z", "x")], [("a", "x"), ("b", "x")])
    result = evaluate(manifest, protocol(), line(0, 0, 0), line(0, 1), distance="euclidean", missed=[False, True, True])
    for name, values in result.values.items():
        assert values[0] > 0, name
        assert values[1] == 0, name
        assert np.isnan(values[2]), name
    assert result.summary()["missed"] == 2


@pytest.mark.parametrize("distance", ["cosine", "euclidean", "dot"])
@pytest.mark.parametrize("unit", ["shot", "product"])
def test_a_collapsed_embedding_scores_at_chance(distance: str, unit: str) -> None:
    """A constant vector ties everything. Ties by id must not favour the truth, however the rows are ordered."""
    products = 200
    queries = [(f"p{i:03}", "x") for i in range(products)]
    manifest = rows_of(queries, queries)  # the gallery in the order of the queries: ties by place would be a leak
    constant = np.full((products, 64), 0.1, np.float32) + np.float32(0.01)
    result = evaluate(manifest, protocol(unit=unit), constant, constant, distance=distance)
    assert result.values["hit@1"].mean() == 1 / products
    assert result.values["hit@3"].mean() == 3 / products
    harmonic = (1 / np.arange(1, products + 1)).mean()
    assert result.values["mrr"].mean() == pytest.approx(harmonic)


def test_a_noisy_perfect_embedding_scores_one_and_the_order_of_rows_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    queries = [(f"p{i}", f"c{i % 3}") for i in range(60)]
    gallery = queries * 3
    centres = rng.normal(size=(60, 32))
    q = centres + rng.normal(size=(60, 32)) * 0.5
    g = np.tile(centres, (3, 1)) + rng.normal(size=(180, 32)) * 0.9
    manifest = rows_of(queries, gallery)
    whole = evaluate(manifest, protocol(), q, g)
    assert whole.estimate("hit@1").mean > 0.9
    small = evaluate(manifest, protocol(), q, g, block_bytes=1)
    order = np.random.default_rng(1).permutation(240)
    shuffled = manifest.take(order)
    sides = roles(shuffled, protocol())
    original = order[sides.query], order[sides.gallery] - 60
    other = evaluate(shuffled, protocol(), q[original[0]], g[original[1]])
    for name in METRICS:
        np.testing.assert_array_equal(whole.values[name], small.values[name])
        assert other.values[name].mean() == pytest.approx(whole.values[name].mean(), abs=1e-12)
    assert other.manifest == whole.manifest


def test_against_a_naive_evaluation() -> None:
    rng = np.random.default_rng(3)
    queries = [(f"p{rng.integers(12)}", f"c{rng.integers(2)}") for _ in range(25)]
    gallery = [(f"p{rng.integers(10)}", f"c{rng.integers(2)}") for _ in range(40)]
    q, g = rng.integers(0, 3, (25, 4)) + 0.5, rng.integers(0, 3, (40, 4)) + 0.5  # many ties
    manifest = rows_of(queries, gallery)
    result = evaluate(manifest, protocol(within="category"), q, g, distance="dot")
    for i, (product, category) in enumerate(queries):
        allowed = [j for j in range(40) if gallery[j][1] == category]
        ranked = sorted(allowed, key=lambda j: (-(q[i] @ g[j]), gallery[j][0], f"g{j}.jpg"))
        hits = [gallery[j][0] == product for j in ranked]
        if not any(hits):
            assert np.isnan(result.values["map"][i])
            continue
        assert result.values["hit@3"][i] == any(hits[:3])
        assert result.values["mrr"][i] == 1 / (hits.index(True) + 1)
        gained = [sum(hits[: r + 1]) / (r + 1) for r, hit in enumerate(hits) if hit]
        assert result.values["map"][i] == pytest.approx(sum(gained) / sum(hits))


def test_what_does_not_fit() -> None:
    manifest = rows_of([("a", "x")], [("a", "x"), ("b", "x")])
    with pytest.raises(MeasureError, match="1 gallery vectors for 2 gallery rows"):
        evaluate(manifest, protocol(), line(0), line(0), distance="euclidean")
    with pytest.raises(MeasureError, match="no query row"):
        roles(manifest, protocol_named("inshop"))
    with pytest.raises(MeasureError, match=r"no protocol 'in-shop'.*inshop"):
        protocol_named("in-shop")
    with pytest.raises(MeasureError, match="missed"):
        evaluate(manifest, protocol(), line(0), line(0, 1), distance="euclidean", missed=[True, False])
    for name in ("recall", "map@5", "hit@0", "top5", "map/min", "mrr@5/min", "hit@5/min"):
        with pytest.raises(MeasureError, match="unknown"):
            parse_metric(name)


@pytest.mark.parametrize("name", sorted(PROTOCOLS))
def test_every_named_protocol_has_known_metrics(name: str) -> None:
    known = PROTOCOLS[name]
    assert known.name == name
    assert known.about.endswith(".")
    assert all(parse_metric(metric) for metric in known.metrics)


@pytest.mark.parametrize("unit", ["shot", "product"])
@pytest.mark.parametrize("within", ["all", "category"])
def test_neighbours_are_those_that_the_metrics_count(unit: str, within: str) -> None:
    rng = np.random.default_rng(4)
    queries = [(f"p{i}", f"c{i % 3}") for i in range(30)]
    gallery = [(f"p{rng.integers(30)}", f"c{rng.integers(3)}") for _ in range(80)]
    q, g = rng.integers(0, 3, (30, 4)) + 0.5, rng.integers(0, 3, (80, 4)) + 0.5  # many ties
    manifest, rule = rows_of(queries, gallery), protocol(unit=unit, within=within)
    result = evaluate(manifest, rule, q, g)
    found = neighbours(manifest, rule, q, g, 3, block_bytes=1)
    matched = result.relevant > 0
    np.testing.assert_array_equal(found.hits[matched].any(axis=1), result.values["hit@3"][matched] == 1)
    for query, (row, hits) in enumerate(zip(found.rows, found.hits, strict=True)):
        names = [gallery[r - 30] for r in row if r >= 0]
        assert [n[0] == queries[query][0] for n in names] == list(hits[: len(names)])
        if within == "category":
            assert {n[1] for n in names} <= {queries[query][1]}
        if unit == "product":
            assert len({n[0] for n in names}) == len(names)
    some = neighbours(manifest, rule, q, g, 3, queries=[7, 2])
    np.testing.assert_array_equal(some.rows, found.rows[[7, 2]])
    with pytest.raises(MeasureError, match="There are 30 queries"):
        neighbours(manifest, rule, q, g, 3, queries=[30])


def test_a_product_stands_by_its_best_picture() -> None:
    manifest = rows_of([("b", "x")], [("a", "x"), ("a", "x"), ("b", "x"), ("b", "x")])
    found = neighbours(manifest, protocol(unit="product"), line(0), line(3, 1, 9, 4), 3, distance="euclidean")
    assert found.rows.tolist() == [[2, 4, -1]]
    assert found.hits.tolist() == [[False, True, False]]
