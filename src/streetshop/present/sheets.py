"""A result sheet: one HTML file with every picture inside, to look at or to mail. No script, nothing fetched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from PIL import Image

from streetshop.core.photo import Photo, encode_jpeg
from streetshop.core.records import Garment, Look, Match
from streetshop.present.html import write_page
from streetshop.present.words import lacking_text, others_text
from streetshop.search import Answer

_PHOTO_SIDE: Final = 480
_CROP_SIDE: Final = 200

Thumbnails: TypeAlias = Callable[[str, int], bytes | None]
"""The JPEG kept of a shot, by product id and index; None where none is kept."""


@dataclass(frozen=True, slots=True)
class SheetGarment:
    """A garment asked for.

    Attributes:
        garment: of the photo.
        crop: JPEG.
        matches: with their pictures.
        right: id of the right product, where it is known.
        note: what is lacking.
        others: products of other kinds, with their pictures.
        others_note: the line above them.
    """

    garment: Garment
    crop: bytes
    matches: tuple[tuple[Match, bytes | None], ...]
    right: str | None = None
    note: str = ""
    others: tuple[tuple[Match, bytes | None], ...] = ()
    others_note: str = ""


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A photo with what was found for each of its garments."""

    name: str
    photo: bytes
    width: int
    height: int
    garments: tuple[SheetGarment, ...]
    reader: str | None = None

    @classmethod
    def from_answer(
        cls, name: str, photo: Photo, answer: Answer, thumbnail: Thumbnails, right: Sequence[str | None] = ()
    ) -> SheetRow:
        """Gather the pictures of an answer.

        Args:
            name: caption of the photo.
            photo: what was searched with.
            answer: what was found.
            thumbnail: gives the picture kept of a product's shot.
            right: the true product id of each garment, where it is known: its card is framed in green.
        """
        garments = []
        for i, found in enumerate(answer.garments):
            matches, others = _pictured(found.matches, thumbnail), _pictured(found.others, thumbnail)
            truth = right[i] if i < len(right) else None
            crop, notes = _crop(photo, found.garment), (lacking_text(found), others_text(found))
            garments.append(SheetGarment(found.garment, crop, matches, truth, notes[0], others, notes[1]))
        picture = small_jpeg(photo.image(), _PHOTO_SIDE)
        return cls(name, picture, photo.width, photo.height, tuple(garments), answer.look.reader)

    @classmethod
    def from_look(cls, name: str, photo: Photo, look: Look) -> SheetRow:
        """The pictures of a look, without products."""
        garments = tuple(SheetGarment(garment, _crop(photo, garment), ()) for garment in look.garments)
        return cls(name, small_jpeg(photo.image(), _PHOTO_SIDE), photo.width, photo.height, garments, look.reader)


def write_sheet(path: Path, rows: Sequence[SheetRow], *, title: str, reader: bool, note: str = "") -> None:
    """Write the sheet to ``path``. ``reader``: whether garments were read, or whole photos and boxes searched."""
    if not reader and not note:
        note = "Searched without a reader: each photo, or the box given, was taken as one garment."
    write_page(path, "sheet.html", title=title, note=note, rows=rows)


def _pictured(matches: Sequence[Match], thumbnail: Thumbnails) -> tuple[tuple[Match, bytes | None], ...]:
    return tuple((match, thumbnail(match.product.id, match.shot)) for match in matches)


def _crop(photo: Photo, garment: Garment) -> bytes:
    rows, columns = garment.box.scale(*photo.scale).slices()  # whole pixels: a thin box is never empty
    return small_jpeg(Image.fromarray(photo.pixels[rows, columns]), _CROP_SIDE)


def small_jpeg(image: Image.Image, side: int) -> bytes:
    """A picture as a JPEG of at most ``side`` pixels on its longer side."""
    copy = image.copy()
    copy.thumbnail((side, side))
    return encode_jpeg(copy)
