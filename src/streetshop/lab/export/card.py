"""The model card of a bundle, written from its report and nothing else."""

from __future__ import annotations

from pathlib import Path

from streetshop.core.files import write_text
from streetshop.lab.evaluate.report import REPORT_FILE, Report
from streetshop.models.folder import CARD_FILE
from streetshop.present.html import render


def write_card(folder: Path, report: Report) -> None:
    """Write ``report.json`` and, from it, ``card.md`` into a bundle's folder."""
    report.write(folder / REPORT_FILE)
    shown = [section for section in report.sections if not section.detail]
    write_text(folder / CARD_FILE, render("card.md", report=report, sections=shown))
