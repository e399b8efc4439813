"""Vectors of runs and bundles, and the time they take."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from streetshop.indexing.embed import default_scaling
from streetshop.lab.compare.measure import Comparison
from streetshop.lab.compare.subjects import bundle_subject, cpu_milliseconds, other_distance
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.pictures import row_picture
from streetshop.models import load_encoder
from streetshop.models.load import DEFAULT_ENCODER
from tests.lab.compare.trained import draw_split

pytestmark = pytest.mark.lab


def test_a_bundles_vectors_are_those_of_the_serving_side(tmp_path: Path) -> None:
    rows = Manifest.read(draw_split(tmp_path, products=11)).take(range(4))
    (rows.root / rows.row(1).image).write_bytes(b"no picture")
    subject = bundle_subject(DEFAULT_ENCODER, rows, threads=1)
    encoder = load_encoder(threads=1)
    assert subject.usable.tolist() == [True, False, True, True]
    assert not subject.vectors[1].any()
    side = "shop" if rows.row(2).domain == "shop" else "street"
    [wanted] = encoder.encode([encoder.prepare(row_picture(rows.row(2), encoder.spec))], side=side)
    assert subject.vectors[2] == pytest.approx(wanted * default_scaling(encoder.blocks, None), abs=1e-6)
    assert subject.milliseconds > 0
    assert subject.notes == ("has no vector for 1 of 4 rows, whose picture cannot be used",)


def test_vectors_of_one_length_rank_alike_by_both_distances(comparison: Comparison) -> None:
    unit, loose = comparison.subjects[:2]
    assert other_distance(unit) is None
    other = other_distance(loose)
    assert other is not None
    assert {loose.distance, other.distance} == {"cosine", "euclidean"}
    assert other_distance(replace(unit, usable=np.zeros_like(unit.usable))) is None


def test_time_is_of_one_picture() -> None:
    calls: list[int] = []
    assert cpu_milliseconds(lambda: calls.append(sum(range(100_000))), 10, rounds=3) < 100
    assert len(calls) == 4, "one warm-up"
