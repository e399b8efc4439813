"""Attribute heads: against the formula, and damaged bundles."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streetshop.core.errors import BundleDamaged, BundleError, BundleMissing
from streetshop.models import load_encoder
from streetshop.models.attributes import AttributeHeads, attribute_heads
from streetshop.models.folder import file_sha256, read_spec, write_spec
from streetshop.models.load import DEFAULT_ENCODER
from streetshop.models.spec import AttributesSpec, EncoderSpec, HeadSpec, fingerprint
from tests.models.tiny import tiny_encoder

RNG = np.random.default_rng(0)
CONTENT: dict[str, Any] = {
    name: {"weights": RNG.normal(size=(values, 4)).round(3).tolist(), "bias": RNG.normal(size=values).round(3).tolist()}
    for name, values in (("colour", 3), ("sleeve", 2))
}


def bundle(folder: Path, content: object = CONTENT, least: float = 0.0) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "heads.json").write_text(content if isinstance(content, str) else json.dumps(content))
    colours = ("black", "blue", "red")
    heads = (
        HeadSpec(name="colour", values=colours, shown=colours[1:], least_probability=least, least_share=0.3),
        HeadSpec(
            name="sleeve", values=("long", "short"), shown=("long", "short"), least_probability=least, kinds=("top",)
        ),
    )
    files = {"heads.json": file_sha256(folder / "heads.json")}
    write_spec(folder, AttributesSpec(name="a", version="1", encoder="0", dim=4, heads=heads, files=files))
    return folder


def naive(name: str, vectors: list[list[float]]) -> list[float]:
    sums = [0.0] * len(CONTENT[name]["bias"])
    for vector in vectors:
        raised = [
            math.exp(sum(w * v for w, v in zip(row, vector, strict=True)) + bias)
            for row, bias in zip(CONTENT[name]["weights"], CONTENT[name]["bias"], strict=True)
        ]
        sums = [s + r / sum(raised) / len(vectors) for s, r in zip(sums, raised, strict=True)]
    return sums


def test_predictions_are_the_mean_probabilities_of_the_pictures(tmp_path: Path) -> None:
    heads = AttributeHeads(bundle(tmp_path))
    for seed in range(20):
        vectors = np.random.default_rng(seed).normal(size=(2, 4)).astype(np.float32)
        expected = naive("sleeve", vectors.tolist())
        found = heads.predict(vectors, "top")["sleeve"]
        assert found.value == ("long", "short")[int(np.argmax(expected))]
        assert found.probability == pytest.approx(max(expected), abs=1e-3)
        assert "sleeve" not in heads.predict(vectors, "bag")


def test_a_colour_needs_its_share_and_its_precision(tmp_path: Path) -> None:
    heads = AttributeHeads(bundle(tmp_path))
    everything = {"black": 0.34, "blue": 0.33, "red": 0.33}
    seen = set()
    for seed in range(200):
        vectors = np.random.default_rng(seed).normal(size=(1, 4), scale=4).astype(np.float32)
        best = ("black", "blue", "red")[int(np.argmax(naive("colour", vectors.tolist())))]
        seen.add(best)
        found = heads.predict(vectors, "", everything).get("colour")
        assert (found.value if found else None) == (None if best == "black" else best)
        assert "colour" not in heads.predict(vectors, "", everything | {best: 0.29})
        assert "colour" not in heads.predict(vectors, "")
    assert seen == {"black", "blue", "red"}


def test_what_is_not_sure_is_left_out(tmp_path: Path) -> None:
    assert AttributeHeads(bundle(tmp_path, least=1.0)).predict(np.zeros((1, 4), np.float32), "top", {}) == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be used"),
        ("[]", "cannot be used"),
        ({"colour": CONTENT["colour"]}, "sleeve"),
        (CONTENT | {"sleeve": {"weights": [[1, 2, 3]], "bias": [0, 0]}}, "shapes"),
        (CONTENT | {"sleeve": {"weights": [[1, 2, 3, 4], [1, 2]], "bias": [0, 0]}}, "cannot be used"),
        (CONTENT | {"sleeve": {"weights": [[math.nan] * 4] * 2, "bias": [0, 0]}}, "NaN"),
        (CONTENT | {"sleeve": {"weights": None, "bias": [0, 0]}}, "cannot be used"),
    ],
)
def test_weights_that_do_not_fit(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(BundleDamaged, match=message):
        AttributeHeads(bundle(tmp_path, content))


def test_changed_missing_and_other_bundles(tmp_path: Path) -> None:
    folder = bundle(tmp_path / "a")
    (folder / "heads.json").write_text(json.dumps(CONTENT).replace("0.", "1.", 1))
    with pytest.raises(BundleDamaged, match="checksum"):
        AttributeHeads(folder)
    (folder / "heads.json").unlink()
    with pytest.raises(BundleMissing, match="is missing"):
        AttributeHeads(folder)
    with pytest.raises(BundleError, match="an encoder, not a bundle of attribute heads"):
        AttributeHeads(tiny_encoder(tmp_path / "encoder"))
    with pytest.raises(BundleError, match="attribute heads, not an encoder"):
        load_encoder(bundle(tmp_path / "b"))


def test_the_shipped_heads_are_of_the_shipped_encoder_alone() -> None:
    spec = read_spec(DEFAULT_ENCODER)
    assert isinstance(spec, EncoderSpec)
    heads = attribute_heads(fingerprint(spec))
    assert heads is not None
    assert {head.name for head in heads.spec.heads} == {"colour", "pattern", "sleeve"}
    assert attribute_heads("0" * 64) is None
