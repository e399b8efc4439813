"""Class balance after training."""

from __future__ import annotations

import numpy as np
import pytest

from streetshop.lab.train.tasks.reader.balance import fit_offsets

pytestmark = pytest.mark.lab


def test_offsets_take_back_what_the_class_weights_gave() -> None:
    rng = np.random.default_rng(0)
    labels = [rng.choice(3, 4000, p=[0.8, 0.15, 0.05]).astype(np.uint8) for _ in range(2)]
    logits = []
    for truth in labels:
        values = rng.normal(0, 1, (3, len(truth))).astype(np.float32)
        values[truth, np.arange(len(truth))] += 2.5
        values[2] += 1.5  # much too fond of the rare class
        logits.append(values)

    def agreement(offsets: np.ndarray) -> float:
        guesses = [(v + offsets[:, None]).argmax(axis=0) for v in logits]
        return float(np.mean(np.concatenate(guesses) == np.concatenate(labels)))

    offsets = fit_offsets(logits, labels)
    assert offsets[2] < offsets[0]
    assert agreement(offsets) > agreement(np.zeros(3)) + 0.05
    perfect = [np.eye(3, dtype=np.float32)[truth].T for truth in labels]
    assert (fit_offsets(perfect, labels) == 0).all()
