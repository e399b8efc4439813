"""Validation on the vectors of rows."""

from __future__ import annotations

import math

import pytest
import torch

from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample
from streetshop.lab.train.embedding_parts import ValidationPart
from streetshop.lab.train.vectors import validation_score

pytestmark = pytest.mark.lab


def test_validation_counts_only_queries_that_have_a_match() -> None:
    rows = [
        Sample("a.png", "street", "p1", "x"),
        Sample("b.png", "shop", "p1", "x"),
        Sample("c.png", "street", "p2", "x"),
        Sample("d.png", "shop", "p3", "x"),
        Sample("e.png", "shop", "", "x"),
    ]
    manifest = Manifest.from_rows(rows, ".")
    vectors = torch.tensor([[1.0, 0], [0.9, 0.1], [0, 1], [1, 0.01], [1, 0]])
    score, queries = validation_score(ValidationPart(k=5), vectors, manifest)
    assert queries == 1, "p3 is nearer; the picture without a product is no gallery"
    assert score == pytest.approx(1 / 2), "p3 is nearer; the picture without a product is no gallery"
    alone = manifest.take([0, 2])
    score, queries = validation_score(ValidationPart(k=5), vectors[[0, 2]], alone)
    assert math.isnan(score)
    assert queries == 0
