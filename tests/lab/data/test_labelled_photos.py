"""Classes, splits, samples and views."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.ndimage import binary_erosion

from streetshop.core.errors import DatasetError
from streetshop.core.geometry import COCO_KEYPOINTS
from streetshop.lab.data.classes import (
    CLASSES,
    IGNORE,
)
from streetshop.lab.data.labelled_photos import load_labelled, load_single, load_tagged, rim_unknown
from streetshop.lab.data.sets.ccp import labelled_names, tagged_names
from streetshop.lab.data.sets.clothing import sender_split
from streetshop.lab.losses.dense import heatmaps
from streetshop.lab.train.tasks.reader.views import MIRRORED, View, draw_view, plain_ground, relight, whole_view
from tests.lab.train.tasks.reader.trees import NAMES, ccp, clothing

pytestmark = pytest.mark.lab


def test_samples(tmp_path: Path) -> None:
    root = ccp(tmp_path / "ccp")
    names = labelled_names(root, "train")
    assert names
    assert not set(names) & set(labelled_names(root, "test"))
    sample = load_labelled(root, names[:1], root / "keypoints.json")[0]
    assert sample.scale == 1
    assert sample.pixels.shape == (96, 64, 3)
    assert sample.labels is not None
    assert {CLASSES[i] for i in sample.allowed} == {"background", "skin", "hair", "top", "trousers", "footwear"}
    x, y, seen = sample.points[0]
    assert sample.labels[int(y), int(x)] == CLASSES.index("skin")
    assert seen == 2
    tagged = load_tagged(root, tagged_names(root))
    assert tagged
    assert all(s.labels is None and s.points is None for s in tagged)
    assert {CLASSES[i] for i in tagged[0].allowed} == {"background", "skin", "hair", "top", "trousers", "footwear"}
    with pytest.raises(DatasetError, match="no pixel labels"):
        labelled_names(tmp_path / "empty", "train")
    assert len(NAMES) == 6


def test_single_garments_need_a_class_a_cut_out_and_a_training_sender(tmp_path: Path) -> None:
    samples = load_single(clothing(tmp_path / "c", tmp_path / "cut"), tmp_path / "cut")
    wanted = {str(i) for i in range(6) if i % 3 != 2 and sender_split(str(i)) == "train"}
    assert {s.name for s in samples} == wanted
    for sample in samples:
        middle = CLASSES[sample.labels[30, 20]]
        assert middle == ("top", "footwear")[int(sample.name) % 3]
        assert sample.labels[0, 0] == 0
        assert (sample.labels == IGNORE).any()


def test_a_garment_that_nobody_wears_teaches_that_no_keypoint_is_there(tmp_path: Path) -> None:
    root = clothing(tmp_path / "clothing", tmp_path / "cutouts")
    names = sorted(path.stem for path in (tmp_path / "cutouts").glob("*.png"))
    points = {f"{name}.jpg": {"width": 40, "height": 60, "points": None} for name in names}
    seen = names[0]
    points[f"{seen}.jpg"]["points"] = [[20, 30, 2]] * 17
    (tmp_path / "points.json").write_text(json.dumps(points))
    for sample in load_single(root, tmp_path / "cutouts", tmp_path / "points.json"):
        assert sample.points is not None
        view = draw_view(sample, (64, 64), np.random.default_rng(0))
        maps, taught = heatmaps(torch.from_numpy(view.points)[None], (16, 16), 4, 1.6)
        assert taught.all()
        assert (float(maps.max()) == 0) == (sample.name != seen)


def test_the_rim_of_a_cut_out_is_unknown() -> None:
    mask = np.zeros((20, 20), bool)
    mask[5:, 5:15] = True
    labels = rim_unknown(mask, 7, width=2)
    assert labels[12, 10] == 7
    assert labels[0, 0] == 0
    assert labels[6, 10] == labels[4, 10] == IGNORE
    assert labels[19, 10] == 7, "where the picture ends is no rim"


def test_pixels_labels_and_points_move_together(tmp_path: Path) -> None:
    root = ccp(tmp_path)
    sample = load_labelled(root, labelled_names(root, "train")[:1], root / "keypoints.json")[0]
    rng = np.random.default_rng(0)
    checked = 0
    for _ in range(60):
        view = draw_view(sample, (96, 64), rng)
        assert view.pixels.shape == (96, 64, 3)
        assert view.labels.shape == (48, 32)
        x, y, _seen = view.points[0]
        if 2 <= x < 62 and 2 <= y < 94:
            checked += 1
            assert view.labels[int(y / 2), int(x / 2)] == CLASSES.index("skin")
            assert np.abs(view.pixels[int(y), int(x)].astype(int) - (230, 180, 150)).max() < 40
    assert checked > 15
    whole = whole_view(sample, (192, 128))
    assert (whole.labels == sample.labels).all()
    assert whole.points[0, 0] == pytest.approx(2 * sample.points[0, 0])


def test_mirroring_swaps_sides() -> None:
    for name, other in zip(COCO_KEYPOINTS, (COCO_KEYPOINTS[i] for i in MIRRORED), strict=True):
        assert other == name.replace("left", "?").replace("right", "left").replace("?", "right")


def test_a_plain_ground_changes_the_background_alone(tmp_path: Path) -> None:
    sample = load_labelled(ccp(tmp_path / "ccp"), ["0001"])[0]
    view = whole_view(sample, (96, 64))
    changed = plain_ground(view, np.random.default_rng(3))
    full = view.labels.repeat(2, axis=0).repeat(2, axis=1)
    # One label pixel away from any edge the paint is pure.
    inside, outside = binary_erosion(full > 0, iterations=3), binary_erosion(full == 0, iterations=3)
    assert inside.any()
    assert (changed.pixels[inside] == view.pixels[inside]).all()
    assert changed.pixels[outside].min() > 120
    assert np.ptp(changed.pixels[outside].mean(axis=1)) < 40
    assert (changed.labels == view.labels).all()
    tagged = View(view.pixels, None, None)
    assert plain_ground(tagged, np.random.default_rng(0)) is tagged


def test_relighting_keeps_shape_and_range() -> None:
    images = np.full((3, 8, 8, 3), 120, np.float32)
    lit = relight(images, np.random.default_rng(0))
    assert lit.shape == images.shape
    assert 0 <= lit.min() <= lit.max() <= 255
    means = lit.mean(axis=(1, 2, 3))
    assert len(set(means.round(2))) == 3, "every picture gets a light of its own"
