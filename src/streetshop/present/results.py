"""Looks and answers that show themselves: short in a terminal, with pictures in a notebook."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, overload

from PIL import Image

from streetshop.core.errors import StreetshopError
from streetshop.core.photo import Photo
from streetshop.core.records import Garment, Look, Match
from streetshop.looks.overlay import draw_overlay
from streetshop.present.html import render
from streetshop.present.json import answer_json, look_json, match_json
from streetshop.present.sheets import SheetRow, Thumbnails, small_jpeg
from streetshop.present.words import closeness_text
from streetshop.search import Answer, GarmentAnswer

_SHOWN_GARMENTS: Final = 8
_SHOWN_MATCHES: Final = 12
_SHOWN_SIDE: Final = 160
"""A notebook keeps what is shown: this many garments, products of each, and pixels of a thumbnail."""


@dataclass(frozen=True, eq=False, repr=False)
class PhotoLook(Sequence[Garment]):
    """What was read in a photo; a sequence of its garments.

    Attributes:
        look: persons, garments and view.
        photo: what was read.
        name: caption of the photo.
    """

    look: Look
    photo: Photo
    name: str = "photo"

    @overload
    def __getitem__(self, index: int) -> Garment: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Garment, ...]: ...
    def __getitem__(self, index: int | slice) -> Garment | tuple[Garment, ...]:
        return self.look.garments[index]

    def __len__(self) -> int:
        return len(self.look.garments)

    def __repr__(self) -> str:
        return f"<PhotoLook of {self.name}: {_listed(self.look.garments)}>"

    def overlay(self) -> Image.Image:
        """The photo with masks, boxes, hotspots and skeletons drawn over it."""
        return draw_overlay(self.photo, self.look)

    def to_dict(self, *, masks: bool = False) -> dict[str, Any]:
        """As `streetshop look --json` and the HTTP API; ``masks`` adds which pixels each garment covers."""
        return look_json(self.look, masks=masks)

    def _repr_html_(self) -> str:
        return render("look.html", row=SheetRow.from_look(self.name, self.photo, self.look))


@dataclass(frozen=True, eq=False, repr=False)
class PhotoAnswer(Sequence[GarmentAnswer]):
    """What a photo search found; a sequence with the products of each garment.

    Attributes:
        answer: the look, the products of each garment, and the weights that ranked them.
        photo: what was searched with.
        name: caption of the photo.
        thumbnail: gives the picture kept of a product's shot.
    """

    answer: Answer
    photo: Photo
    name: str
    thumbnail: Thumbnails

    @property
    def look(self) -> Look:
        """What was read in the photo."""
        return self.answer.look

    @overload
    def __getitem__(self, index: int) -> GarmentAnswer: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[GarmentAnswer, ...]: ...
    def __getitem__(self, index: int | slice) -> GarmentAnswer | tuple[GarmentAnswer, ...]:
        return self.answer.garments[index]

    def __len__(self) -> int:
        return len(self.answer.garments)

    def __repr__(self) -> str:
        products = len({match.product.id for found in self for match in found.matches})
        return f"<PhotoAnswer for {self.name}: {_listed([found.garment for found in self])}; {products} products>"

    def to_dict(self, *, vectors: bool = False, masks: bool = False) -> dict[str, Any]:
        """As `streetshop search --json` and the HTTP API."""
        return answer_json(self.answer, vectors=vectors, masks=masks)

    def sheet_row(self, right: Sequence[str | None] = ()) -> SheetRow:
        """The answer with its pictures, for a result sheet; ``right`` as in :meth:`SheetRow.from_answer`."""
        return SheetRow.from_answer(self.name, self.photo, self.answer, self.thumbnail, right)

    def _repr_html_(self) -> str:
        shown = tuple(replace(found, matches=found.matches[:_SHOWN_MATCHES]) for found in self[:_SHOWN_GARMENTS])
        answer = replace(self.answer, garments=shown)
        row = SheetRow.from_answer(self.name, self.photo, answer, _shrunk(self.thumbnail))
        return render("answer.html", row=row, more=len(self) - len(shown))


@dataclass(frozen=True, eq=False, repr=False)
class Matches(Sequence[Match]):
    """Products, nearest first.

    Attributes:
        matches: the products with their scores.
        weights: of every block, as used.
        thumbnail: gives the picture kept of a product's shot.
    """

    matches: tuple[Match, ...]
    weights: Mapping[str, float]
    thumbnail: Thumbnails

    @overload
    def __getitem__(self, index: int) -> Match: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Match, ...]: ...
    def __getitem__(self, index: int | slice) -> Match | tuple[Match, ...]:
        return self.matches[index]

    def __len__(self) -> int:
        return len(self.matches)

    def __repr__(self) -> str:
        best = f"; nearest {self[0].product.id}, {closeness_text(self[0])}" if self.matches else ""
        return f"<Matches: {len(self)} products{best}>"

    def to_dict(self) -> dict[str, Any]:
        """As the HTTP API."""
        return {"matches": [match_json(match) for match in self], "weights": dict(self.weights)}

    def _repr_html_(self) -> str:
        thumbnail = _shrunk(self.thumbnail)
        pairs = [(match, thumbnail(match.product.id, match.shot)) for match in self[: _SHOWN_GARMENTS * _SHOWN_MATCHES]]
        return render("matches.html", pairs=pairs)


def _listed(garments: Sequence[Garment]) -> str:
    noun = "garment" if len(garments) == 1 else "garments"
    return f"{len(garments)} {noun} ({', '.join(garment.category for garment in garments)})"


def _shrunk(thumbnail: Thumbnails) -> Thumbnails:
    """Smaller pictures; None for a product that was deleted meanwhile."""

    def shrunk(product_id: str, shot: int) -> bytes | None:
        try:
            data = thumbnail(product_id, shot)
        except StreetshopError:
            return None
        if data is None:
            return None
        with Image.open(io.BytesIO(data)) as image:
            return small_jpeg(image, _SHOWN_SIDE)

    return shrunk
