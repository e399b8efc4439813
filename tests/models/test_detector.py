"""Detector bundles: loading, frames, calibration, damage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from streetshop.core.errors import BundleDamaged, BundleError
from streetshop.core.photo import Photo
from streetshop.models.detector import DetectorNetwork
from streetshop.models.spec import DetectorSpec, InputSpec
from tests.models.tiny import tiny_encoder
from tests.models.tiny_detector import CLASSES, tiny_detector
from tests.models.tiny_reader import PARTS, person

PHOTO = Photo.from_array(np.asarray(person()))


def test_boxes_are_in_the_frame_of_the_photo_and_ordered_by_score(tmp_path: Path) -> None:
    found = DetectorNetwork(tiny_detector(tmp_path), threads=1).detect(PHOTO)
    assert (np.diff(found.scores) <= 0).all()
    assert found.masks is None
    best = {
        list(CLASSES.values())[label]: corners for label, corners in zip(found.labels[:3], found.corners, strict=False)
    }
    for kind, corners in best.items():
        np.testing.assert_allclose(corners, PARTS[kind], atol=0.01)
    assert found.scores[3] < 0.1, "skin and paper are no garments"


def test_a_letterboxed_photo(tmp_path: Path) -> None:
    """Twice as wide, the photo has bars above and below: what was found in the middle is still there."""
    wide = np.full((600, 800, 3), 255, np.uint8)
    wide[:, 200:600] = np.asarray(person())
    network = DetectorNetwork(
        tiny_detector(tmp_path, outputs={"boxes": [[0, 24, 64, 72]], "scores": [0.9], "labels": [1]}), threads=1
    )
    np.testing.assert_allclose(network.detect(Photo.from_array(wide)).corners, [[0, 0, 800, 600]])


def test_scores_are_calibrated(tmp_path: Path) -> None:
    plain = {"boxes": [[0, 0, 9, 9]] * 2, "scores": [0.2, 0.8], "labels": [0, 1]}
    network = DetectorNetwork(tiny_detector(tmp_path, outputs=plain, calibration=(2.0, -1.0)), threads=1)
    wanted = [1 / (1 + np.exp(-(2 * np.log(p / (1 - p)) - 1))) for p in (0.8, 0.2)]
    np.testing.assert_allclose(network.detect(PHOTO).scores, wanted, rtol=1e-5)
    assert network.detect(PHOTO).labels.tolist() == [1, 0]


def test_nothing_found(tmp_path: Path) -> None:
    nothing = {"boxes": np.zeros((0, 4)), "scores": np.zeros(0), "labels": np.zeros(0)}
    assert len(DetectorNetwork(tiny_detector(tmp_path, outputs=nothing), threads=1).detect(PHOTO).labels) == 0


@pytest.mark.parametrize(
    ("outputs", "name"),
    [
        ({"scores": [0.5]}, "scores"),
        ({"labels": [0, 1, 2, 3, 0]}, "labels"),
        ({"scores": [np.nan] * 5}, "scores"),
        ({"boxes": [[0, 0, 1]] * 5}, "boxes"),
    ],
)
def test_outputs_that_do_not_fit(tmp_path: Path, outputs: dict[str, object], name: str) -> None:
    network = DetectorNetwork(tiny_detector(tmp_path, outputs=outputs), threads=1)
    with pytest.raises(BundleDamaged, match=f"output {name}"):
        network.detect(PHOTO)


def test_what_is_no_detector(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="an encoder, not a detector"):
        DetectorNetwork(tiny_encoder(tmp_path / "encoder"))
    with pytest.raises(BundleDamaged, match="no output masks"):
        DetectorNetwork(_promising(tmp_path / "promising"))


def _promising(folder: Path) -> Path:
    """A bundle that says it has masks."""
    tiny_detector(folder)
    text = (
        (folder / "bundle.json")
        .read_text()
        .replace('"masks": false', '"masks": true')
        .replace('"masks":false', '"masks":true')
    )
    (folder / "bundle.json").write_text(text)
    return folder


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"classes": ("a", "a")}, "repeat"),
        ({"kinds": {"b": "top"}}, "kinds of no classes"),
        ({"kinds": {"a": "coat"}}, "kinds that are none"),
        ({"thresholds": {"b": 0.5}}, "thresholds of no classes"),
        ({"on_leg": ("b",)}, "hotspots of no classes"),
        ({"files": {}}, "no checksum"),
    ],
)
def test_a_spec_that_contradicts_itself(fields: dict[str, object], message: str) -> None:
    plain = {"name": "d", "version": "1", "input": InputSpec(width=64, height=64), "classes": ("a",)}
    with pytest.raises(ValidationError, match=message):
        DetectorSpec(**({**plain, "files": {"model.onnx": ""}} | fields))
