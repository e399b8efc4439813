"""Sheets and reports as single HTML files: every picture inside, no script, nothing fetched."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.thumbnails import thumbnail

_STYLE: Final = """
:root{color-scheme:light dark;--line:#8884;--soft:#8881}
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:1200px;padding:0 1rem}
h1{font-size:1.5rem;margin:0 0 .2rem}h2{font-size:1.15rem;margin:1.8rem 0 .4rem;border-top:1px solid var(--line);
padding-top:1rem}h3{font-size:1rem;margin:1rem 0 .3rem}
.note{color:#777;margin:.2rem 0 1rem}.row{display:flex;flex-wrap:wrap;gap:.5rem;margin:.4rem 0 1rem}
figure{margin:0;width:124px;font-size:.75rem;overflow-wrap:anywhere}
figure img,figure .none{width:124px;height:124px;object-fit:contain;background:#fff;border:1px solid var(--line);
border-radius:4px}figure .none{display:grid;place-items:center;color:#888}
figure.kept img{border:3px solid #1a9c3c}figure.dropped img{border:3px solid #c62828}
figcaption{color:#777}table{border-collapse:collapse;margin:.5rem 0 1rem;font-size:.9rem}
td,th{border:1px solid var(--line);padding:.2rem .6rem;text-align:left;vertical-align:top}
td.number{text-align:right;font-variant-numeric:tabular-nums}
.drop{color:#c62828;font-weight:600}.keep{color:#1a9c3c;font-weight:600}.look{color:#b26a00;font-weight:600}
"""
_POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def document(title: str, body: Iterable[str]) -> str:
    """A whole page."""
    head = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body><h1>{html.escape(title)}</h1>"
    )
    return head + "\n".join(body) + "</body></html>\n"


def write_page(path: Path, title: str, body: Iterable[str]) -> None:
    """A whole page to a file, in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    partial.write_text(document(title, body), encoding="utf-8", errors="replace")
    partial.replace(path)


def figure(manifest: Manifest, row: int, caption: str = "", kind: str = "") -> str:
    """A row's thumbnail; ``kind``: ``kept`` or ``dropped`` gives it a coloured frame."""
    data = thumbnail(manifest, row)
    picture = '<div class="none">no picture</div>'
    if data is not None:
        source = base64.b64encode(data).decode()
        picture = f'<img alt="row {row}" src="data:image/jpeg;base64,{source}">'
    return f'<figure class="{kind}">{picture}<figcaption>{html.escape(caption)}</figcaption></figure>'


def figures(manifest: Manifest, rows: Sequence[int], captions: Sequence[str] = (), kind: str = "") -> str:
    """Thumbnails in a row."""
    shown = [figure(manifest, row, captions[i] if captions else "", kind) for i, row in enumerate(rows)]
    return f'<div class="row">{"".join(shown)}</div>'


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], raw: Sequence[str] = ()) -> str:
    """A table; cells of the columns named in ``raw`` are markup already."""
    parts = ["<table><tr>", *(f"<th>{html.escape(column)}</th>" for column in columns), "</tr>"]
    for row in rows:
        parts.append("<tr>")
        for column, value in zip(columns, row, strict=True):
            number = isinstance(value, int | float) and not isinstance(value, bool)
            text = f"{value:.3f}" if isinstance(value, float) else str(value)
            text = text if column in raw else html.escape(text)
            parts.append(f'<td class="number">{text}</td>' if number else f"<td>{text}</td>")
        parts.append("</tr>")
    return "".join([*parts, "</table>"])


def pairs_table(values: Mapping[str, Any]) -> str:
    """Names and values."""
    return table(("", "value"), [(name.replace("_", " "), _plain(value)) for name, value in values.items()])


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else value


def escape(text: str) -> str:
    """Text as markup."""
    return html.escape(text)
