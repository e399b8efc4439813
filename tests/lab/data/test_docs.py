"""Tests of ``lab.data.docs``."""

from __future__ import annotations

from pathlib import Path

from streetshop.lab.data import DATASETS
from streetshop.lab.data.manifest import SCHEMA

PAGE = (Path(__file__).parents[3] / "docs" / "datasets.md").read_text("utf-8")


def test_the_page_names_every_data_set_and_column() -> None:
    assert [name for name in (*DATASETS, "made-pairs", *SCHEMA.names) if f"`{name}`" not in PAGE] == []
