"""Tests of ``lab.data.sets.studio``."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from streetshop.core.errors import DatasetError
from streetshop.lab.data import read_dataset
from streetshop.lab.data.masks import load_mask
from streetshop.studio.draw import draw_dataset


@pytest.mark.slow
def test_what_the_studio_draws_is_read_whole(tmp_path: Path) -> None:
    path = draw_dataset(
        tmp_path / "drawn", products=10, photos=6, seed=0, size=128, workers=1, shots=("packshot", "front")
    )
    table = pq.read_table(path)
    reading = read_dataset("studio", tmp_path / "drawn")
    assert len(reading.manifest) == table.num_rows == reading.offered
    assert reading.refused == ()
    assert set(reading.manifest.column("domain")) == {"street", "shop"}
    for row in reading.manifest:
        size = table.filter(pa.compute.equal(table["image"], row.image)).slice(0, 1).to_pylist()[0]
        mask = load_mask(row.mask or "", reading.manifest.root, size["width"], size["height"])
        box = row.as_box()
        assert box is not None
        assert mask[box.slices()].sum() == mask.sum() > 0
        if row.attributes["shot"] == "packshot":
            assert row.view == "flat"
        else:
            assert len(row.attributes["keypoints"]) == 17


def test_another_parquet_is_no_drawing(tmp_path: Path) -> None:
    pq.write_table(pa.table({"image": ["a.jpg"]}), tmp_path / "manifest.parquet")
    with pytest.raises(DatasetError, match="no manifest of the studio"):
        read_dataset("studio", tmp_path)
