"""Losses of the default encoder against their formulas."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from streetshop.lab.losses.contrast import keep_relations, supervised_contrast

pytestmark = pytest.mark.lab


def test_supervised_contrast_by_the_formula() -> None:
    rng = np.random.default_rng(0)
    vectors = functional.normalize(torch.from_numpy(rng.normal(size=(6, 4)).astype(np.float32)), dim=1)
    labels, groups = [0, 0, 1, 1, 0, 2], [0, 1, 0, 1, 0, 2]
    losses = []
    for i in range(6):
        others = [j for j in range(6) if groups[j] != groups[i]]
        positives = [j for j in others if labels[j] == labels[i]]
        if not positives:
            continue
        logits = {j: float(vectors[i] @ vectors[j]) / 0.1 for j in others}
        whole = np.log(sum(np.exp(v) for v in logits.values()))
        losses.append(-np.mean([logits[j] - whole for j in positives]))
    found = supervised_contrast(vectors, torch.tensor(labels), torch.tensor(groups), 0.1)
    assert float(found) == pytest.approx(np.mean(losses), rel=1e-4)


def test_unknown_labels_are_left_out() -> None:
    vectors = functional.normalize(torch.randn(5, 3, generator=torch.Generator().manual_seed(0)), dim=1)
    labels, groups = torch.tensor([0, -1, 0, 1, -1]), torch.arange(5)
    known = labels >= 0
    all_of_them = supervised_contrast(vectors, labels, groups, 0.1)
    torch.testing.assert_close(all_of_them, supervised_contrast(vectors[known], labels[known], groups[known], 0.1))


def test_two_vocabularies_are_not_kept_apart() -> None:
    vectors = functional.normalize(torch.randn(4, 3, generator=torch.Generator().manual_seed(0)), dim=1)
    labels, groups = torch.tensor([0, 0, 1, 1]), torch.arange(4)
    one = supervised_contrast(vectors, labels, groups, 0.1, torch.tensor([0, 0, 1, 1]))
    assert float(one) == pytest.approx(0, abs=1e-5), "nothing of another vocabulary counts against a pair"
    assert float(supervised_contrast(vectors, labels, groups, 0.1)) > 0.01


def test_one_label_attracts_across_vocabularies() -> None:
    """Pairs of one label count whatever their sources; others only within a source."""
    vectors = functional.normalize(torch.randn(5, 3, generator=torch.Generator().manual_seed(4)), dim=1)
    labels, sources = [0, 0, 1, 0, 2], [0, 1, 1, 1, 0]
    losses = []
    for i in range(5):
        positives = [j for j in range(5) if j != i and labels[j] == labels[i]]
        negatives = [j for j in range(5) if labels[j] != labels[i] and sources[j] == sources[i]]
        if not positives:
            continue
        logits = {j: float(vectors[i] @ vectors[j]) / 0.2 for j in (*positives, *negatives)}
        whole = np.log(sum(np.exp(v) for v in logits.values()))
        losses.append(-np.mean([logits[j] - whole for j in positives]))
    found = supervised_contrast(vectors, torch.tensor(labels), torch.arange(5), 0.2, torch.tensor(sources))
    assert float(found) == pytest.approx(np.mean(losses), rel=1e-4)


def test_kept_relations_are_the_mean_over_all_pairs() -> None:
    generator = torch.Generator().manual_seed(5)
    vectors, reference = (functional.normalize(torch.randn(4, 3, generator=generator), dim=1) for _ in range(2))
    total = 0.0
    for i in range(4):
        for j in range(4):
            total += (float(vectors[i] @ vectors[j]) - float(reference[i] @ reference[j])) ** 2
    assert float(keep_relations(vectors, reference)) == pytest.approx(total / 16, rel=1e-5)


def test_keeping_relations_is_nothing_for_a_turned_copy() -> None:
    vectors = functional.normalize(torch.randn(5, 4, generator=torch.Generator().manual_seed(0)), dim=1)
    turn, _ = torch.linalg.qr(torch.randn(4, 4, generator=torch.Generator().manual_seed(1)))
    assert float(keep_relations(vectors @ turn, vectors)) == pytest.approx(0, abs=1e-10)
    assert float(keep_relations(vectors.flip(0), vectors)) > 0.01
