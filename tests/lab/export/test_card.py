"""Model cards say what the report says; the shipped cards are those of the shipped reports."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from streetshop.lab.evaluate.report import Report
from streetshop.lab.export.card import write_card
from streetshop.models.folder import SHIPPED
from tests.lab.evaluate.test_report import a_report

pytestmark = pytest.mark.lab


def test_a_card_holds_all_but_the_details(tmp_path: Path) -> None:
    report = a_report()
    hidden = report.sections[0].model_copy(update={"title": "Details", "detail": True})
    write_card(tmp_path, report.model_copy(update={"sections": (*report.sections, hidden)}))
    card = (tmp_path / "card.md").read_text()
    assert card.startswith("# mine, version 2\n\nAn encoder.\n\n| | |\n|---|---|\n| network | small |\n")
    assert "| squares | trained on | CC0 | `abc` |" in card
    assert "### Pairs\n\nHow.\n\n| | ours | theirs |\n|---|---|---|\n| R@1 | 0.500 [0.250, 0.750] |  |\n" in card
    assert "Details" not in card
    assert len(Report.read(tmp_path / "report.json").sections) == 2


@pytest.mark.parametrize("kind", ["encoder", "reader"])
def test_shipped_cards_are_written_from_shipped_reports(kind: str, tmp_path: Path) -> None:
    shutil.copy(SHIPPED / kind / "card.md", tmp_path / "before.md")
    write_card(tmp_path, Report.read(SHIPPED / kind / "report.json"))
    assert (tmp_path / "card.md").read_text() == (tmp_path / "before.md").read_text()
    assert (tmp_path / "report.json").read_text() == (SHIPPED / kind / "report.json").read_text()
    assert "who took its photographs is stated nowhere" in (tmp_path / "card.md").read_text()
