"""Manifests of whole pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.core.errors import ManifestError
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.whole_pictures import whole_pictures

pytestmark = pytest.mark.lab


def test_each_picture_with_a_view_is_one_row_without_a_box(tmp_path: Path) -> None:
    rows = [
        Sample("a.jpg", "shop", "p", view="front", box=(0, 0, 5, 5), split="train"),
        Sample("a.jpg", "shop", "q", view="back", box=(1, 1, 5, 5), split="train"),
        Sample("b.jpg", "shop", "p", box=(0, 0, 5, 5), split="val"),
        Sample("c.jpg", "shop", "p", view="left", split="val"),
    ]
    found = list(whole_pictures(Manifest.from_rows(rows, tmp_path)))
    assert [(row.image, row.view, row.box, row.split) for row in found] == [
        ("a.jpg", "front", None, "train"),
        ("c.jpg", "left", None, "val"),
    ]
    with pytest.raises(ManifestError, match="no row has a view"):
        whole_pictures(Manifest.from_rows(rows[2:3], tmp_path))
