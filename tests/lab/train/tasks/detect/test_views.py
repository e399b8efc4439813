"""Views show a picture as the bundle does, or vary it; boxes and masks stay on what they are of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streetshop.lab.nets.backbones import TF_SCALE
from streetshop.lab.train.recipe import DetectorRecipe
from streetshop.lab.train.tasks.detect.data import Picture, load_detector_data
from streetshop.lab.train.tasks.detect.views import batch_input, draw_view, input_spec
from streetshop.models.preprocessing import photo_input
from tests.lab.train.tasks.detect.drawn import COLOURS, manifest
from tests.lab.train.tasks.detect.test_data import recipe

pytestmark = pytest.mark.lab

SMALL = ("input.height=128", "input.width=96", "data.classes=kinds")


def one(folder: Path, options: DetectorRecipe) -> Picture:
    return load_detector_data(manifest(folder, {"train": 1, "val": 1}), options).train[0]


def test_the_plain_view_is_what_the_bundle_sees(tmp_path: Path) -> None:
    options = recipe(*SMALL)
    picture = one(tmp_path, options)
    view = draw_view(picture, options, masks=True)
    assert view is not None
    spec = input_spec(options, TF_SCALE)
    served, place = photo_input(picture.rows[0].load_photo(), spec)
    np.testing.assert_array_equal(batch_input([view], spec).numpy(), served)
    scale = np.asarray([place.width / 96, place.height / 144] * 2)
    wanted = picture.boxes.corners * scale + [place.left, place.top] * 2
    np.testing.assert_allclose(view.boxes, wanted, atol=1e-3)


@pytest.mark.parametrize("seed", range(12))
def test_boxes_and_masks_follow_what_they_are_of(tmp_path: Path, seed: int) -> None:
    """However a view is zoomed, moved and mirrored, the middle of each box has the colour of its class."""
    options = recipe(*SMALL, "augment.light=false", "augment.zoom=0.5")
    picture = one(tmp_path, options)
    view = draw_view(picture, options, masks=True, rng=np.random.default_rng(seed))
    assert view is not None
    assert view.masks is not None
    assert len(view.boxes) == len(view.labels) == len(view.masks)
    colours = dict(zip(picture.labels.tolist(), COLOURS.values(), strict=True))
    for box, label, mask in zip(view.boxes, view.labels, view.masks, strict=True):
        x, y = int(box[[0, 2]].mean()), int(box[[1, 3]].mean())
        np.testing.assert_allclose(view.pixels[y, x], colours[int(label)], atol=12)
        ys, xs = np.nonzero(mask)
        found = [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]
        np.testing.assert_allclose(found, box, atol=2)


def test_small_and_cropped_boxes_do_not_count(tmp_path: Path) -> None:
    options = recipe(*SMALL, "data.least=60")
    view = draw_view(one(tmp_path, options), options, masks=False)
    assert view is not None
    assert len(view.boxes) == 0
    assert view.boxes.shape == (0, 4)


def test_a_picture_that_cannot_be_decoded_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = recipe(*SMALL)
    picture = one(tmp_path, options)
    picture.rows[0].path.write_bytes(b"no picture")
    assert draw_view(picture, options, masks=False) is None
    assert "left out" in capsys.readouterr().err
