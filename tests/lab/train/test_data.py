"""Rows that are chosen and split."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.core.errors import RunError
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.train.data import choose_rows, group_of
from streetshop.lab.train.embedding_parts import DataPart
from tests.lab.train.squares import draw_squares

pytestmark = pytest.mark.lab


def test_rows_are_filtered_and_split(tmp_path: Path) -> None:
    manifest = Manifest.read(draw_squares(tmp_path, products=20, val=0))
    assert set(manifest.column("split")) == {"train"}
    chosen = choose_rows(manifest, DataPart(), seed=0)
    products = {s: set(chosen.column("product_id")[chosen.column("split") == s]) for s in ("train", "val")}
    assert products["val"], "split by product"
    assert not products["train"] & products["val"], "split by product"
    unsplit = manifest.with_split([""] * len(manifest))
    assert set(choose_rows(unsplit, DataPart(), seed=0).column("split")) == {"train", "val", "test"}
    discs = choose_rows(manifest, DataPart(where={"category": ("disc",)}), seed=0)
    assert set(discs.column("category")) == {"disc"}
    with pytest.raises(RunError, match="the filter leaves no rows"):
        choose_rows(manifest, DataPart(where={"category": ("hat",)}), seed=0)
    with pytest.raises(RunError, match="no training rows"):
        choose_rows(manifest.with_split(["val"] * len(manifest)), DataPart(), seed=0)


def test_groups_are_by_lower_case_category() -> None:
    part = DataPart(each=True, groups={"tops": ("shirt", "tee")})
    assert [group_of(name, part) for name in ("Shirt", "TEE", "boots", "")] == ["tops", "tops", "other", "other"]
    with pytest.raises(ValueError, match="must be lower-case"):
        DataPart(each=True, groups={"tops": ("Shirt",)})
    with pytest.raises(ValueError, match="is in the groups 'a' and 'b'"):
        DataPart(each=True, groups={"a": ("x",), "b": ("x",)})
