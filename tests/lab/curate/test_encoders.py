"""Encoders of the curation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streetshop.lab.curate import Curation
from streetshop.lab.curate.encoders import EncoderChoice
from streetshop.lab.curate.features import Features, run_features
from streetshop.lab.data.manifest import Manifest
from streetshop.models.load import load_encoder


def test_a_bundle_gives_features_whose_cosine_is_that_of_a_search(tmp_path: Path, small: Manifest) -> None:
    from streetshop.models.load import DEFAULT_ENCODER

    curation = Curation.create(tmp_path / "out", small.take([0, 1]))
    run_features(curation, EncoderChoice(bundle=str(DEFAULT_ENCODER)))
    a, b = Features.of(curation).vectors[:2]
    assert a @ a == pytest.approx(1, abs=1e-5)
    blocks = load_encoder().blocks
    starts = np.cumsum([0, *(block.dim for block in blocks)])
    expected = 0.0
    for block, start, end in zip(blocks, starts, starts[1:], strict=False):
        left, right = a[start:end], b[start:end]
        if block.weight:
            expected += block.weight * (left @ right) / (np.linalg.norm(left) * np.linalg.norm(right))
    assert a @ b == pytest.approx(expected / sum(block.weight for block in blocks), abs=1e-5)
