"""Fitting an attribute head: which values are predicted, and from which probability."""

from __future__ import annotations

import numpy as np
import pytest

from streetshop.lab.train.attributes import ATTRIBUTES, LEAST_TESTED, PRECISION, Attribute, Pictures, fit

SEEN = Attribute("sleeve", "kind", {"t-shirt": "short", "sweater": "long", "vest": "sleeveless"}, kinds=("top",))
DIRECTIONS = np.eye(3, 8, dtype=np.float32)


def sample(wrong: float, n: int = 300) -> tuple[Pictures, dict[str, dict[str, str]]]:
    """Pictures whose vectors tell their kind, but for a share of the vests, which look like sweaters."""
    rng = np.random.default_rng(0)
    kinds = np.arange(n) % 3
    looks = np.where((kinds == 2) & (rng.random(n) < wrong), 1, kinds)
    vectors = (DIRECTIONS[looks] + rng.normal(size=(n, 8), scale=0.1)).astype(np.float32)
    names = [str(i) for i in range(n)]
    splits = np.asarray(["train", "val", "test"])[np.arange(n) // 3 % 3]
    labels = {name: {"kind": list(SEEN.values)[kind]} for name, kind in zip(names, kinds, strict=True)}
    return Pictures(names, vectors, [{}] * n, splits), labels


def test_a_clear_head_predicts_all_values() -> None:
    fitted = fit(SEEN, *sample(0.0))
    assert set(fitted.head.shown) == {"short", "long", "sleeveless"}
    assert fitted.head.kinds == ("top",)
    for precision, recall, predicted, labelled in fitted.table.rows.values():
        assert precision is not None
        assert (precision.value, recall and recall.value) == (1.0, 1.0)
        assert predicted == labelled


def test_a_value_that_is_often_wrong_is_left_out() -> None:
    pictures, labels = sample(0.6)
    fitted = fit(SEEN, pictures, labels)
    raised = np.exp(pictures.vectors @ fitted.weights.T + fitted.bias)
    chances = raised / raised.sum(axis=1, keepdims=True)
    truth = [SEEN.values[labels[name]["kind"]] for name in pictures.names]
    for i, value in enumerate(fitted.head.values):
        rows = [
            truth[n] == value
            for n in range(len(truth))
            if pictures.splits[n] == "test"
            and chances[n].argmax() == i
            and chances[n].max() >= fitted.head.least_probability
        ]
        enough = len(rows) >= LEAST_TESTED and sum(rows) / len(rows) >= PRECISION
        assert (value in fitted.head.shown) == enough
    assert "long" not in fitted.head.shown


@pytest.mark.parametrize("attribute", ATTRIBUTES, ids=lambda each: each.name)
def test_every_value_has_a_label(attribute: Attribute) -> None:
    from streetshop.lab.data.sets.clothing import read_hand_labels

    there = {labels[attribute.column] for labels in read_hand_labels().values()}
    assert set(attribute.values) <= there
