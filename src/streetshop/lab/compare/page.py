"""The report as one HTML file: no script, nothing fetched, each picture stored once."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from streetshop.lab.compare import tables
from streetshop.lab.compare.curves import limits, training_curves
from streetshop.lab.compare.examples import Example, examples, mistakes
from streetshop.lab.compare.measure import Comparison
from streetshop.lab.compare.tables import Table
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.evaluate.markup import thumbnail, write_page

THUMBNAIL: Final = 64
"""Long side in pixels."""

_STYLE: Final = """
body{max-width:1500px}.wide{overflow-x:auto}td,th{white-space:nowrap}td.text{white-space:normal;min-width:18rem}
tbody th{font-weight:600}small{color:#777}tr.first{background:var(--soft)}
.curves{display:flex;flex-wrap:wrap;gap:1rem}.curves figure{width:260px}.curves figcaption{color:inherit}
.curve{width:260px;height:130px}.curve text{font-size:10px;fill:#777}.curve .axis{fill:none;stroke:#888}
.curve .score{fill:none;stroke:#1a7f6b;stroke-width:2}.curve circle{fill:#1a7f6b}
.curve .loss{fill:none;stroke:#c98a1b;stroke-width:1;opacity:.7}
.example{display:grid;grid-template-columns:13rem repeat(10,68px);gap:4px;align-items:center}
.example{margin:.6rem 0 1.4rem}
.example .name{font-size:.8rem;padding-right:.6rem}
.pic{display:block;width:64px;height:64px;background:#fff center/contain no-repeat;border:2px solid #8886}
.pic.hit{border-color:#1a9c3c;border-width:4px}.pic.miss{border-color:#c62828}.pic.query{border-color:#888}
.pic{border-radius:4px;box-sizing:border-box}
details{margin:.5rem 0}summary{cursor:pointer;font-weight:600}li{margin:.2rem 0}
"""


def write_report(
    path: Path, comparison: Comparison, pairs: Sequence[tuple[str, str]], *, pictures: bool, count: int
) -> None:
    """Write the report; ``pictures=False`` leaves the examples out, where their licence forbids passing them on."""
    manifest = comparison.manifest
    title = f"{manifest.name or 'Comparison'}: {len(comparison.subjects)} methods"
    body = [f"<style>{_STYLE}</style>", *_head(comparison), *_numbers(comparison, pairs), *_training(comparison)]
    body += _failures(comparison)
    if pictures:
        body += _examples(manifest, examples(comparison, comparison.protocols[0], count))
    write_page(path, title, body)


def _head(comparison: Comparison) -> list[str]:
    manifest = comparison.manifest
    first = comparison.subjects[0].name
    lines = [
        f'<p class="note">Measured on {_text(manifest.name or "a manifest")}, fingerprint '
        f"<code>{manifest.fingerprint}</code>. {_text(manifest.licence)}</p>",
        "<ul>",
    ]
    for protocol in comparison.protocols:
        result = comparison.result(first, protocol.name)
        lines.append(
            f"<li><b>{_text(protocol.name)}</b>: {_text(protocol.about)} {len(result.query_ids)} queries "
            f"({result.unmatched} without a match), gallery of {result.gallery} pictures.</li>"
        )
    return [*lines, *(f"<li>{_text(note)}</li>" for note in comparison.notes), "</ul>"]


def _numbers(comparison: Comparison, pairs: Sequence[tuple[str, str]]) -> list[str]:
    parts = [
        "<h2>Methods and metrics</h2>",
        '<p class="note">Mean over queries and 95 % interval; the bootstrap draws whole photos. R@k: one of the first '
        "k is the product; MAP@5 divides by min(5, R); P@5 and R@5 count every picture of the product.</p>",
        _table(tables.headline(comparison)),
        "<h2>Pairs</h2>",
        '<p class="note">Second minus first over the same queries: difference, 95 % interval, p of a permutation test. '
        "One seed each: the intervals know of the queries drawn, not of another training's luck.</p>",
        _table(tables.paired(comparison, pairs), first=False),
        "<h2>Every metric</h2>",
    ]
    for protocol in comparison.protocols:
        table = _table(tables.whole_protocol(comparison, protocol.name))
        parts.append(f"<details><summary>{_text(protocol.name)}</summary>{table}</details>")
    return parts


def _training(comparison: Comparison) -> list[str]:
    parts = ["<h2>Cost</h2>", _table(tables.cost(comparison))]
    notes = [(s.name, note) for s in comparison.subjects for note in s.notes]
    parts += (
        ["<ul>", *(f"<li><b>{_text(name)}</b> {_text(note)}</li>" for name, note in notes), "</ul>"] if notes else []
    )
    trained = [(s.name, s.facts) for s in comparison.subjects if s.facts is not None]
    shown = list({facts.folder: (name, facts) for name, facts in reversed(trained)}.values())[::-1]
    if not shown:
        return parts
    longest, best = limits([facts for _, facts in shown])
    parts += [
        "<h2>Training</h2>",
        '<p class="note">Green: validation over seconds of training, all on one scale. Thin: the loss, each on its '
        "own. MAP@k of different k are not comparable.</p>",
        '<div class="curves">',
        *(
            f"<figure>{training_curves(facts, longest, best)}"
            f"<figcaption>{_text(name)} ({facts.score_name})</figcaption></figure>"
            for name, facts in shown
        ),
        "</div>",
        "<h3>What differs from the recipes as shipped</h3>",
    ]
    for name, facts in shown:
        listed = facts.changes if facts.changes is not None else ("not a recipe that comes with streetshop",)
        items = "".join(f"<li><code>{_text(change)}</code></li>" for change in listed) or "<li>nothing</li>"
        parts.append(f"<details><summary>{_text(name)}</summary><ul>{items}</ul></details>")
    return parts


def _failures(comparison: Comparison) -> list[str]:
    protocol, metric, title = tables.columns(comparison)[min(1, len(tables.columns(comparison)) - 1)]
    chosen = next(p for p in comparison.protocols if p.name == protocol)
    return [
        "<h2>Failures by category</h2>",
        f'<p class="note">{_text(title)} under {_text(protocol)}, for the queries of each category.</p>',
        _table(tables.by_category(comparison, protocol, metric), first=False),
        _table(mistakes(comparison, chosen)),
    ]


def _examples(manifest: Manifest, chosen: Sequence[Example]) -> list[str]:
    rows = [e.row for e in chosen] + [int(r) for e in chosen for found, _ in e.found.values() for r in found if r >= 0]
    stored = []
    for row in dict.fromkeys(rows):
        data = thumbnail(manifest, row, THUMBNAIL)
        if data is not None:
            source = base64.b64encode(data).decode()
            stored.append(f".p{row}{{background-image:url(data:image/jpeg;base64,{source})}}")
    parts = [
        "<h2>Examples</h2>",
        '<p class="note">The same queries for all, from easy to hard. Green: the product asked for; red: another.</p>',
        f"<style>{''.join(stored)}</style>",
    ]
    return parts + [_example(manifest, example) for example in chosen]


def _example(manifest: Manifest, example: Example) -> str:
    query = manifest.row(example.row)
    cells = [
        f'<span class="name"><b>{_text(query.category)}</b><br>{_text(query.product_id)}</span>'
        f'<span class="pic query p{example.row}" style="grid-column:2/12" title="query"></span>'
    ]
    for name, (rows, hits) in example.found.items():
        pictures = "".join(
            f'<span class="pic {"hit" if hit else "miss"} p{row}" title="{_text(_title(manifest, int(row)))}"></span>'
            for row, hit in zip(rows, hits, strict=True)
            if row >= 0
        )
        cells.append(f'<span class="name" style="grid-column:1">{_text(name)}</span>{pictures}')
    return f'<div class="example">{"".join(cells)}</div>'


def _title(manifest: Manifest, row: int) -> str:
    found = manifest.row(row)
    return f"{found.category} {found.product_id}"


def _table(table: Table, *, first: bool = True) -> str:
    head = "".join(f"<th>{_text(cell)}</th>" for cell in table.header)
    lines = [f"<div class='wide'><table><thead><tr>{head}</tr></thead><tbody>"]
    for number, (name, *cells) in enumerate(table.rows):
        line = "".join(f'<td class="{_kind(cell)}">{_cell(cell)}</td>' for cell in cells)
        kind = ' class="first"' if first and number == 0 else ""
        lines.append(f"<tr{kind}><th>{_text(name)}</th>{line}</tr>")
    return "".join([*lines, "</tbody></table></div>"])


def _cell(text: str) -> str:
    """An interval goes below its number, so that a wide table fits a screen."""
    number, bracket, rest = text.partition(" [")
    return f"{_text(number)}<br><small>[{_text(rest)}</small>" if bracket else _text(text)


def _kind(cell: str) -> str:
    return "number" if cell[:1].isdigit() or cell[:1] in "+-–" else "text" if len(cell) > 40 else ""


def _text(value: str) -> str:
    return html.escape(value, quote=True)
