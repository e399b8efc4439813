"""The report: whole in one file, its curves, frames and pictures those of the comparison."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from streetshop.lab.compare import compare_runs, tables, write_report
from streetshop.lab.compare.curves import training_curves
from streetshop.lab.compare.examples import _pick, choose, examples, mistakes
from streetshop.lab.compare.measure import Comparison
from streetshop.lab.compare.page import _text
from streetshop.lab.compare.runs import Curve, RunFacts
from streetshop.lab.data.manifest import Manifest

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def comparison(manifest: Path, runs: list[Path]) -> Comparison:
    return compare_runs(runs, manifest, threads=1)


def _report(comparison: Comparison, path: Path, **options: bool) -> str:
    write_report(path, comparison, tables.pairs(comparison), count=4, **{"pictures": True, **options})
    return path.read_text(encoding="utf-8")


def test_the_report_fetches_nothing_and_holds_every_picture_once(comparison: Comparison, tmp_path: Path) -> None:
    page = _report(comparison, tmp_path / "report.html")
    assert not re.search(r"(src|href)\s*=", page)
    assert "<script" not in page
    assert all(target.startswith("data:image/jpeg;base64,") for target in re.findall(r"url\(([^)]*)\)", page))
    stored = re.findall(r"\.(p\d+)\{background-image", page)
    shown = set(re.findall(r"class=\"pic [a-z]+ (p\d+)\"", page))
    assert len(stored) == len(set(stored))
    assert shown == set(stored)
    for fact in (comparison.manifest.fingerprint, "street-to-shop-in-category", "loose, cosine", "not distinguishable"):
        assert fact in page
    assert page.count("<svg") == 2, "a run that is compared by two distances was trained once"


def test_frames_say_what_was_found(comparison: Comparison, manifest: Path) -> None:
    rows = Manifest.read(manifest)
    protocol = comparison.protocols[0]
    for example in examples(comparison, protocol, 4):
        asked = rows.row(example.row)
        assert asked.domain == "street"
        assert asked.split == "test"
        for found, hits in example.found.values():
            products = [rows.row(int(row)).product_id for row in found if row >= 0]
            assert len(products) == len(set(products)) == 5, "each product of the test split ranks once"
            assert [product == asked.product_id for product in products] == hits[: len(products)].tolist()


def test_examples_spread_from_easy_to_hard_over_categories(comparison: Comparison) -> None:
    protocol = comparison.protocols[0]
    chosen = choose(comparison, protocol, 3)
    ranks = [comparison.result(s.name, protocol.name).values["mrr"][chosen] for s in comparison.subjects]
    ease = np.mean(ranks, axis=0)
    assert len(set(chosen)) == 3
    assert (np.diff(ease) <= 0).all()
    assert ease[0] > ease[-1]
    assert sorted(choose(comparison, protocol, 99)) == list(range(10))
    assert _pick([7, 8, 9], ["?"] * 7 + ["bar", "disc", "bar"], Counter({"disc": 1})) == 9, "not the disc in the middle"


def test_mistakes_are_those_of_the_first_answer(comparison: Comparison) -> None:
    protocol = comparison.protocols[0]
    table = mistakes(comparison, protocol)
    for subject, row in zip(comparison.subjects, table.rows, strict=True):
        right = comparison.result(subject.name, protocol.name).values["hit@1"].sum()
        assert row[1] == f"{10 - int(right)} of 10"


def test_without_pictures_there_are_none(comparison: Comparison, tmp_path: Path) -> None:
    page = _report(comparison, tmp_path / "numbers.html", pictures=False)
    assert "data:image" not in page
    assert "Examples" not in page
    assert "<svg" in page


def test_curves_share_a_scale(comparison: Comparison) -> None:
    facts = comparison.subjects[0].facts
    assert isinstance(facts, RunFacts), "the start and two epochs"
    assert len(facts.curves[0].validation) == 3, "the start and two epochs"
    curve = Curve("", ((0.0, 0.0), (5.0, 0.5)), ())
    picture = training_curves(_with(facts, curve), longest=10.0, best=1.0)
    [points] = re.findall(r'class="score" points="([^"]*)"', picture)
    (x0, y0), (x1, y1) = (map(float, point.split(",")) for point in points.split())
    assert (x0, y0) == (34, 108)
    assert x1 == pytest.approx((34 + 252) / 2)
    assert y1 == pytest.approx((108 + 10) / 2)


def test_text_is_escaped() -> None:
    assert _text('<b title="x">') == "&lt;b title=&quot;x&quot;&gt;"


def _with(facts: RunFacts, curve: Curve) -> RunFacts:
    from dataclasses import replace

    return replace(facts, curves=(curve,))
