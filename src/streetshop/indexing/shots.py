"""Prepare the picture of a product: from its bytes to the input of the encoder, and a thumbnail."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Final, Protocol

from PIL import Image

from streetshop.core.errors import located
from streetshop.core.kinds import KINDS
from streetshop.core.photo import Photo
from streetshop.core.records import Garment, GarmentPicture, Tags
from streetshop.indexing.kinds import product_garment
from streetshop.indexing.placeholders import check_not_even
from streetshop.looks import Reader, WholePhotoReader, garment_picture, read_look
from streetshop.models import Encoder, Prepared
from streetshop.models.colour_names import colour_shares

_LEAST_PROBABILITY: Final = 0.02
"""Kinds below it are not kept."""
THUMBNAIL_SIDE: Final = 320
"""Longer side of a thumbnail in pixels, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class PreparedShot:
    """A picture, ready for the encoder.

    Attributes:
        prepared: the input of the encoder.
        thumbnail: ``b""`` if none is made.
        tags: what the reader sees.
    """

    prepared: Prepared
    thumbnail: bytes
    tags: Tags


class Decode(Protocol):
    """Decodes the bytes of a picture: in this process, or in others."""

    def __call__(self, data: bytes, *, at_least: int | None, where: str) -> Photo:
        """The photo; see :meth:`Photo.from_bytes`."""


@dataclass(frozen=True)
class ShotReader:
    """Prepares pictures for the encoder; thread-safe.

    Attributes:
        encoder: that embeds them.
        reader: finds the garments in a picture.
        thumbnails: make one of every picture.
        decode: decodes them; by default in this process.
    """

    encoder: Encoder
    reader: Reader = field(default_factory=WholePhotoReader)
    thumbnails: bool = True
    decode: Decode = Photo.from_bytes

    @property
    def side(self) -> int:
        """Pixels that the shorter side of a photo should have at least, if the picture has them."""
        geometry = self.encoder.spec.input
        return max(self.reader.photo_side, geometry.width, geometry.height)

    @property
    def chooses(self) -> bool:
        """Whether kind and category of a product decide what is embedded, or by which encoder."""
        return self.reader.name is not None or self.encoder.grouped

    def prepare(self, data: bytes, category: str, where: str, kind: str = "") -> PreparedShot:
        """Decode a picture, find the garment and cut it out.

        Args:
            data: the bytes of the picture.
            category: of the product, to choose among several garments in the picture.
            where: names the picture in errors.
            kind: of the product, which chooses before the category does.

        Raises:
            PhotoError: the picture cannot be used, or all of it is white, grey or black.
        """
        photo = self.decode(data, at_least=self.side, where=where)
        with located(where):
            check_not_even(photo.pixels)
        return self.read(photo, category, kind)

    def read(self, photo: Photo, category: str, kind: str = "") -> PreparedShot:
        """Find the garment in a photo and cut it out; see ``prepare``."""
        garment = self._garment(photo, category, kind)
        small = thumbnail(photo) if self.thumbnails else b""
        picture = garment_picture(photo, garment, self.encoder.spec)
        prepared = self.encoder.prepare(picture, kind or garment.category)
        return PreparedShot(prepared, small, tags_of(garment, picture))

    def look(self, data: bytes, category: str, where: str, kind: str = "") -> Tags:
        """What the reader sees in a picture, without embedding it; see ``prepare``."""
        photo = self.decode(data, at_least=self.reader.photo_side, where=where)
        garment = self._garment(photo, category, kind)
        return tags_of(garment, garment_picture(photo, garment, self.encoder.spec))

    def same_vector(self, data: bytes, where: str, one: tuple[str, str], other: tuple[str, str]) -> bool:
        """Whether a picture gives products of one category and kind the same vector as products of others."""
        look = read_look(self.decode(data, at_least=self.reader.photo_side, where=where), self.reader)
        garments = [product_garment(look, *each) for each in (one, other)]
        kinds = [kind or garment.category for garment, (_, kind) in zip(garments, (one, other), strict=True)]
        return garments[0] is garments[1] and len({self.encoder.group_of(kind) for kind in kinds}) == 1

    def cut(self, photo: Photo, category: str) -> Prepared:
        """Find the garment in a photo and cut it out; see ``prepare``."""
        garment = self._garment(photo, category, "")
        return self.encoder.prepare(garment_picture(photo, garment, self.encoder.spec), garment.category)

    def _garment(self, photo: Photo, category: str, kind: str) -> Garment:
        return product_garment(read_look(photo, self.reader), category, kind)


def tags_of(garment: Garment, picture: GarmentPicture) -> Tags:
    """What is kept of the garment that a picture of a product shows: its probable kinds and the shares of its colours.

    ``colour`` is empty where nothing says which pixels are the garment's.
    """
    kinds = {name: round(p, 3) for name, p in garment.kinds.items() if p >= _LEAST_PROBABILITY and name in KINDS}
    return {**({"kind": kinds} if kinds else {}), "colour": colour_shares(picture)}


def thumbnail(photo: Photo) -> bytes:
    """A JPEG of at most ``THUMBNAIL_SIDE`` pixels on the longer side, upright, without the metadata of the original."""
    image = photo.image()
    image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.BICUBIC, reducing_gap=2.0)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=80)
    return stream.getvalue()
