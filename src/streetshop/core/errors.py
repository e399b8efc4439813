"""Every error a user can meet.

Each says *what* is wrong, *where*, and *what to do next*. The command line prints that and exits with code 2; the web
server answers with it, see ``web.problems``. Anything that is not a :class:`StreetshopError` is a bug.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar


class StreetshopError(Exception):
    """Base of all errors meant for a user.

    Args:
        what: one sentence, no full stop needed, saying what is wrong.
        where: the file, row, field or address it is about.
        hint: what to do next.
    """

    slug: ClassVar[str] = "error"
    """Stable short name of the kind of error, for programs."""

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        self.what = what.rstrip(".")
        self.where = where
        self.hint = hint.rstrip(".")
        super().__init__(str(self))

    def __reduce__(self) -> tuple[Any, ...]:
        # An exception is rebuilt from ``args`` by default, which are the finished message here.
        return _unpickled, (type(self), self.args, self.__dict__)

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}. {self.hint}." if self.hint else f"{text}."


def _unpickled(kind: type[StreetshopError], args: tuple[Any, ...], state: dict[str, Any]) -> StreetshopError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class UsageError(StreetshopError):
    """An option or argument makes no sense."""

    slug = "usage"


class FileNotWritten(StreetshopError):
    """A file cannot be written: the disk is full, or the path or its permissions do not allow it."""

    slug = "file-not-written"


class FileLocked(StreetshopError):
    """Another process or thread holds a lock."""

    slug = "locked"


# --- photos -----------------------------------------------------------------------------------------------------------


class PhotoError(StreetshopError):
    """A picture cannot be used. The subclasses say why."""

    slug = "photo"


@contextmanager
def located(where: str) -> Iterator[None]:
    """Say where a photo is in the errors of the body that do not."""
    try:
        yield
    except PhotoError as error:
        error.where = error.where or where
        raise


class PhotoMissing(PhotoError):
    """There is no readable file at the path."""

    slug = "photo-missing"


class PhotoEmpty(PhotoError):
    """Zero bytes."""

    slug = "photo-empty"


class PhotoTooLarge(PhotoError):
    """More bytes than the limit."""

    slug = "photo-too-large"


class PhotoTooManyPixels(PhotoError):
    """The header announces more pixels than the limit (a decompression bomb, or simply huge)."""

    slug = "photo-too-many-pixels"


class PhotoTooCostly(PhotoError):
    """Decoding it takes more time or memory than a picture may take."""

    slug = "photo-too-costly"


class PhotoTooSmall(PhotoError):
    """A side is shorter than the limit."""

    slug = "photo-too-small"


class PhotoFormatUnsupported(PhotoError):
    """Not a picture, or a format that is not read here."""

    slug = "photo-format-unsupported"


class PhotoTruncated(PhotoError):
    """The file ends before the picture does."""

    slug = "photo-truncated"


class PhotoDamaged(PhotoError):
    """The file is of a known format but its content is broken."""

    slug = "photo-damaged"


class PhotoBlank(PhotoError):
    """The picture shows nothing: all of it has one colour."""

    slug = "photo-blank"


# --- boxes, masks, values -----------------------------------------------------------------------------------------


class GeometryError(StreetshopError):
    """A box, mask or keypoint is malformed."""

    slug = "geometry"


class RecordError(StreetshopError):
    """A product, shot or garment is malformed."""

    slug = "record"


class VectorError(StreetshopError):
    """A vector has the wrong length, is zero, or holds NaN or infinity."""

    slug = "vector"


class WeightsError(StreetshopError):
    """Block weights name an unknown block, are negative, or all zero."""

    slug = "weights"


# --- bundles ------------------------------------------------------------------------------------------------------


class BundleError(StreetshopError):
    """A model bundle cannot be used."""

    slug = "bundle"


class BundleMissing(BundleError):
    """There is no bundle at the path, or a file of it is missing."""

    slug = "bundle-missing"


class BundleDamaged(BundleError):
    """A file does not match its checksum, or ``bundle.json`` is malformed."""

    slug = "bundle-damaged"


# --- catalogs -----------------------------------------------------------------------------------------------------


class CatalogError(StreetshopError):
    """A catalog cannot be used."""

    slug = "catalog"


class CatalogMissing(CatalogError):
    """There is no catalog at the address."""

    slug = "catalog-missing"


class CatalogExists(CatalogError):
    """Something is already where a new catalog, snapshot or restore should go."""

    slug = "catalog-exists"


class CatalogLocked(CatalogError):
    """Another process is writing to the catalog."""

    slug = "catalog-locked"


class CatalogDamaged(CatalogError):
    """The files of the catalog or of a snapshot are broken."""

    slug = "catalog-damaged"


class CatalogEncoderMismatch(CatalogError):
    """The catalog's vectors come from another encoder than the one in use."""

    slug = "catalog-encoder-mismatch"


class CatalogUnsupported(CatalogError):
    """The address names a store that this installation does not have."""

    slug = "catalog-unsupported"


class CatalogDiskFull(CatalogError):
    """No space left to write."""

    slug = "catalog-disk-full"


class ProductMissing(CatalogError):
    """No product with that id."""

    slug = "product-missing"


class LookMissing(CatalogError):
    """No look of the product is stored, or the stored one is out of date."""

    slug = "look-missing"


class FilterError(StreetshopError):
    """A filter cannot be parsed or does not fit the catalog's fields.

    ``position`` is the 0-based character offset in ``text``; the message shows it with a caret.
    """

    slug = "filter"

    def __init__(self, what: str, *, text: str, position: int, hint: str = "") -> None:
        self.text = text
        self.position = position
        super().__init__(f"{what} at position {position}", where="filter", hint=hint)

    def __str__(self) -> str:
        return f"{super().__str__()}\n  {self.text}\n  {' ' * self.position}^"


# --- feeds --------------------------------------------------------------------------------------------------------


class FeedError(StreetshopError):
    """A feed as a whole cannot be read."""

    slug = "feed"


class RowRefused(StreetshopError):
    """One row of a feed cannot be used; the others go on. ``where`` names the row."""

    slug = "row-refused"


class FetchRefused(StreetshopError):
    """An image address may not, or could not, be fetched."""

    slug = "fetch-refused"


class SyncError(StreetshopError):
    """The API of a shop does not answer as it should, or refuses."""

    slug = "sync"


# --- searches and servers ---------------------------------------------------------------------------------------------


class ServerError(StreetshopError):
    """A server cannot start."""

    slug = "server"


class RequestInvalid(StreetshopError):
    """A value of a search or of an upload is missing or out of range."""

    slug = "request-invalid"


class StudioError(StreetshopError):
    """The studio was asked for something it cannot draw."""

    slug = "studio"


# --- lab: data sets and measurements ------------------------------------------------------------------------------


class ManifestError(StreetshopError):
    """A manifest, or one row of it, is malformed."""

    slug = "manifest"


class DatasetError(StreetshopError):
    """A data set as a whole cannot be read: a file of its layout is missing or is something else."""

    slug = "dataset"


class MeasureError(StreetshopError):
    """A measurement does not fit its vectors, its manifest or another measurement."""

    slug = "measure"


class RecipeError(StreetshopError):
    """A recipe cannot be read, or one of its values makes no sense. ``where`` names the key."""

    slug = "recipe"


class RunError(StreetshopError):
    """A run folder cannot be used, or a training cannot go on."""

    slug = "run"


class CurateError(StreetshopError):
    """A curation folder, a step of it or a decisions file cannot be used."""

    slug = "curate"
