"""Attributes that a feed lacks, from the tags and vectors of its pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from streetshop.core.records import AttributeValue, Product, Shot
from streetshop.indexing.attributes import described, mean_shares
from streetshop.models.attributes import attribute_heads
from streetshop.models.folder import read_spec
from streetshop.models.load import DEFAULT_ENCODER
from streetshop.models.spec import EncoderSpec, fingerprint

SPEC = read_spec(DEFAULT_ENCODER)
assert isinstance(SPEC, EncoderSpec)
FINGERPRINT = fingerprint(SPEC)


def product(**attributes: AttributeValue) -> Product:
    tags = {"kind": {"top": 0.9}, "colour": {"black": 1.0}}
    return Product("p", attributes=attributes, shots=(Shot("a.jpg", "0" * 64, tags),))


def surely(name: str, value: str) -> np.ndarray:
    """A vector for which the shipped head is sure of a value."""
    heads = attribute_heads(FINGERPRINT)
    assert heads is not None
    (values,) = (head.values for head in heads.spec.heads if head.name == name)
    rows = np.random.default_rng(0).normal(size=(2000, heads.spec.dim)).astype(np.float32)
    return rows[heads.probabilities(name, rows)[:, values.index(value)].argmax()][None]


@pytest.mark.parametrize(("name", "value"), [("colour", "black"), ("pattern", "striped"), ("sleeve", "long")])
def test_a_product_gets_what_its_feed_lacks(name: str, value: str) -> None:
    vectors = surely(name, value)
    found = described(product(), vectors, FINGERPRINT)
    assert found.predicted[name].value == value
    assert found.predicted[name].probability > 0.8
    assert (found.kind, found.kind_source) == ("top", "picture")


@pytest.mark.parametrize("column", ["colour", "color", "farbe", "COLOR"])
def test_the_feed_wins(column: str) -> None:
    vectors = surely("colour", "black")
    assert "colour" not in described(product(**{column: "Rouge"}), vectors, FINGERPRINT).predicted
    assert described(product(**{column: " "}), vectors, FINGERPRINT).predicted["colour"].value == "black"
    before = described(product(), vectors, FINGERPRINT)
    assert (
        "colour"
        not in described(
            Product("p", attributes={column: "Rouge"}, shots=before.shots, predicted=before.predicted),
            vectors,
            FINGERPRINT,
        ).predicted
    )


def test_other_encoders_have_no_heads() -> None:
    assert described(product(), np.ones((1, 7), np.float32), "0" * 64).predicted == {}


def test_shares_of_several_pictures() -> None:
    assert mean_shares([]) == {}
    assert mean_shares([{}, {}]) == {}
    found = mean_shares([{"red": 0.8, "blue": 0.2}, {}, {"blue": 1.0}])
    assert list(found.items()) == [("blue", pytest.approx(0.6)), ("red", pytest.approx(0.4))]


def test_words_tell_the_occasion_unless_the_feed_does() -> None:
    nothing = np.ones((1, 7), np.float32)
    shots = (Shot("a.jpg", "0" * 64, {"kind": {"dress": 0.9}}),)

    def occasion(**attributes: AttributeValue) -> object:
        told = Product("p", title="Evening gown for a gala", kind="dress", kind_source="category", shots=shots)
        found = described(replace(told, attributes=attributes), nothing, "0" * 64).predicted.get("occasion")
        return None if found is None else found.value

    assert occasion() in ("party", "formal")
    assert occasion(anlass="Alltag") is None
    assert described(product(), nothing, "0" * 64).predicted == {}
