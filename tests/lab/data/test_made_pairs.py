"""Tests of ``lab.data.made_pairs``."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from streetshop.core.errors import DatasetError, UsageError
from streetshop.lab.data import garment_pixels as px
from streetshop.lab.data.made_pairs import Settings, make_pairs, split_of
from streetshop.lab.data.masks import load_mask
from streetshop.lab.data.splits import leaks

NAMES = ["null", "skin", "skirt", "dress", "shoes", "belt"]
SMALL = Settings(per_garment=2, street=1, shop=1, size=64)


@pytest.fixture(scope="module")
def ccp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve drawn photos in CCP's layout: a skirt of loud cloth on a grey ground."""
    root = tmp_path_factory.mktemp("ccp")
    names = np.empty((1, len(NAMES)), dtype=object)
    names[0] = NAMES
    (root / "photos").mkdir()
    (root / "annotations" / "pixel-level").mkdir(parents=True)
    savemat(root / "label_list.mat", {"label_list": names})
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:200, :140]
    for number in range(1, 13):
        pixels = np.full((200, 140, 3), 120, np.uint8) + rng.integers(0, 20, (200, 140, 1), np.uint8)
        skirt = (y > 60) & (y < 150) & (np.abs(x - 70) < 25 + (y - 60) / 6)
        colour = rng.integers(40, 255, 3)
        stripes = (x // int(rng.integers(4, 9))) % 2 == 0
        pixels[skirt] = np.where(stripes[..., None], colour, colour // 2)[skirt]
        labels = np.where(skirt, 2, 0).astype(np.uint8)
        labels[170:174, 60:64] = 4
        labels[20:25, 60:70] = 3  # a dress of fifty pixels
        Image.fromarray(pixels).save(root / "photos" / f"{number:04}.jpg", quality=95)
        savemat(root / "annotations" / "pixel-level" / f"{number:04}.mat", {"groundtruth": labels})
    return root


def test_products_views_and_splits(ccp: Path, tmp_path: Path) -> None:
    reading = make_pairs(ccp, tmp_path, SMALL, workers=1)
    rows = list(reading.manifest)
    products: dict[str, list[Any]] = {}
    for row in rows:
        products.setdefault(row.product_id, []).append(row)
    assert len(products) >= 20
    for views in products.values():
        assert [v.domain for v in views] == ["street", "shop"]
        assert len({(v.split, v.group, v.category) for v in views}) == 1
    assert {row.category for row in rows} == {"skirt"}  # shoes make no product, the dress is too small
    assert leaks(reading.manifest, "group") == leaks(reading.manifest, "product_id") == []
    reasons = [r.reason for r in reading.refused]
    assert sum("to make pairs of" in r for r in reasons) == 12
    for row in rows:
        with Image.open(tmp_path / row.image) as picture:
            width, height = picture.size
        assert max(width, height) == 64
        mask = load_mask(row.mask or "", tmp_path, width, height)
        box = row.as_box()
        assert box is not None
        assert mask[box.slices()].sum() == mask.sum() > 50
        if row.domain == "shop":
            pixels = np.asarray(Image.open(tmp_path / row.image))
            assert pixels[~mask].mean() > 200  # a white ground
            assert pixels[mask].mean() < 230


def test_cloth_moves_within_a_split_only(ccp: Path, tmp_path: Path) -> None:
    manifest = make_pairs(ccp, tmp_path, SMALL, workers=1).manifest
    moved = [row for row in manifest if "cloth" in row.attributes]
    assert moved
    for row in moved:
        assert row.attributes["cloth"] != row.attributes["photo"] == row.group
        assert split_of(str(row.attributes["cloth"]), 0) == row.split


def test_moved_cloth_changes_the_garment_and_nothing_else(ccp: Path) -> None:
    files = sorted((ccp / "photos").iterdir())
    photos = [np.asarray(Image.open(path), dtype=np.float32) / 255 for path in files]
    mask = load_mask("annotations/pixel-level/0001.mat#2", ccp, 140, 200)
    photo = photos[0]
    other = max(photos, key=lambda p: np.abs(p[mask].mean(axis=0) - photo[mask].mean(axis=0)).max())
    patch = px.cloth_patch(other, mask)
    assert patch is not None
    dressed = px.reclothe(photo, mask, patch, np.random.default_rng(0))
    far = ~mask
    far[55:155, 20:120] = False
    np.testing.assert_array_equal(dressed[far], photo[far])
    # Stripes make a part's mean depend on where they fall: compare the whole garment.
    new, donor, own = (p[mask].mean(axis=0) for p in (dressed, other, photo))
    assert np.linalg.norm(new - donor) < 0.4 * np.linalg.norm(new - own)
    assert px.cloth_patch(photo, mask & (np.arange(140) % 30 < 20)) is None  # strips of 20 pixels


def test_same_seed_same_bytes_whatever_the_workers_and_it_goes_on_after_a_break(ccp: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    whole = make_pairs(ccp, one, SMALL, workers=1, limit=6)
    make_pairs(ccp, two, SMALL, workers=1, limit=2)
    first = sorted(two.rglob("*.jpg"))
    stamps = {path: path.stat().st_mtime_ns for path in first}
    broken = next((one / "rows").iterdir()).name  # a product whose rows were not written yet is made again
    (two / "rows" / broken).unlink(missing_ok=True)
    steps: list[tuple[int, int]] = []
    again = make_pairs(ccp, two, SMALL, workers=2, limit=6, progress=lambda done, total: steps.append((done, total)))
    assert again.manifest.fingerprint == whole.manifest.fingerprint
    for row in whole.manifest:
        assert (one / row.image).read_bytes() == (two / row.image).read_bytes()
    kept = sum(path.stat().st_mtime_ns == stamp for path, stamp in stamps.items())
    assert kept >= len(stamps) - 2
    assert steps[0][0] >= 1
    assert steps[-1] == (6, 6)


def test_other_seed_other_pictures(ccp: Path, tmp_path: Path) -> None:
    one = make_pairs(ccp, tmp_path / "one", SMALL, workers=1, limit=3)
    two = make_pairs(ccp, tmp_path / "two", Settings(1, 2, 1, 1, 64), workers=1, limit=3)
    assert one.manifest.fingerprint != two.manifest.fingerprint


def test_what_cannot_be(ccp: Path, tmp_path: Path) -> None:
    make_pairs(ccp, tmp_path / "a", SMALL, workers=1, limit=1)
    with pytest.raises(DatasetError, match=r"other settings \(seed 0\)"):
        make_pairs(ccp, tmp_path / "a", Settings(1, 2, 1, 1, 64), workers=1, limit=1)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "mine.txt").write_text("x")
    with pytest.raises(DatasetError, match="something else"):
        make_pairs(ccp, tmp_path / "b", SMALL)
    with pytest.raises(UsageError, match="At least one"):
        make_pairs(ccp, tmp_path / "c", Settings(per_garment=0))
    with pytest.raises(DatasetError):
        make_pairs(tmp_path, tmp_path / "d", SMALL)
    (tmp_path / "a" / "made-pairs.json").write_text(json.dumps({"version": 0}))
    with pytest.raises(DatasetError, match="other settings"):
        make_pairs(ccp, tmp_path / "a", SMALL)


def test_a_damaged_photo_costs_its_products_only(ccp: Path, tmp_path: Path) -> None:
    root = tmp_path / "ccp"
    shutil.copytree(ccp, root)
    photo = root / "photos" / "0003.jpg"
    photo.write_bytes(photo.read_bytes()[:2000])  # the header is whole
    reading = make_pairs(root, tmp_path / "out", SMALL, workers=1)
    assert any(r.where.startswith("0003-") and "ends early" in r.reason for r in reading.refused)
    assert "0003" not in set(reading.manifest.column("group"))
    assert len(set(reading.manifest.column("group"))) == 11


@pytest.mark.data
@pytest.mark.slow
def test_pairs_of_the_real_photos(data_root: Path, tmp_path: Path) -> None:
    """A picture's own colours find its pair far above chance, and far from always."""
    manifest = make_pairs(data_root / "ccp", tmp_path, Settings(size=96, per_garment=2), workers=2, limit=60).manifest
    assert len(set(manifest.column("product_id"))) > 50

    def histogram(row: Any) -> np.ndarray:
        with Image.open(row.path) as picture:
            pixels = np.asarray(picture.convert("RGB"))
            mask = load_mask(row.mask, manifest.root, *picture.size)
        counts, _ = np.histogramdd(pixels[mask], bins=(6, 6, 6), range=[(0, 256)] * 3)
        return np.sqrt(counts.ravel() / counts.sum())

    first = {d: {r.product_id: histogram(r) for r in manifest if r.domain == d} for d in ("street", "shop")}
    names = sorted(first["street"])
    scores = np.array([first["street"][n] for n in names]) @ np.array([first["shop"][n] for n in names]).T
    found = float((scores.argmax(axis=1) == np.arange(len(names))).mean())
    assert 5 / len(names) < found < 0.95


_RUN = """
import sys
from streetshop.lab.data.made_pairs import Settings, make_pairs
if __name__ == "__main__":
    settings = Settings(per_garment=2, street=1, shop=1, size=64)
    print("start", flush=True)
    make_pairs(sys.argv[1], sys.argv[2], settings, workers=2, progress=lambda done, total: print(done, flush=True))
"""


@pytest.mark.slow
def test_killed_it_leaves_no_process_behind_and_goes_on(ccp: Path, tmp_path: Path) -> None:
    script = tmp_path / "run.py"
    script.write_text(_RUN)
    out = tmp_path / "out"
    with subprocess.Popen(
        [sys.executable, str(script), str(ccp), str(out)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        while process.stdout.readline().strip() not in ("1", "2", "3"):
            assert process.poll() is None
        children = [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
        assert len(children) >= 2
        process.kill()
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in children):
        assert time.monotonic() < deadline, "workers outlive the killed process"
        time.sleep(0.1)
    made = list((out / "rows").glob("*.json"))
    assert made
    reading = make_pairs(ccp, out, SMALL, workers=1)
    whole = make_pairs(ccp, tmp_path / "whole", SMALL, workers=1)
    assert reading.manifest.fingerprint == whole.manifest.fingerprint
    for row in whole.manifest:
        assert (out / row.image).read_bytes() == (tmp_path / "whole" / row.image).read_bytes()
