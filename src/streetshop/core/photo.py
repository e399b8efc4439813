"""A :class:`Photo`: upright RGB pixels within limits, made of bytes, files, arrays and Pillow images."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streetshop.core.errors import PhotoDamaged, PhotoError, PhotoFormatUnsupported, PhotoMissing, located
from streetshop.core.pictures.decode import decode, orientation
from streetshop.core.pictures.limits import DEFAULT_LIMITS, PhotoLimits, check_size
from streetshop.core.pictures.rgb import reduced_rgb


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A decoded picture.

    Attributes:
        pixels: (h, w, 3) uint8 RGB, upright (EXIF orientation applied), possibly smaller than the original.
        width, height: of the upright *original* in pixels; all boxes are in that frame.
        sha256: hex digest of the bytes it came from (of the pixels for arrays).
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int
    sha256: str

    @property
    def scale(self) -> tuple[float, float]:
        """(sx, sy) that turn coordinates of the original frame into those of ``pixels``."""
        h, w = self.pixels.shape[:2]
        return w / self.width, h / self.height

    def image(self) -> Image.Image:
        """Return ``pixels`` as a Pillow image without metadata."""
        return Image.fromarray(self.pixels)

    @classmethod
    def from_array(cls, pixels: NDArray[np.uint8], limits: PhotoLimits = DEFAULT_LIMITS) -> Photo:
        """Make a photo of (h, w, 3) uint8 RGB pixels.

        Raises:
            PhotoError: the array has another shape or type, or is outside the limits.
        """
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
            raise PhotoFormatUnsupported(
                f"an array of shape {pixels.shape} and type {pixels.dtype} is no photo",
                hint="Give (height, width, 3) uint8 RGB",
            )
        height, width = pixels.shape[:2]
        with located("array"):
            check_size(width, height, limits)
        pixels = np.ascontiguousarray(pixels)
        return cls(pixels, width, height, hashlib.sha256(pixels.tobytes()).hexdigest())

    @classmethod
    def from_image(cls, image: Image.Image, limits: PhotoLimits = DEFAULT_LIMITS) -> Photo:
        """From a Pillow image of any mode; its EXIF orientation is applied. Raises :class:`PhotoError`."""
        with located("image"):
            check_size(*image.size, limits)
            turned = orientation(image)
            try:
                image.load()
                upright = reduced_rgb(image)
            except PhotoError:
                raise
            except Exception as error:  # decoders raise almost anything, see pictures.decode
                raise PhotoDamaged(
                    f"Pillow cannot read it ({error})", hint="Keep the image open, or give its file"
                ) from None
        return cls.from_array(np.asarray(upright if turned is None else upright.transpose(turned)), limits)

    @classmethod
    def from_path(cls, path: str | Path, *, at_least: int | None = None, limits: PhotoLimits = DEFAULT_LIMITS) -> Photo:
        """Read and decode a file; see :meth:`from_bytes`."""
        return cls.from_bytes(read_picture_bytes(path, limits), at_least=at_least, limits=limits, where=str(path))

    @classmethod
    def from_bytes(
        cls,
        data: bytes,
        *,
        at_least: int | None = None,
        limits: PhotoLimits = DEFAULT_LIMITS,
        where: str = "photo",
    ) -> Photo:
        """Decode a JPEG, PNG, WebP, AVIF (if Pillow is built with it) or HEIC (with the extra ``heic``).

        The picture is decoded in this process. A server or a long run decodes in others, see
        :class:`~streetshop.core.pictures.pool.DecodePool`.

        Args:
            data: the bytes of the file; its name is never trusted.
            at_least: when given, ``pixels`` may be reduced as long as their shorter side stays at least this many
                pixels; a JPEG is then decoded at the reduced size, which halves the time.
            limits: what is beyond them is refused before decoding.
            where: names the photo in errors.

        Raises:
            PhotoError: a subclass for each way the bytes can be bad.
        """
        with located(where):
            decoded = decode(data, at_least=at_least, limits=limits)
        return cls(np.asarray(decoded.image), decoded.width, decoded.height, hashlib.sha256(data).hexdigest())


def read_picture_bytes(path: str | Path, limits: PhotoLimits = DEFAULT_LIMITS) -> bytes:
    """Return the bytes of a picture file, never more than one over the limit.

    Raises:
        PhotoMissing: it cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return file.read(limits.max_bytes + 1)
    except (OSError, ValueError) as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else (getattr(error, "strerror", "") or error)
        raise PhotoMissing(f"cannot be read ({reason})", where=str(path), hint="Check the path") from None


def encode_jpeg(image: Image.Image, quality: int = 85) -> bytes:
    """Return ``image`` as a JPEG file without metadata."""
    stream = io.BytesIO()
    # A fresh image: save() would otherwise carry EXIF and ICC data of the source along.
    Image.frombytes("RGB", image.size, image.convert("RGB").tobytes()).save(
        stream, "JPEG", quality=quality, optimize=True
    )
    return stream.getvalue()
