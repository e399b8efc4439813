"""``streetshop catalog``, in a process of its own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.cli.running import run


def test_catalog_commands(shop: Path, tmp_path: Path) -> None:
    catalog = tmp_path / "own.catalog"
    shutil.copytree(shop / "shop.catalog", catalog)
    info = json.loads(run("catalog", "info", catalog, "--json").out)
    assert info["products"] == 18
    assert info["shots"] == 36
    assert info["fields"]["price"] == "number"
    assert "products     18" in run("catalog", "info", catalog).out
    got = json.loads(run("catalog", "get", catalog, "red-plain", "--json").out)
    assert got["title"] == "Red plain"
    assert len(got["shots"]) == 2
    assert json.loads(run("catalog", "verify", catalog, "--json").out) == {"ok": True, "findings": []}
    assert run("catalog", "snapshot", catalog, tmp_path / "snap").code == 0
    gone = json.loads(run("catalog", "delete", catalog, "red-plain", "nobody", "--json").out)
    assert gone == {"deleted": 1, "missing": 1}
    missing = run("catalog", "get", catalog, "red-plain")
    assert missing.code == 2
    assert "red-plain" in missing.err
    assert run("catalog", "restore", tmp_path / "snap", tmp_path / "back.catalog").code == 0
    assert json.loads(run("catalog", "info", tmp_path / "back.catalog", "--json").out)["products"] == 18
    optimized = run("catalog", "optimize", catalog, "--json")
    assert optimized.code == 0
    assert json.loads(optimized.out)["shots"] == 34
