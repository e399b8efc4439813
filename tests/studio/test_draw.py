"""Whole drawings: the same bytes from any number of workers, interrupted or not, and clear errors."""

import csv
import errno
import hashlib
import json
import multiprocessing
import os
import signal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from streetshop.core.errors import StudioError
from streetshop.studio import draw_catalog, draw_dataset, draw_street, make_catalog

SIZE = 96
QUICK = ("packshot", "front")


def digest(folder: Path) -> dict[str, str]:
    """Name to hash of every file."""
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def draw(out: Path, workers: int, progress=None) -> Path:
    return draw_dataset(out, 8, 5, photos=3, workers=workers, size=SIZE, shots=QUICK, progress=progress)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    out = tmp_path_factory.mktemp("studio") / "drawn"
    draw(out, 1)
    return out


def test_any_number_of_workers_writes_the_same_bytes(drawn, tmp_path):
    draw(tmp_path / "two", 2)
    assert digest(tmp_path / "two") == digest(drawn)


def test_an_interrupted_drawing_goes_on_and_keeps_what_is_finished(drawn, tmp_path):
    out = tmp_path / "out"

    def stop(done, total):
        assert total == 19
        if done == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        draw(out, 1, stop)
    assert not (out / "manifest.parquet").exists()
    before = {p: p.stat().st_mtime_ns for p in out.rglob("*.jpg")}
    assert len(before) == 7
    # One picture was written but its truth was not: it is drawn again.
    victim = min((out / "truth").iterdir())
    victim.unlink()
    seen = []
    draw(out, 1, lambda done, total: seen.append((done, total)))
    assert seen[0] == (6, 19)
    assert seen[-1] == (19, 19)
    assert digest(out) == digest(drawn)
    again = {p: p.stat().st_mtime_ns for p in before}
    assert sum(again[p] != before[p] for p in before) == 1


def test_the_pictures_of_the_feed_exist(drawn):
    with (drawn / "feed.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [r["id"] for r in rows] == [p.id for p in make_catalog(8, 5)]
    for row in rows:
        for picture in [row["image_link"], *row["additional_image_link"].split(",")]:
            assert (drawn / picture).is_file()


def test_the_manifest_is_one_table_of_both_domains(drawn):
    table = pq.read_table(drawn / "manifest.parquet")
    assert {"image", "product_id", "domain", "category", "split", "box", "view", "attributes"} <= set(
        table.column_names
    )
    rows = table.to_pylist()
    assert {r["domain"] for r in rows} == {"street", "shop"}
    assert all((drawn / r["image"]).is_file() for r in rows)
    truth = json.loads((drawn / "coco.json").read_text())
    garments = [a for a in truth["annotations"] if a["category_id"] > 1 and a["product_id"]]
    assert len(garments) == len(rows)


def test_people_wear_products_of_one_split_only(drawn):
    splits = {}
    for row in pq.read_table(drawn / "manifest.parquet").to_pylist():
        splits.setdefault(row["image"], set()).add(row["split"])
    assert all(len(s) == 1 for s in splits.values())


def test_catalog_and_street_share_a_shop(tmp_path):
    feed = draw_catalog(tmp_path / "shop", 24, 9, workers=1, size=SIZE, shots=("packshot",))
    assert feed == tmp_path / "shop" / "feed.csv"
    truth = draw_street(tmp_path / "street", 2, 9, 24, workers=1, size=SIZE)
    worn = {a["product_id"] for a in json.loads(truth.read_text())["annotations"] if a["category_id"] > 1}
    sold = {p.id for p in make_catalog(24, 9)}
    assert worn & sold
    assert worn <= sold | {""}


def test_one_category_alone_can_be_sold(tmp_path):
    feed = draw_catalog(tmp_path / "shop", 2, 1, workers=1, size=SIZE, shots=("front",), categories=["hats"])
    assert [r["category"] for r in csv.DictReader(feed.open(newline=""))] == ["hats", "hats"]


def test_a_split_alone_can_be_drawn(tmp_path):
    draw_catalog(
        tmp_path / "shop",
        40,
        1,
        workers=1,
        size=SIZE,
        shots=("packshot",),
        split="val",
        categories=["belts", "sunglasses"],
    )
    with (tmp_path / "shop" / "feed.csv").open(newline="") as file:
        assert {r["split"] for r in csv.DictReader(file)} == {"val"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"categories": ["togas"]}, "unknown category 'togas'.*jeans"),
        ({"shots": ["selfie"]}, "unknown shot 'selfie'.*packshot"),
        ({"split": "exam"}, "unknown split 'exam'.*train"),
        ({"size": 20}, "20 pixels"),
        ({"products": 0}, "at least one"),
        ({"seed": -1}, "seed -1"),
        ({"workers": 0}, "0 workers"),
        ({"products": 1, "split": "test"}, "none of the 1 products"),
    ],
)
def test_bad_wishes_end_with_one_clear_error(tmp_path, change, message):
    with pytest.raises(StudioError, match=message):
        draw_catalog(tmp_path / "x", **{"products": 4, "seed": 0, "size": SIZE, "workers": 1, **change})


def test_a_full_disk_is_one_clear_error_and_keeps_finished_pictures(tmp_path, monkeypatch):
    room = 60_000
    original = Path.write_bytes

    def limited(self, data):
        nonlocal room
        room -= len(data)
        if room < 0:
            original(self, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return original(self, data)

    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", limited)
        with pytest.raises(StudioError, match=r"no space left.*finished pictures are kept"):
            draw(out, 1)
    assert not list(out.rglob("*.part"))
    kept = len(list((out / "truth").iterdir()))
    assert kept > 0
    seen = []
    draw(out, 1, lambda done, total: seen.append(done))
    assert seen[0] == kept
    assert seen[-1] == 19


def test_an_error_in_a_worker_reaches_the_caller(tmp_path):
    out = tmp_path / "out"
    draw_catalog(out, 4, 2, workers=1, size=SIZE, shots=("packshot",), categories=["belts"])
    for file in (out / "truth").iterdir():
        file.unlink()
    # A folder where a picture should go: the workers cannot write it.
    victim = min((out / "images" / "shop").iterdir())
    victim.unlink()
    victim.mkdir()
    with pytest.raises(StudioError, match=victim.name):
        draw_catalog(out, 4, 2, workers=2, size=SIZE, shots=("packshot",), categories=["belts"])


def test_a_killed_worker_is_one_clear_error_and_the_drawing_can_go_on(tmp_path):
    out = tmp_path / "out"
    signalled = []

    def kill_a_worker(done, total):
        if done >= 4 and not signalled:
            for child in multiprocessing.active_children():
                signalled.append(child.pid)
                os.kill(child.pid, signal.SIGKILL)
                break

    with pytest.raises(StudioError, match="was killed"):
        draw(out, 2, kill_a_worker)
    seen = []
    draw(out, 1, lambda done, total: seen.append(done))
    assert 4 <= seen[0] < 19
    assert seen[-1] == 19
