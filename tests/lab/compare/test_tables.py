"""Tables and JSON values say what was measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streetshop.lab.compare import tables
from streetshop.lab.compare.measure import Comparison
from streetshop.lab.data.manifest import Manifest

pytestmark = pytest.mark.lab


def test_pairs_and_tables_say_what_was_measured(comparison: Comparison, manifest: Path) -> None:
    asked = tables.pairs(comparison, [("loose", "loose, cosine")])
    assert asked == [("unit", "loose"), ("unit", "loose, cosine"), ("loose", "loose, cosine")]
    text = tables.summary(comparison, asked)
    assert Manifest.read(manifest).fingerprint in text
    assert "| loose, cosine − loose |" in text
    assert "`street-to-shop`: 10 queries (0 without a match)" in text
    values = tables.plain(comparison, asked)
    json.dumps(values, allow_nan=False)
    [one] = [
        p for p in values["pairs"] if (p["first"], p["second"], p["metric"]) == ("unit", "loose", "hit@10")
        and p["protocol"] == "street-to-shop"
    ]  # fmt: skip
    means = [
        comparison.result(name, "street-to-shop").estimate("hit@10").mean for name in (one["first"], one["second"])
    ]
    assert one["difference"] == pytest.approx(means[1] - means[0])
    training = values["methods"][0]["training"]
    assert training["cpu_seconds"] > 0
    assert training["pictures"] == training["batches"] * 8
    assert "input.height: 160 → 32" in training["changes"]
    assert not any(change.startswith("stages.0.losses") for change in training["changes"])
