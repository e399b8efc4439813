"""Reduced features."""

from __future__ import annotations

import numpy as np

from streetshop.lab.curate import Curation
from streetshop.lab.curate.features import Features, reduced


def test_short_features_keep_the_order_of_likeness(curation: Curation) -> None:
    features = Features.of(curation)
    short = reduced(curation, features)
    full = features.vectors[features.index]
    full = full - full.mean(axis=0)
    full /= np.linalg.norm(full, axis=1, keepdims=True)
    np.testing.assert_allclose(short @ short[0], full @ full[0], atol=0.08)
