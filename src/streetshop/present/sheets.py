"""A result sheet: one HTML file with every picture inside, to look at or to mail. No script, nothing fetched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image

from streetshop.catalog.store import Store
from streetshop.core.photo import Photo, encode_jpeg
from streetshop.core.records import Garment, Match
from streetshop.present.html import write_page
from streetshop.search.query import Answer

_QUERY_SIDE: Final = 480
_CROP_SIDE: Final = 200


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
            name: caption of the photo.
            photo: what was searched with.
            answer: what was found in it.
            store: gives the products' thumbnails.
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
    write_page(path, "sheet.html", title=title, note=note, rows=rows)


def _small(image: Image.Image, side: int) -> bytes:
    copy = image.copy()
    copy.thumbnail((side, side))
    return encode_jpeg(copy)
