"""``streetshop catalog``, in a process of its own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

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


@pytest.fixture
def own_catalog(shop: Path, tmp_path: Path) -> Path:
    return shutil.copytree(shop / "shop.catalog", tmp_path / "own.catalog")


def test_a_damaged_catalog_is_verified_and_repaired(own_catalog: Path) -> None:
    data = own_catalog / "g0001" / "shots.lance" / "data"
    file = max(data.iterdir(), key=lambda file: file.stat().st_size)
    content = file.read_bytes()
    jpeg = content.index(b"\xff\xd8\xff")
    file.write_bytes(content[: jpeg + 30] + bytes([content[jpeg + 30] ^ 1]) + content[jpeg + 31 :])
    found = run("catalog", "verify", own_catalog)
    assert found.code == 1
    assert file.name in found.out
    assert "shots.lance/data/" in run("catalog", "delete", own_catalog, "red-plain").err
    repaired = run("catalog", "verify", own_catalog, "--repair", "--json")
    assert repaired.code == 1
    told = json.loads(repaired.out)
    assert told["ok"]
    assert len(told["lost"]) == 1
    assert "17 products were copied" in told["repaired"][0]
    again = run("catalog", "verify", own_catalog, "--repair", "--json")
    assert (again.code, json.loads(again.out)) == (0, {"ok": True, "findings": [], "repaired": [], "lost": []})
    assert "damage       none" in run("catalog", "info", own_catalog).out


def test_a_catalog_that_lost_its_newest_version_is_verified_and_repaired(own_catalog: Path) -> None:
    min((own_catalog / "g0001" / "shots.lance" / "_versions").glob("*.manifest")).unlink()
    found = run("catalog", "verify", own_catalog)
    assert found.code == 1
    assert "later writes are lost" in found.out
    assert run("catalog", "info", own_catalog).code == 2
    repaired = run("catalog", "verify", own_catalog, "--repair")
    assert repaired.code == 1
    assert "writes after version 1 are lost." in repaired.out
    assert run("catalog", "verify", own_catalog).code == 0
