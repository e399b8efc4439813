"""Every error a user can meet.

Each says *what* is wrong, *where*, and *what to do next*. The command line prints that and exits with code 2; the
HTTP API answers with ``problem+json`` and ``status``. Anything that is not a :class:`StreetshopError` is a bug.
"""

from __future__ import annotations

from typing import ClassVar


class StreetshopError(Exception):
    """Base of all errors meant for a user.

    Args:
        what: one sentence, no full stop needed, saying what is wrong.
        where: the file, row, field or address it is about.
        hint: what to do next.
    """

    slug: ClassVar[str] = "error"
    """Stable short name, part of the HTTP problem type."""
    status: ClassVar[int] = 400
    """HTTP status the API answers with."""

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        self.what = what.rstrip(".")
        self.where = where
        self.hint = hint.rstrip(".")
        super().__init__(str(self))

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}. {self.hint}." if self.hint else f"{text}."


class UsageError(StreetshopError):
    """An option or argument makes no sense."""

    slug = "usage"


class FileLocked(StreetshopError):
    """Another process or thread holds a lock."""

    slug = "locked"
    status = 423


# --- photos -------------------------------------------------------------------------------------------------------


class PhotoError(StreetshopError):
    """A picture cannot be used. The subclasses say why."""

    slug = "photo"
    status = 422


class PhotoMissing(PhotoError):
    """There is no readable file at the path."""

    slug = "photo-missing"


class PhotoEmpty(PhotoError):
    """Zero bytes."""

    slug = "photo-empty"


class PhotoTooLarge(PhotoError):
    """More bytes than the limit."""

    slug = "photo-too-large"
    status = 413


class PhotoTooManyPixels(PhotoError):
    """The header announces more pixels than the limit (a decompression bomb, or simply huge)."""

    slug = "photo-too-many-pixels"
    status = 413


class PhotoTooSmall(PhotoError):
    """A side is shorter than the limit."""

    slug = "photo-too-small"


class PhotoFormatUnsupported(PhotoError):
    """Not a picture, or a format that is not read here."""

    slug = "photo-format-unsupported"
    status = 415


class PhotoTruncated(PhotoError):
    """The file ends before the picture does."""

    slug = "photo-truncated"


class PhotoDamaged(PhotoError):
    """The file is of a known format but its content is broken."""

    slug = "photo-damaged"


# --- boxes, masks, values -----------------------------------------------------------------------------------------


class GeometryError(StreetshopError):
    """A box, mask or keypoint is malformed."""

    slug = "geometry"
    status = 422


class RecordError(StreetshopError):
    """A product, shot or garment is malformed."""

    slug = "record"
    status = 422


class VectorError(StreetshopError):
    """A vector has the wrong length, is zero, or holds NaN or infinity."""

    slug = "vector"
    status = 422


class WeightsError(StreetshopError):
    """Block weights name an unknown block, are negative, or all zero."""

    slug = "weights"
    status = 422


# --- bundles ------------------------------------------------------------------------------------------------------


class BundleError(StreetshopError):
    """A model bundle cannot be used."""

    slug = "bundle"
    status = 500


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
    status = 500


class CatalogMissing(CatalogError):
    """There is no catalog at the address."""

    slug = "catalog-missing"
    status = 404


class CatalogExists(CatalogError):
    """Something is already where a new catalog, snapshot or restore should go."""

    slug = "catalog-exists"
    status = 409


class CatalogLocked(CatalogError):
    """Another process is writing to the catalog."""

    slug = "catalog-locked"
    status = 423


class CatalogDamaged(CatalogError):
    """The files of the catalog or of a snapshot are broken."""

    slug = "catalog-damaged"


class CatalogEncoderMismatch(CatalogError):
    """The catalog's vectors come from another encoder than the one in use."""

    slug = "catalog-encoder-mismatch"
    status = 409


class CatalogUnsupported(CatalogError):
    """The address names a store that this installation does not have."""

    slug = "catalog-unsupported"
    status = 400


class CatalogDiskFull(CatalogError):
    """No space left to write."""

    slug = "catalog-disk-full"
    status = 507


class ProductMissing(CatalogError):
    """No product with that id."""

    slug = "product-missing"
    status = 404


class FilterError(StreetshopError):
    """A filter cannot be parsed or does not fit the catalog's fields.

    ``position`` is the 0-based character offset in ``text``; the message shows it with a caret.
    """

    slug = "filter"
    status = 422

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
    status = 422


class RowRefused(StreetshopError):
    """One row of a feed cannot be used; the others go on. ``where`` names the row."""

    slug = "row-refused"
    status = 422


class FetchRefused(StreetshopError):
    """An image address may not, or could not, be fetched."""

    slug = "fetch-refused"
    status = 422


# --- server -------------------------------------------------------------------------------------------------------


class ServerError(StreetshopError):
    """The HTTP server cannot start."""

    slug = "server"
    status = 500


class QueueFull(StreetshopError):
    """More requests wait than the queue takes."""

    slug = "queue-full"
    status = 429


class Unauthorized(StreetshopError):
    """The API key is missing or wrong."""

    slug = "unauthorized"
    status = 401


class RequestTooLarge(StreetshopError):
    """The request body is larger than the limit."""

    slug = "request-too-large"
    status = 413


class RequestInvalid(StreetshopError):
    """A request field is missing or out of range."""

    slug = "request-invalid"
    status = 422


class StudioError(StreetshopError):
    """The studio was asked for something it cannot draw."""

    slug = "studio"


# --- lab: data sets and measurements ------------------------------------------------------------------------------


class ManifestError(StreetshopError):
    """A manifest, or one row of it, is malformed."""

    slug = "manifest"
    status = 422


class DatasetError(StreetshopError):
    """A data set as a whole cannot be read: a file of its layout is missing or is something else."""

    slug = "dataset"
    status = 422


class MeasureError(StreetshopError):
    """A measurement does not fit its vectors, its manifest or another measurement."""

    slug = "measure"
    status = 422


class RecipeError(StreetshopError):
    """A recipe cannot be read, or one of its values makes no sense. ``where`` names the key."""

    slug = "recipe"
    status = 422


class RunError(StreetshopError):
    """A run folder cannot be used, or a training cannot go on."""

    slug = "run"
    status = 422


class CurateError(StreetshopError):
    """A curation folder, a step of it or a decisions file cannot be used."""

    slug = "curate"
    status = 422
