"""LookBook."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.lab.data import read_dataset
from tests.lab.data.trees import picture, text


@pytest.mark.parametrize("below", ["", "data"])
def test_lookbook(tmp_path: Path, below: str) -> None:
    for name in ("PID000000_CLEAN0_IID000001", "PID000000_CLEAN1_IID000002", "PID004364_CLEAN0_IID042790", "extra"):
        picture(tmp_path / below / f"{name}.jpg")
    text(tmp_path / below / "readme.md", "not a picture, not a row")
    reading = read_dataset("lookbook", tmp_path)
    rows = list(reading.manifest)
    assert [(r.product_id, r.domain) for r in rows] == [
        ("PID000000", "street"),
        ("PID000000", "shop"),
        ("PID004364", "street"),
    ]
    assert [(r.where, r.kept) for r in reading.refusals] == [("extra.jpg", False), ("PID004364", True)]
    assert reading.refusals[1].reason == "no product picture: makes no pair"
