"""Tests of ``lab.data.garments``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from streetshop.lab.data.garments import ccp_samples, clothing_samples
from streetshop.lab.data.sets.ccp import photo_split
from streetshop.lab.data.sets.clothing import read_hand_labels, sender_split
from tests.lab.data.trees import picture


def test_labelled_garments_of_enough_pixels(tmp_path: Path) -> None:
    names = np.empty((1, 3), dtype=object)
    names[0] = ("null", "coat", "ring")
    for folder in ("pixel-level", "image-level"):
        (tmp_path / "annotations" / folder).mkdir(parents=True)
    savemat(tmp_path / "label_list.mat", {"label_list": names})
    labels = np.zeros((80, 60), np.uint8)
    labels[10:60, 10:50], labels[70:75, 10:15] = 1, 2
    for number in ("0001", "0025", "1707"):
        picture(tmp_path / "photos" / f"{number}.jpg", 60, 80)
        savemat(tmp_path / "annotations" / "pixel-level" / f"{number}.mat", {"groundtruth": labels})
    found = ccp_samples(tmp_path)
    assert [(sample.category, sample.group) for sample in found] == [("coat", n) for n in ("0001", "0025", "1707")]
    assert all(sample.split == photo_split(sample.group) for sample in found)
    mask = found[0].load_mask(60, 80)
    assert mask is not None
    assert mask.sum() == 2000
    assert found[0].source == "ccp"


@pytest.mark.parametrize("cut", [True, False])
def test_clothing_photos_have_cut_outs_and_hand_labels(tmp_path: Path, cut: bool) -> None:
    named, labels = next(iter(read_hand_labels().items()))
    lines = ["image,sender_id,label,kids", f"{named},7,Other,False", "unnamed,8,T-Shirt,False"]
    (tmp_path / "cutouts").mkdir()
    for name in (named, "unnamed"):
        picture(tmp_path / "images" / f"{name}.jpg", 60, 80)
    Image.new("L", (60, 80), 255).save(tmp_path / "cutouts" / f"{named}.png")
    (tmp_path / "images.csv").write_text("\n".join(lines) + "\n")
    first, second = clothing_samples(tmp_path, tmp_path / "cutouts" if cut else None)
    assert (first.kind, first.colour, first.pattern) == (labels["kind"], labels["colour"], labels["pattern"])
    assert (second.kind, second.category, first.category) == ("", "T-Shirt", "")
    assert (first.split, second.split) == (sender_split("7"), sender_split("8"))
    assert first.product_id == f"clothing-{named}"
    mask = first.load_mask(60, 80)
    assert (mask is not None) is cut
    assert second.mask is None
