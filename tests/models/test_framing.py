"""Framing heads: loading, judging, damage."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from streetshop.core.errors import BundleDamaged, BundleError
from streetshop.looks.framing import features_size
from streetshop.models.folder import file_sha256, read_spec
from streetshop.models.framing import ANSWERS, DEFAULT_FRAMING, VIEWS, FramingHead, framing_head
from streetshop.models.reader import DEFAULT_READER
from streetshop.models.spec import FramingSpec, ReaderSpec
from tests.models.tiny_framing import tiny_framing


def test_it_judges_by_its_weights(tmp_path: Path) -> None:
    head = tiny_framing(tmp_path)
    features = np.zeros(features_size(1, 1, 2), np.float32)
    features[1] = 1
    found = head.judge(features)
    powers = {name: np.exp(4.0 if name == "back" else 0.0) for name in VIEWS}
    assert found.views == pytest.approx({name: power / sum(powers.values()) for name, power in powers.items()})
    assert found.view == "back"
    assert found.eyes == pytest.approx(1 / (1 + np.exp(4)))
    assert found.ankles == pytest.approx(1 / (1 + np.exp(-4)))
    with pytest.raises(BundleDamaged, match="for 65 features, not 3"):
        head.judge(np.zeros(3, np.float32))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda content: content.pop("eyes"), "eyes"),
        (lambda content: content["eyes"].update(weights=[1.0]), "weights"),
        (lambda content: content["front"].update(bias=float("nan")), "NaN"),
        (lambda content: content.update(front=3), "weights"),
    ],
)
def test_weights_that_cannot_be_used_are_refused(tmp_path: Path, change, words: str) -> None:
    tiny_framing(tmp_path)
    file = tmp_path / "head.json"
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))
    spec = json.loads((tmp_path / "bundle.json").read_text())
    spec["files"]["head.json"] = file_sha256(file)
    (tmp_path / "bundle.json").write_text(json.dumps(spec))
    with pytest.raises(BundleDamaged, match=words):
        FramingHead(tmp_path)


def test_a_reader_is_no_framing_head() -> None:
    with pytest.raises(BundleError, match="not a framing head"):
        FramingHead(DEFAULT_READER)


def test_the_shipped_head_is_made_for_the_shipped_reader() -> None:
    reader, spec = read_spec(DEFAULT_READER), read_spec(DEFAULT_FRAMING)
    assert isinstance(reader, ReaderSpec)
    assert isinstance(spec, FramingSpec)
    assert spec.channels == reader.features
    assert framing_head(reader.files[reader.model]) is not None
    assert framing_head("0" * 64) is None
    assert set(json.loads((DEFAULT_FRAMING / spec.weights).read_text())) == set(ANSWERS)
