"""The report: whole in one file, its pictures those of the comparison."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from streetshop.lab.compare import tables, write_report
from streetshop.lab.compare.measure import Comparison
from streetshop.lab.compare.page import kind_of

pytestmark = pytest.mark.lab


def _report(comparison: Comparison, path: Path, **options: bool) -> str:
    write_report(path, comparison, tables.pairs(comparison), count=4, **{"pictures": True, **options})
    return path.read_text(encoding="utf-8")


def test_the_report_fetches_nothing_and_holds_every_picture_once(comparison: Comparison, tmp_path: Path) -> None:
    page = _report(comparison, tmp_path / "report.html")
    assert not re.search(r"(src|href)\s*=", page)
    assert "<script" not in page
    assert all(target.startswith("data:image/jpeg;base64,") for target in re.findall(r"url\(([^)]*)\)", page))
    stored = re.findall(r"\.(p\d+)\{background-image", page)
    shown = set(re.findall(r"class=\"pic [a-z]+ (p\d+)\"", page))
    assert len(stored) == len(set(stored))
    assert shown == set(stored)
    for fact in (comparison.manifest.fingerprint, "street-to-shop-in-category", "loose, cosine", "not distinguishable"):
        assert fact in page
    assert page.count("<svg") == 2, "a run that is compared by two distances was trained once"


def test_without_pictures_there_are_none(comparison: Comparison, tmp_path: Path) -> None:
    page = _report(comparison, tmp_path / "numbers.html", pictures=False)
    assert "data:image" not in page
    assert "Examples" not in page
    assert "<svg" in page


def test_text_is_escaped(comparison: Comparison, tmp_path: Path) -> None:
    page = _report(replace(comparison, notes=('<b title="x">',)), tmp_path / "report.html", pictures=False)
    assert "<li>&lt;b title=&#34;x&#34;&gt;</li>" in page


def test_numbers_and_long_texts_have_cells_of_their_own() -> None:
    assert [kind_of(cell) for cell in ("0.5 [0.4, 0.6]", "+0.1", "–", "", "cosine")] == ["number"] * 4 + [""]
    assert kind_of("x" * 41) == "text"
