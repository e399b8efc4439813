"""From the bytes of a product's picture to what the encoder sees of it, and a thumbnail."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from typing import Final

from PIL import Image

from streetshop.core.photo import Photo
from streetshop.core.records import Garment, Look
from streetshop.looks import Reader, WholePhotoReader, garment_picture, read_look
from streetshop.models import Encoder, Prepared

_WEARS: Final = {
    "top": "blouse body bodysuit camisole hoodie jersey jumper longsleeve polo pullover shirt sweater sweatshirt tank "
    "tee tshirt tunic undershirt",
    "outerwear": "anorak blazer cape cardigan coat jacket kimono outwear parka poncho shrug trench windbreaker",
    "trousers": "capri chino culotte jean jogger palazzo pant trouser trackpant",
    "shorts": "bermuda short",
    "dress": "gown jumpsuit playsuit romper sundress",
    "footwear": "boot clog espadrille flat heel loafer moccasin pump sandal shoe slipper sneaker stiletto trainer "
    "wedge",
    "bag": "backpack clutch handbag purse satchel tote wallet",
    "hat": "beanie beret cap",
    "scarf": "scarve shawl stole",
    "legwear": "legging sock stocking tight",
    "accessory": "accessorie belt bracelet brooch earring eyewear glass glove jewelry necklace ring sunglass tie watch",
}
"""What shops call the shipped reader's classes: last words of categories, as :func:`_words` leaves them."""
_CLASS_OF_WORD: Final = {word: name for name, words in _WEARS.items() for word in words.split()}

THUMBNAIL_SIDE: Final = 320
"""Longer side of a thumbnail in pixels, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class PreparedShot:
    """A picture that only the network has not seen yet. ``thumbnail`` is ``b""`` where none is wanted."""

    prepared: Prepared
    thumbnail: bytes


@dataclass(frozen=True)
class ShotReader:
    """Turns pictures into what the encoder takes; safe from several threads.

    Attributes:
        reader: finds the garment in the picture.
        thumbnails: make one of every picture.
    """

    encoder: Encoder
    reader: Reader = field(default_factory=WholePhotoReader)
    thumbnails: bool = True

    @property
    def chooses(self) -> bool:
        """Whether the product's category decides what is encoded: not where pictures are taken whole."""
        return self.reader.name is not None

    def prepare(self, data: bytes, category: str, where: str) -> PreparedShot:
        """Decode a picture, find the garment, cut it out. Raises :class:`PhotoError`.

        Args:
            data: the bytes of the picture.
            category: of the product, to choose among the garments of a worn outfit.
            where: names the picture in errors.
        """
        geometry = self.encoder.spec.input
        side = max(self.reader.photo_side, geometry.width, geometry.height)
        photo = Photo.from_bytes(data, at_least=side, where=where)
        garment = product_garment(read_look(photo, self.reader), category)
        prepared = self.encoder.prepare(garment_picture(photo, garment, self.encoder.spec))
        return PreparedShot(prepared, thumbnail(photo) if self.thumbnails else b"")


def product_garment(look: Look, category: str) -> Garment:
    """The garment a product's picture is about: of those that fit its category, or else of all, the one whose box's
    area times its score is largest.

    A category fits by its last words (``dress`` and ``maxi dresses``), or by what shops call a class of the shipped
    reader (``jeans`` are ``trousers``).
    """
    wanted = _words(category)
    known = _CLASS_OF_WORD.get(wanted[-1]) if wanted else None
    fitting = [g for g in look.garments if g.category == known or _fits(_words(g.category), wanted)]
    return max(fitting or look.garments, key=lambda garment: garment.score * garment.box.area)


def _words(text: str) -> list[str]:
    """``"Maxi Dresses"`` is ``["maxi", "dress"]``: lower case, letters only, without an English plural."""
    words = re.findall(r"[^\W\d_]+", text.lower().replace("t-shirt", "tshirt"))
    return [re.sub(r"(?<=ss|sh|ch)es$|(?<=[^s])s$", "", word) for word in words]


def _fits(found: list[str], wanted: list[str]) -> bool:
    """``dress`` fits ``maxi dress``, ``ankle boot`` fits ``boot``: one ends with the other."""
    length = min(len(found), len(wanted))
    return length > 0 and found[-length:] == wanted[-length:]


def thumbnail(photo: Photo) -> bytes:
    """A JPEG of at most ``THUMBNAIL_SIDE`` pixels on the longer side, upright, with no metadata of the original."""
    image = photo.image()
    image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.BICUBIC, reducing_gap=2.0)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=80)
    return stream.getvalue()
