"""Splits of a curation."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from streetshop.lab.curate import Curation
from streetshop.lab.curate.duplicates import run_duplicates
from streetshop.lab.curate.features import run_features
from streetshop.lab.curate.pairs import run_pairs
from streetshop.lab.curate.splitting import leak_report, run_split
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample
from tests.lab.curate.conftest import SMALL
from tests.lab.curate.drawn import CATEGORIES, garment


def test_nothing_leaks_and_the_curated_manifest_says_so(claiming: Curation) -> None:
    run_duplicates(claiming)
    run_pairs(claiming, rank=0.8)
    summary = run_split(claiming, {"train": 0.6, "val": 0.2, "test": 0.2}, seed=3)
    assert set(summary["leaks"].values()) == {0}
    curated = Manifest.read(claiming.folder / "curated.parquet")
    assert curated.fingerprint == summary["fingerprint"]
    assert len(curated) == claiming.remaining().sum()
    assert set(curated.column("split")) == {"train", "val", "test"}
    street = curated.where(lambda row: row.domain == "street")
    assert len(street)
    assert all(row.product_id for row in street)


def test_duplicates_of_different_products_are_tied_together(tmp_path: Path) -> None:
    root = tmp_path / "p"
    root.mkdir()
    rows = []
    for number in range(40):
        # 32 to 39 show what 0 to 7 show, as other products of other senders.
        shown = number % 32
        garment(CATEGORIES[shown % 4], shown // 4, 0).save(root / f"{number}.png")
        rows.append(Sample(f"{number}.png", "shop", f"p{number}", CATEGORIES[shown % 4], group=f"sender {number // 2}"))
    curation = Curation.create(tmp_path / "out", Manifest.from_rows(rows, root))
    run_features(curation, SMALL)
    run_duplicates(curation)
    run_split(curation, seed=1)
    curated = Manifest.read(curation.folder / "curated.parquet")
    split_of = dict(zip(curated.column("image").tolist(), curated.column("split").tolist(), strict=True))
    # The same drawing under two products, and neighbours by sender.
    conflicts = curation.summary("duplicates")["conflicting_products"]
    assert all(any({f"p{n}", f"p{n + 32}"} <= set(products) for products in conflicts) for n in range(8))
    for number in range(8):
        assert split_of[f"{number}.png"] == split_of[f"{number + 32}.png"]
    for number in range(0, 40, 2):
        assert split_of[f"{number}.png"] == split_of[f"{number + 1}.png"]


def test_the_leak_report_sees_every_sort_of_leak(tmp_path: Path) -> None:
    rows = [
        Sample("a.png", "shop", "p1", split="train", group="g1"),
        Sample("a.png", "shop", "p1", split="test", group="g1"),
        Sample("b.png", "shop", "p2", split="train", group="g2"),
        Sample("c.png", "shop", "p3", split="val", group="g3"),
    ]
    report = leak_report(Manifest.from_rows(rows, tmp_path), np.array([-1, -1, 4, 4]), np.array([0, 0, 1, 2]))
    assert report == {
        "product": ["p1"], "sender": ["g1"], "picture": ["a.png"], "content": ["0"], "near duplicates": ["4"],
    }  # fmt: skip
