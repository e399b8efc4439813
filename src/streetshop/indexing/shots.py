"""Prepare the picture of a product: from its bytes to the input of the encoder, and a thumbnail."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Final

from PIL import Image

from streetshop.core.photo import Photo
from streetshop.indexing.kinds import product_garment
from streetshop.looks import Reader, WholePhotoReader, garment_picture, read_look
from streetshop.models import Encoder, Prepared

THUMBNAIL_SIDE: Final = 320
"""Longer side of a thumbnail in pixels, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class PreparedShot:
    """The input of the encoder for one picture. ``thumbnail`` is ``b""`` if none is made."""

    prepared: Prepared
    thumbnail: bytes


@dataclass(frozen=True)
class ShotReader:
    """Prepares pictures for the encoder; thread-safe.

    Attributes:
        encoder: that embeds them.
        reader: finds the garments in a picture.
        thumbnails: make one of every picture.
    """

    encoder: Encoder
    reader: Reader = field(default_factory=WholePhotoReader)
    thumbnails: bool = True

    @property
    def chooses(self) -> bool:
        """Whether the category of a product decides what is embedded; False if pictures are taken whole."""
        return self.reader.name is not None

    def prepare(self, data: bytes, category: str, where: str) -> PreparedShot:
        """Decode a picture, find the garment and cut it out.

        Args:
            data: the bytes of the picture.
            category: of the product, to choose among several garments in the picture.
            where: names the picture in errors.

        Raises:
            PhotoError: the picture cannot be used.
        """
        geometry = self.encoder.spec.input
        side = max(self.reader.photo_side, geometry.width, geometry.height)
        photo = Photo.from_bytes(data, at_least=side, where=where)
        return PreparedShot(self.cut(photo, category), thumbnail(photo) if self.thumbnails else b"")

    def cut(self, photo: Photo, category: str) -> Prepared:
        """Find the garment in a photo and cut it out; see ``prepare``."""
        garment = product_garment(read_look(photo, self.reader), category)
        return self.encoder.prepare(garment_picture(photo, garment, self.encoder.spec))


def thumbnail(photo: Photo) -> bytes:
    """A JPEG of at most ``THUMBNAIL_SIDE`` pixels on the longer side, upright, without the metadata of the original."""
    image = photo.image()
    image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.BICUBIC, reducing_gap=2.0)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=80)
    return stream.getvalue()
