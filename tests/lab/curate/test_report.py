"""The report and the data card."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.core.errors import CurateError
from streetshop.lab.curate import Curation
from streetshop.lab.curate.duplicates import run_duplicates
from streetshop.lab.curate.pairs import run_pairs
from streetshop.lab.curate.report import reason_counts, write_report
from streetshop.lab.curate.splitting import run_split
from streetshop.lab.data.manifest import Manifest


def test_a_report_of_every_step(claiming: Curation) -> None:
    from streetshop.lab.curate.clusters import run_clusters

    run_clusters(claiming, algorithm="kmeans")
    run_duplicates(claiming)
    run_pairs(claiming, rank=0.8)
    run_split(claiming)
    report, card = write_report(claiming)
    page = report.read_text()
    for step in ("Features", "Clusters", "Noise", "Duplicates", "Pairs", "Split"):
        assert f"<h2>{step}</h2>" in page
    assert "<script" not in page
    assert "claim not accepted" in page
    text = card.read_text()
    left = int(claiming.remaining().sum())
    assert f"| rows left | {left} " in text
    assert "licence | drawn" in text
    assert "Leaks between splits: 0" in text


def test_reasons_are_counted_by_sort() -> None:
    reasons = [
        "near copy of row 4 (cosine 0.9)",
        "near copy of row 5 (cosine 0.8)",
        "cluster c-004",
        "claims p1, which",
    ]
    assert reason_counts(reasons) == {"near copy": 2, "cluster c-004": 1, "claim not accepted": 1}


def test_steps_out_of_order_say_what_to_run(shop: Manifest, tmp_path: Path) -> None:
    curation = Curation.create(tmp_path / "out", shop)
    for step in (run_duplicates, run_pairs, run_split, write_report):
        with pytest.raises(CurateError, match="the step features has not been run"):
            step(curation)  # type: ignore[operator]
