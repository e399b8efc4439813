"""Encoders on collections of pictures of the same products."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streetshop.core.errors import DatasetError
from streetshop.lab.evaluate.report import Report
from streetshop.lab.measure.pairs import measure_pairs, read_collection
from tests.cli.running import call
from tests.lab.train.tasks.reader.trees import clothing
from tests.models.tiny import tiny_encoder

pytestmark = pytest.mark.lab


def collection(folder: Path, rows: list[dict[str, str]]) -> Path:
    """Pictures of one colour a product, and their table."""
    folder.mkdir(parents=True)
    products = sorted({row["product"] for row in rows})
    for row in rows:
        colour = np.random.default_rng(products.index(row["product"])).integers(40, 216, 3)
        shade = 6 * (row.get("domain") == "street")
        Image.fromarray(np.full((40, 30, 3), colour + shade, np.uint8)).save(folder / row["image"])
    with (folder / "table.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


PAIRED = [
    {"image": f"{p}-{domain}.png", "product": p, "domain": domain} for p in "abc" for domain in ("street", "shop")
]
ALONE = [{"image": f"{p}{i}.png", "product": p} for p in "ab" for i in range(2)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home: Path = tmp_path_factory.mktemp("paired")
    clothing(home / "clothing", home / "cache" / "cutouts", count=60, scale=4)
    tiny_encoder(home / "encoder")
    tiny_encoder(home / "other", seed=1, version="2")
    collection(home / "pairs", PAIRED)
    collection(home / "things", ALONE)
    return home


def test_the_command_measures_encoders_side_by_side_and_resumes(home: Path, tmp_path: Path) -> None:
    asked = ("lab", "evaluate-pairs", home / "encoder", home / "other", "--pairs", home / "pairs")
    more = ("--pairs", home / "things", "--data", home, "--cache", home / "cache", "--out", tmp_path / "report.json")
    told = call(*asked, *more, "--json", cwd=tmp_path)
    assert told.code == 0, told.err
    report = Report.read(tmp_path / "report.json")
    assert report.model_dump(mode="json") == json.loads(told.out)
    titles = [section.title for section in report.sections if not section.detail]
    assert titles == ["Pictures of pairs", "Pictures of things", "Labels, val senders"]
    pairs, _, things, _, labels, other = report.sections
    assert pairs.columns == ("tiny 1", "tiny 2")
    for table, queries in ((pairs, 3), (things, 4)):
        for cell in table.rows["R@10"]:
            assert cell is not None
            assert cell.value == 1, "a picture of one colour is near another of that colour"
            assert cell.count == queries
    assert {
        f"{label} P@10, {catalog}"
        for label in ("kind", "colour", "pattern")
        for catalog in ("photos", "packshots", "cut-outs")
    } == set(labels.rows)
    assert "colour P@10, photos, colour alone" in other.rows
    assert [len(one.fingerprint) for one in report.data] == [16, 16, 16]
    before = {path: path.stat().st_mtime_ns for path in (home / "cache").rglob("*.npz")}
    assert before
    again = call(*asked, *more, cwd=tmp_path)
    assert again.code == 0, again.err
    assert "| R@10 |" in again.out
    assert before == {path: path.stat().st_mtime_ns for path in (home / "cache").rglob("*.npz")}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"image": "a.png"}], "has the columns image"),
        ([{**row, "price": "3"} for row in ALONE], "has the columns image, price, product"),
        ([{"image": "a.png", "product": "a"}, {"image": "b.png", "product": "b"}], "product 'a' has a single picture"),
        ([row for row in PAIRED if row["domain"] == "shop"], "no picture has the domain street"),
        (PAIRED[:-1], "product 'c' has no shop picture"),
        ([{**row, "domain": "Shop"} for row in PAIRED], "line 2 has the domain 'Shop'"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(tmp_path: Path, rows: list[dict[str, str]], message: str) -> None:
    folder = collection(tmp_path / "pairs", [{"product": "a", **row} for row in rows])
    if message == "has the columns image":
        (folder / "table.csv").write_text("image\na.png\n")
    with pytest.raises(DatasetError, match=message):
        read_collection(folder)


def test_pictures_and_tables_that_are_missing_are_named(home: Path, tmp_path: Path) -> None:
    folder = collection(tmp_path / "pairs", PAIRED)
    (folder / "b-shop.png").unlink()
    with pytest.raises(DatasetError, match=r"line 5 names the picture 'b-shop\.png', which is missing"):
        measure_pairs([home / "encoder"], [folder], home, cache=home / "cache")
    (folder / "table.csv").unlink()
    with pytest.raises(DatasetError, match="holds 0 CSV tables, not one"):
        read_collection(folder)
