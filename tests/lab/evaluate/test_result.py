from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from streetshop.core.errors import MeasureError
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample
from streetshop.lab.evaluate import Result, compare, evaluate, protocol_named, roles


def make(noise: float, seed: int = 7, products: int = 120, order: np.ndarray | None = None) -> Result:
    rows = [Sample(f"q{i}", "street", f"p{i}", f"c{i % 4}", "test", group=f"g{i // 3}") for i in range(products)]
    rows += [Sample(f"s{i}", "shop", f"p{i}", f"c{i % 4}", "test") for i in range(products)]
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(products, 16))
    street = centres + noise * np.random.default_rng(seed).normal(size=centres.shape)
    vectors = np.concatenate([street, centres])
    manifest = Manifest.from_rows(rows, ".")
    if order is not None:
        manifest, vectors = manifest.take(order), vectors[order]
    protocol = protocol_named("street-to-shop")
    sides = roles(manifest, protocol)
    return evaluate(manifest, protocol, vectors[sides.query], vectors[sides.gallery], run=f"noise {noise}")


def test_written_and_read(tmp_path: Path) -> None:
    result = make(1.0)
    result.write(tmp_path / "r" / "street.parquet")
    again = Result.read(tmp_path / "r" / "street.parquet")
    assert again.summary() == result.summary()
    assert json.loads(json.dumps(result.summary())) == result.summary()
    assert again.query_ids == result.query_ids
    assert again.groups == result.groups
    for name, values in result.values.items():
        np.testing.assert_array_equal(again.values[name], values)
    (tmp_path / "x.parquet").write_text("no")
    with pytest.raises(MeasureError, match="no result"):
        Result.read(tmp_path / "x.parquet")


def test_categories_count_alike_in_their_mean() -> None:
    result = make(1.5)
    means = {name: e.mean for name, e in result.by_category("hit@1").items()}
    assert set(means) == {"c0", "c1", "c2", "c3"}
    assert result.category_mean("hit@1") == pytest.approx(np.mean(list(means.values())))
    with pytest.raises(MeasureError, match="hit@7"):
        result.estimate("hit@7")


def repeated(result: Result, times: int) -> Result:
    """Every query so many times, each a group of its own."""
    return replace(
        result,
        query_ids=tuple(f"{query} {n}" for query in result.query_ids for n in range(times)),
        groups=tuple(query for query in result.query_ids for _ in range(times)),
        categories=tuple(category for category in result.categories for _ in range(times)),
        values={name: np.repeat(column, times) for name, column in result.values.items()},
    )


def test_groups_of_queries_are_drawn_together() -> None:
    one = make(1.5)
    many = repeated(one, 9)
    alone, grouped = many.estimate("hit@1"), many.estimate("hit@1", by_group=True)
    assert grouped.mean == pytest.approx(alone.mean)
    assert (grouped.high - grouped.low) / (alone.high - alone.low) == pytest.approx(3, rel=0.2)
    assert many.summary(by_group=True)["metrics"]["hit@1"]["low"] == pytest.approx(grouped.low)
    other = make(1.4, seed=4)
    alone, grouped = (compare(many, repeated(other, 9), "mrr", by_group=by_group) for by_group in (False, True))
    assert (grouped.high - grouped.low) / (alone.high - alone.low) == pytest.approx(3, rel=0.2)
    assert grouped.p_value > alone.p_value


def test_queries_without_a_group_stand_alone() -> None:
    result = make(1.5)
    lonely = replace(result, groups=("",) * len(result.groups))
    assert lonely.estimate("hit@1", by_group=True).low == pytest.approx(lonely.estimate("hit@1").low, abs=0.02)
    assert lonely.estimate("hit@1", by_group=True).low < lonely.estimate("hit@1").mean


def test_two_runs() -> None:
    worse, better = make(2.0, seed=1), make(0.8, seed=2)
    found = compare(worse, better, "hit@1")
    assert found.difference == pytest.approx(better.estimate("hit@1").mean - worse.estimate("hit@1").mean)
    assert found.low > 0
    assert found.p_value < 0.001
    same = compare(worse, worse, "mrr")
    assert (same.difference, same.p_value) == (0, 1)
    assert compare(worse, better, "hit@1", by_group=True).difference == pytest.approx(found.difference)


def test_the_same_rows_in_another_order_still_pair_up() -> None:
    one = make(1.5, seed=3)
    other = make(1.5, seed=3, order=np.random.default_rng(5).permutation(240))
    assert one.query_ids != other.query_ids
    found = compare(one, other, "mrr")
    assert (found.difference, found.low, found.high) == (0, 0, 0)


def test_runs_that_were_not_measured_alike() -> None:
    one = make(1.0)
    for other, message in (
        (make(1.0, products=90), "different manifests"),
        (replace(one, protocol="inshop"), "different protocols"),
        (replace(one, query_ids=("x", *one.query_ids[1:])), "different queries"),
    ):
        with pytest.raises(MeasureError, match=message):
            compare(one, other, "hit@1")
