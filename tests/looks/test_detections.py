"""What a detector finds becomes garments."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streetshop.core.geometry import Box
from streetshop.core.photo import Photo
from streetshop.looks import load_reader, read_look
from streetshop.looks.detections import garments_of
from streetshop.looks.reader import DetectorReader
from streetshop.models.detector import Detections
from streetshop.models.spec import DetectorSpec, InputSpec
from tests.models.tiny_detector import CLASSES, tiny_detector
from tests.models.tiny_reader import PARTS, person

SPEC = DetectorSpec(
    name="d",
    version="1",
    input=InputSpec(width=64, height=64),
    classes=("coat", "shirt", "bag", "umbrella"),
    kinds={"coat": "outerwear", "shirt": "top", "bag": "bag"},
    thresholds={"coat": 0.5, "shirt": 0.3},
    files={"model.onnx": ""},
)
PHOTO = Photo.from_array(np.asarray(person()))


def found(*rows: tuple[float, int, tuple[float, float, float, float]], masks: np.ndarray | None = None) -> Detections:
    scores, labels, corners = zip(*rows, strict=True)
    return Detections(np.asarray(corners, float), np.asarray(scores), np.asarray(labels), masks)


def test_boxes_in_one_place_are_one_garment_whose_kinds_all_of_them_say() -> None:
    garments = garments_of(
        found((0.6, 0, (0, 0, 50, 100)), (0.4, 1, (1, 0, 50, 100)), (0.2, 2, (60, 60, 90, 90))), SPEC, 100, 100
    )
    assert [(g.category, g.score) for g in garments] == [("coat", 0.6), ("bag", 0.2)]
    assert garments[0].kinds == pytest.approx({"outerwear": 0.6, "top": 0.4})


def test_below_its_threshold_a_class_gives_way_to_the_next_in_its_place() -> None:
    garments = garments_of(found((0.45, 0, (0, 0, 50, 100)), (0.4, 1, (1, 0, 50, 100))), SPEC, 100, 100)
    assert [(g.category, g.score) for g in garments] == [("shirt", 0.4)]
    assert garments_of(found((0.2, 1, (0, 0, 50, 100))), SPEC, 100, 100) == ()


def test_boxes_are_cut_at_the_edges_and_empty_ones_dropped() -> None:
    mask = np.zeros((2, 4, 4), np.float32)
    mask[0, :, 3] = 1
    garments = garments_of(found((0.9, 2, (-50, 0, 50, 100)), (0.8, 2, (120, 0, 150, 100)), masks=mask), SPEC, 100, 100)
    assert [g.box.corners for g in garments] == [(0, 0, 50, 100)]
    assert garments[0].mask is not None
    assert garments[0].mask.shape == (4, 2)
    assert garments[0].mask[:, 1].all()
    assert not garments[0].mask[:, 0].any()
    assert garments[0].hotspot[0] >= 25, "the hotspot lies on the mask"


def test_a_class_of_no_kind_and_an_empty_mask() -> None:
    (garment,) = garments_of(found((0.9, 3, (0, 0, 50, 100)), masks=np.zeros((1, 4, 4), np.float32)), SPEC, 100, 100)
    assert (garment.kinds, garment.mask, garment.hotspot) == ({}, None, (25, 50))


@pytest.mark.parametrize("masks", [False, True])
def test_a_detector_serves_as_a_reader(tmp_path: Path, masks: bool) -> None:
    reader = load_reader(tiny_detector(tmp_path, masks=masks), threads=1)
    assert isinstance(reader, DetectorReader)
    look = read_look(PHOTO, reader)
    assert (look.reader, look.persons, look.full_shot, look.view) == ("tiny-detector 1", (), None, None)
    assert {g.category for g in look.garments} == set(CLASSES)
    for garment in look.garments:
        kind = CLASSES[garment.category]
        assert garment.box.iou(Box(*map(float, PARTS[kind]))) > 0.98
        assert garment.kinds == {kind: 1.0}
        assert (garment.mask is not None) == masks
    classes = reader.pixel_classes(PHOTO)
    x0, y0, x1, y1 = PARTS["top"]
    assert classes[(y0 + y1) // 2, x0 + 10] == reader.classes.index("women tops")
    assert classes[(y0 + y1) // 2, x1 - 10] == (0 if masks else reader.classes.index("women tops"))
    assert classes[0, 0] == 0
    boxes = [Box(*map(float, PARTS["trousers"])), Box(0, 0, 20, 20)]
    assert reader.kinds_in(PHOTO, boxes) == ({"trousers": 1.0}, {})


def test_on_plain_ground_a_figure_is_not_taken_for_the_one_garment_that_was_found(tmp_path: Path) -> None:
    """A detector sees no persons: shoes of a person on white are shoes only, a shirt on white is all there is."""
    shoes = {"boxes": [np.asarray(PARTS["footwear"]) * 64 / 400], "scores": [0.9], "labels": [2]}
    look = read_look(PHOTO, DetectorReader(tiny_detector(tmp_path / "shoes", outputs=shoes), threads=1))
    (garment,) = look.garments
    assert garment.box.iou(Box(*map(float, PARTS["footwear"]))) > 0.95
    pixels = np.full((600, 400, 3), 255, np.uint8)
    pixels[150:450, 100:300] = (200, 20, 20)
    shirt = {"boxes": [[17, 25, 47, 71]], "scores": [0.9], "labels": [0]}
    reader = DetectorReader(tiny_detector(tmp_path / "shirt", outputs=shirt), threads=1)
    (garment,) = read_look(Photo.from_array(pixels), reader).garments
    assert garment.category == "women tops"
    assert garment.mask is not None, "cut out by its ground"
