"""``bundle.json``: what is refused, and fingerprints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streetshop.core.errors import BundleDamaged
from streetshop.models.folder import read_spec
from streetshop.models.spec import DEFAULT_CLASS_RULES, EncoderSpec, fingerprint
from tests.models.tiny import SCALE, calibrated_encoder, tiny_encoder
from tests.models.tiny_reader import tiny_reader


def test_fingerprint_names_what_makes_the_vectors(tmp_path: Path) -> None:
    a, b, c = (read_spec(tiny_encoder(tmp_path / name, seed=seed)) for name, seed in [("a", 0), ("b", 0), ("c", 1)])
    assert isinstance(a, EncoderSpec)
    assert isinstance(b, EncoderSpec)
    assert isinstance(c, EncoderSpec)
    assert fingerprint(a) == fingerprint(b) != fingerprint(c)
    reweighted = a.model_copy(update={"blocks": tuple(x.model_copy(update={"weight": 9.0}) for x in a.blocks)})
    assert fingerprint(reweighted) == fingerprint(a), "weights act on queries only"
    assert fingerprint(a.model_copy(update={"calibration": SCALE})) == fingerprint(a), (
        "calibration acts on queries only"
    )
    other_input = a.model_copy(update={"input": a.input.model_copy(update={"width": 64})})
    assert fingerprint(other_input) != fingerprint(a)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "poem"}, "poem"),
        ({"surprise": 1}, "surprise"),
        ({"files": {}}, "no checksum"),
        ({"blocks": []}, "blocks"),
        ({"input": {"width": -1, "height": 32}}, "width"),
    ],
)
def test_bad_specs_name_the_field(tmp_path: Path, change: dict[str, object], message: str) -> None:
    folder = tiny_encoder(tmp_path)
    spec = json.loads((folder / "bundle.json").read_text())
    (folder / "bundle.json").write_text(json.dumps({**spec, **change}))
    with pytest.raises(BundleDamaged, match=message) as caught:
        read_spec(folder)
    assert "bundle.json" in caught.value.where


def test_a_calibration_is_read_back_and_old_bundles_have_none(tmp_path: Path) -> None:
    spec = read_spec(calibrated_encoder(tmp_path / "new"))
    assert isinstance(spec, EncoderSpec)
    assert spec.calibration == SCALE
    old = json.loads((tiny_encoder(tmp_path / "old") / "bundle.json").read_text())
    del old["calibration"]
    (tmp_path / "old" / "bundle.json").write_text(json.dumps(old))
    assert read_spec(tmp_path / "old").calibration is None  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mean": [0.1], "covariance": [[0.1]]}, "calibration of 1 blocks"),
        ({"covariance": [[0.1, 0.0]]}, "covariance"),
        ({"covariance": [[0.1, 0.0], [0.0]]}, "covariance"),
        ({"covariance": [[0.1, 0.5], [0.5, 0.1]]}, "positive"),
        ({"covariance": [[0.1, 0.05], [0.0, 0.1]]}, "symmetric"),
        ({"covariance": [[0.0, 0.0], [0.0, 0.1]]}, "positive"),
        ({"slope": 0}, "slope"),
        ({"slope": -1}, "slope"),
        ({"intercept": None}, "intercept"),
        ({"mean": [], "covariance": []}, "mean"),
    ],
)
def test_a_bad_calibration_names_the_fault(tmp_path: Path, change: dict[str, object], message: str) -> None:
    folder = calibrated_encoder(tmp_path)
    spec = json.loads((folder / "bundle.json").read_text())
    spec["calibration"] |= change
    (folder / "bundle.json").write_text(json.dumps(spec))
    with pytest.raises(BundleDamaged, match=message):
        read_spec(folder)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("garments", ["crown"]),
        ("thresholds", {"crown": 0.5}),
        ("rules", {**DEFAULT_CLASS_RULES.model_dump(mode="json"), "body": ["crown"]}),
    ],
)
def test_a_reader_must_hang_together(tmp_path: Path, key: str, value: object) -> None:
    folder = tiny_reader(tmp_path)
    spec = json.loads((folder / "bundle.json").read_text())
    spec[key] = value
    (folder / "bundle.json").write_text(json.dumps(spec))
    with pytest.raises(BundleDamaged, match="crown"):
        read_spec(folder)


def test_rules_group_classes() -> None:
    rules = DEFAULT_CLASS_RULES
    assert rules.same_half("top", "dress")
    assert rules.same_half("dress", "skirt")
    assert not rules.same_half("top", "skirt")
    assert rules.is_clothing("outerwear")
    assert not rules.is_clothing("bag")
    assert rules.least("footwear") < rules.least("trousers") == rules.least_share_else
    assert {"skin", "legwear", "hat"} <= rules.names()
