"""``streetshop lab calibrate`` as a user types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import run

pytestmark = pytest.mark.lab


def test_what_is_missing_is_said(shop: Path, tmp_path: Path) -> None:
    given = ("lab", "calibrate", "encoder", "--photos", tmp_path)
    lacking = run(*given, "--catalog", "none.catalog", cwd=shop)
    assert (lacking.code, "none.catalog" in lacking.err) == (2, True)
    photos = run(*given, "--catalog", "shop.catalog", cwd=shop)
    assert (photos.code, "no pixel labels" in photos.err) == (2, True)
    other = run("lab", "calibrate", "nowhere", "--photos", tmp_path, "--catalog", "shop.catalog", cwd=shop)
    assert (other.code, "no bundle here" in other.err) == (2, True)
