"""A result sheet: one HTML file with every picture inside, to look at or to mail. No script, nothing fetched."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from PIL import Image

from streetshop.catalog.store import Store
from streetshop.core.photo import Photo, encode_jpeg
from streetshop.core.records import Garment, Match
from streetshop.search.query import Answer

_QUERY_SIDE: Final = 480
_CROP_SIDE: Final = 200

_STYLE: Final = """
:root{color-scheme:light dark;--line:#8884;--soft:#8881}
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:1500px;padding:0 1rem}
h1{font-size:1.5rem;margin:0 0 .2rem}.note{color:#777;margin:.2rem 0 1.5rem}
section{border-top:1px solid var(--line);padding:1.2rem 0}
section{display:grid;grid-template-columns:minmax(180px,260px) 1fr;gap:1.5rem}
figure{margin:0}section>div{min-width:0}section>figure img{width:100%;border-radius:8px}
figcaption{color:#777;font-size:.85rem;overflow-wrap:anywhere}
.photo{position:relative}.mark{position:absolute;border:2px solid #fff;outline:2px solid #e2005d;border-radius:4px}
.mark b{position:absolute;top:2px;left:2px;background:#e2005d;color:#fff;border-radius:4px}
.mark b{font-size:.75rem;padding:0 .35rem}
h2{font-size:1rem;margin:.2rem 0 .6rem}
.row{display:flex;gap:.7rem;overflow-x:auto;padding-bottom:.4rem;margin-bottom:1rem}
.card{flex:0 0 132px;font-size:.8rem;overflow-wrap:anywhere}
.card img,.card .none{width:132px;height:160px;object-fit:contain;background:#fff}
.card img,.card .none{border:1px solid var(--line);border-radius:6px}
.card.asked img{border:2px solid #e2005d}.card .none{display:grid;place-items:center;color:#888}
.card.right img{border:3px solid #1a9c3c}.score{color:#777}
@media(max-width:700px){section{grid-template-columns:1fr}}
"""


@dataclass(frozen=True, slots=True)
class SheetGarment:
    """A garment asked for: its crop, its matches with their pictures, and, where it is known, the right product."""

    garment: Garment
    crop: bytes
    matches: tuple[tuple[Match, bytes | None], ...]
    right: str | None = None


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A photo with what was found for each of its garments."""

    name: str
    photo: bytes
    width: int
    height: int
    garments: tuple[SheetGarment, ...]

    @classmethod
    def from_answer(
        cls, name: str, photo: Photo, answer: Answer, store: Store, right: Sequence[str | None] = ()
    ) -> SheetRow:
        """Gather the pictures of an answer.

        Args:
            right: the true product id of each garment, where it is known: its card is framed in green.
        """
        image = photo.image()
        garments = []
        for i, found in enumerate(answer.garments):
            box = found.garment.box.scale(*photo.scale)
            crop = image.crop(tuple(round(v) for v in box.corners))  # type: ignore[arg-type]
            matches = tuple((m, store.thumbnail(m.product.id, m.shot)) for m in found.matches)
            truth = right[i] if i < len(right) else None
            garments.append(SheetGarment(found.garment, _small(crop, _CROP_SIDE), matches, truth))
        return cls(name, _small(image, _QUERY_SIDE), photo.width, photo.height, tuple(garments))


def write_sheet(path: Path, rows: Sequence[SheetRow], *, title: str, reader: bool, note: str = "") -> None:
    """Write the sheet to ``path``. ``reader``: whether garments were read, or whole photos and boxes searched."""
    if not reader and not note:
        note = "Searched without a reader: each photo, or the box given, stood as one garment."
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src 'unsafe-inline'\">",
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>",
        f'<h1>{html.escape(title)}</h1><p class="note">{html.escape(note)}</p>',
        *(_section(row) for row in rows),
        "</body></html>",
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(parts), encoding="utf-8")


def _section(row: SheetRow) -> str:
    marks = "".join(_mark(i, row, each.garment) for i, each in enumerate(row.garments))
    lists = "".join(
        f"<h2>{i} · {html.escape(each.garment.category)}</h2>"
        f'<div class="row"><div class="card asked"><img alt="the garment asked for" src="{_data_uri(each.crop)}">'
        f"asked for</div>{''.join(_card(match, picture, each.right) for match, picture in each.matches)}</div>"
        for i, each in enumerate(row.garments)
    )
    return (
        f'<section><figure><div class="photo"><img alt="photo" src="{_data_uri(row.photo)}">{marks}</div>'
        f"<figcaption>{html.escape(row.name)}</figcaption></figure><div>{lists}</div></section>"
    )


def _mark(i: int, row: SheetRow, garment: Garment) -> str:
    box = garment.box
    left, top = 100 * box.x0 / row.width, 100 * box.y0 / row.height
    width, height = 100 * box.width / row.width, 100 * box.height / row.height
    place = f"left:{left:.2f}%;top:{top:.2f}%;width:calc({width:.2f}% - 4px);height:calc({height:.2f}% - 4px)"
    return f'<span class="mark" style="{place}"><b>{i}</b></span>'


def _card(match: Match, picture: bytes | None, right: str | None) -> str:
    product = match.product
    name = html.escape(product.title or product.id)
    if urlsplit(product.url).scheme in ("http", "https"):
        name = f'<a href="{html.escape(product.url)}" rel="noreferrer noopener">{name}</a>'
    price = "" if product.price is None else f"{product.price:.2f} {html.escape(product.currency)}<br>"
    image = f'<img alt="" src="{_data_uri(picture)}">' if picture else '<div class="none">no picture kept</div>'
    kind = "card right" if right == product.id else "card"
    return (
        f'<div class="{kind}">{image}{name}<br>{price}{html.escape(product.category)} '
        f'<span class="score">{match.score:.3f}</span></div>'
    )


def _small(image: Image.Image, side: int) -> bytes:
    copy = image.copy()
    copy.thumbnail((side, side))
    return encode_jpeg(copy)


def _data_uri(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
