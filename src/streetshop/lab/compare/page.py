"""The comparison as one HTML file: no script, nothing fetched, each picture stored once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from streetshop.lab.compare import tables
from streetshop.lab.compare.curves import draw_curves, limits
from streetshop.lab.compare.examples import Example, examples, mistakes
from streetshop.lab.compare.measure import Comparison
from streetshop.lab.data.thumbnails import thumbnail
from streetshop.present.html import write_page

THUMBNAIL: Final = 64
"""Long side of an example's picture in pixels."""


def write_report(
    path: Path, comparison: Comparison, pairs: Sequence[tuple[str, str]], *, pictures: bool, count: int
) -> None:
    """Write the report.

    Args:
        path: of the HTML file.
        comparison: what was measured.
        pairs: names of two subjects, to be shown as differences.
        pictures: whether to show examples; leave them out where the pictures' licence forbids passing them on.
        count: how many examples.
    """
    manifest = comparison.manifest
    first = comparison.subjects[0].name
    shown = examples(comparison, comparison.protocols[0], count) if pictures else []
    write_page(
        path,
        "compare.html",
        title=f"{manifest.name or 'Comparison'}: {len(comparison.subjects)} methods",
        manifest=manifest,
        protocols=[(protocol, comparison.result(first, protocol.name)) for protocol in comparison.protocols],
        notes=comparison.notes,
        headline=tables.headline(comparison),
        pairs=tables.paired(comparison, pairs),
        every=[(one.name, tables.whole_protocol(comparison, one.name)) for one in comparison.protocols],
        cost=tables.cost(comparison),
        subject_notes=[(subject.name, note) for subject in comparison.subjects for note in subject.notes],
        trained=_trained(comparison),
        failed=_failed(comparison),
        examples=shown,
        pictures=_pictures(comparison, shown),
        kind_of=kind_of,
    )


def kind_of(cell: str) -> str:
    """The CSS class of a table's cell: ``number``, ``text`` for one so long that it must wrap, or none."""
    if cell[:1].isdigit() or cell[:1] in "+-–":
        return "number"
    return "text" if len(cell) > 40 else ""


def _trained(comparison: Comparison) -> list[dict[str, Any]]:
    """Each run once, under its first name, though it may be compared by two distances."""
    runs: dict[Path, dict[str, Any]] = {}
    for subject in comparison.subjects:
        if subject.facts is not None:
            runs.setdefault(subject.facts.folder, {"name": subject.name, "facts": subject.facts})
    longest, best = limits([run["facts"] for run in runs.values()])
    return [{**run, "curves": draw_curves(run["facts"], longest, best)} for run in runs.values()]


def _failed(comparison: Comparison) -> dict[str, Any]:
    columns = tables.columns(comparison)
    protocol, metric, title = columns[min(1, len(columns) - 1)]
    chosen = next(p for p in comparison.protocols if p.name == protocol)
    return {
        "title": title,
        "protocol": protocol,
        "by_category": tables.by_category(comparison, protocol, metric),
        "mistakes": mistakes(comparison, chosen),
    }


def _pictures(comparison: Comparison, shown: Sequence[Example]) -> dict[int, bytes]:
    """Thumbnails by row; pictures that cannot be read are left out."""
    rows = [e.row for e in shown] + [int(r) for e in shown for found, _ in e.found.values() for r in found if r >= 0]
    read = {row: thumbnail(comparison.manifest, row, THUMBNAIL) for row in dict.fromkeys(rows)}
    return {row: jpeg for row, jpeg in read.items() if jpeg is not None}
