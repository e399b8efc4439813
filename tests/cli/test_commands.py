"""The commands, each in a process of its own, on a small real catalog."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.catalog.filled import filled_catalog, square
from tests.cli.running import run


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with ``shop.catalog``, its ``encoder``, and the photos ``blue.png``, ``red.png`` and ``bad.jpg``."""
    folder = tmp_path_factory.mktemp("shop")
    store, _ = filled_catalog(folder)
    store.close()
    Image.fromarray(square("blue", "checks")).save(folder / "blue.png")
    Image.fromarray(square("red", "stripes")).save(folder / "red.png")
    (folder / "bad.jpg").write_text("<html>404</html>")
    return folder


def test_search_json_has_the_promised_shape(shop: Path) -> None:
    given = ("--catalog", "shop.catalog", "--encoder", "encoder", "--reader", "none", "-k", 4, "--json")
    ran = run("search", "blue.png", *given, cwd=shop)
    assert ran.code == 0, ran.err
    content = json.loads(ran.out)
    (garment,) = content["garments"]
    assert garment["category"] == "garment"
    assert garment["box"] == [0, 0, 64, 64]
    assert garment["hotspot"] == [32, 32]
    assert len(garment["matches"]) == 4
    first = garment["matches"][0]
    assert first["id"] == "blue-checks"
    assert first["score"] == pytest.approx(1, abs=1e-3)
    assert first["price"] == 42.0
    assert set(first["blocks"]) == {
        "style",
        "colour",
    }
    assert content["photo"] == {"path": "blue.png", "width": 64, "height": 64}
    assert content["reader"] is None


def test_search_options(shop: Path) -> None:
    common = ("--catalog", "shop.catalog", "--encoder", "encoder", "--json", "-k", 18)
    filtered = run("search", "blue.png", *common, "--filter", "category = dress and in_stock", cwd=shop)
    found = {match["id"] for match in json.loads(filtered.out)["garments"][0]["matches"]}
    assert found == {"orange-plain", "blue-plain", "white-plain"}
    coloured = run("search", "red.png", *common, "--weight", "style=0", "--weight", "colour=1", cwd=shop)
    ids = [match["id"] for match in json.loads(coloured.out)["garments"][0]["matches"]]
    assert ids[0] == "red-stripes", "red, whatever the pattern"
    assert set(ids[1:3]) == {"red-plain", "red-checks"}, "red, whatever the pattern"
    boxed = run("search", "red.png", *common, "--box", "0,0,32,32", cwd=shop)
    assert json.loads(boxed.out)["garments"][0]["box"] == [0, 0, 32, 32]


def test_several_photos_and_a_sheet(shop: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.html"
    common = ("--catalog", "shop.catalog", "--encoder", "encoder", "--html", sheet)
    ran = run("search", "blue.png", "bad.jpg", "red.png", *common, cwd=shop)
    assert ran.code == 0
    assert "bad.jpg" in ran.err
    assert "blue-checks" in ran.out
    page = sheet.read_text()
    assert page.count("<section>") == 2
    assert "data:image/jpeg;base64," in page
    assert not re.search(r"<script|https?://", page), "nothing in a sheet is fetched or run"


def test_embed(shop: Path, tmp_path: Path) -> None:
    out = tmp_path / "vectors.parquet"
    ran = run("embed", ".", "--out", out, "--encoder", "encoder", "--json", cwd=shop)
    assert ran.code == 0, ran.err
    report = json.loads(ran.out)
    table = pq.read_table(out)
    assert table.column_names == ["path", "vector"]
    assert table.num_rows == report["vectors"] == 2
    assert table["path"].to_pylist() == ["blue.png", "red.png"]
    vectors = np.array(table["vector"].to_pylist(), np.float32)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1], abs=1e-5)
    assert [refused["path"] for refused in report["refused"]] == ["bad.jpg"]
    assert "bad.jpg" in ran.err
    raw = run("embed", "blue.png", "--out", out, "--encoder", "encoder", "--raw", cwd=shop)
    assert raw.code == 0
    assert np.linalg.norm(pq.read_table(out)["vector"].to_pylist()[0]) == pytest.approx(2**0.5, abs=1e-5)


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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("search", "blue.png", "--catalog", "nowhere"), "no catalog"),
        (("search", "none.png", "--catalog", "shop.catalog", "--encoder", "encoder"), "no such file"),
        (("search", "bad.jpg", "--catalog", "shop.catalog", "--encoder", "encoder"), "not a picture"),
        (("search", "blue.png", "--catalog", "shop.catalog"), "--rebuild"),
        (("search", "blue.png", "--catalog", "shop.catalog", "--encoder", "shop.catalog"), "bundle"),
        (
            ("search", "blue.png", "--catalog", "shop.catalog", "--encoder", "encoder", "--filter", "price <"),
            "position 7",
        ),
        (
            ("search", "blue.png", "--catalog", "shop.catalog", "--encoder", "encoder", "--weight", "colour"),
            "BLOCK=NUMBER",
        ),
        (("search", "blue.png", "--catalog", "shop.catalog", "--encoder", "encoder", "--weight", "sheen=1"), "sheen"),
        (("search", "blue.png", "--catalog", "shop.catalog", "--encoder", "encoder", "--box", "1,2"), "four numbers"),
        (
            ("search", "blue.png", "--catalog", "shop.catalog", "--encoder", "encoder", "--box", "90,90,99,99"),
            "outside",
        ),
        (("search", "blue.png", "--catalog", "shop.catalog", "--encoder", "encoder", "--garment", "4"), "no garment 4"),
        (("search", "blue.png", "--catalog", "shop.catalog", "--encoder", "encoder", "-k", "0"), "Ask for 1"),
        (("search", "blue.png", "--catalog", "ftp://example"), "ftp"),
        (("catalog", "info", "milvus://localhost:1"), "milvus"),
        (("catalog", "restore", "nowhere", "new.catalog"), "nowhere"),
        (("embed", "encoder", "--out", "v.parquet"), "no picture"),
        (("embed", "bad.jpg", "--out", "v.parquet", "--encoder", "encoder"), "no picture could be read"),
        (("embed", "blue.png", "--out", "blue.png/v.parquet", "--encoder", "encoder"), "blue.png"),
        (("look", "bad.jpg"), "not a picture"),
    ],
)
def test_bad_input_is_one_clear_error(shop: Path, arguments: tuple[str, ...], message: str) -> None:
    ran = run(*arguments, cwd=shop)
    assert ran.code == 2, (ran.out, ran.err)
    assert message in ran.err
    assert "error" in ran.err.lower()
