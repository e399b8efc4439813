"""The bytes of the pictures of a feed: files below its folder and, if allowed, addresses on the internet."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import unquote, urljoin

from streetshop.core.errors import FetchRefused, PhotoMissing, RowRefused
from streetshop.core.photo import read_picture_bytes
from streetshop.core.pictures.limits import FEED_LIMITS, PhotoLimits
from streetshop.feeds.folder import ARCHIVE_SUFFIXES
from streetshop.feeds.parquet_pictures import SCHEME, ParquetPictures
from streetshop.indexing.fetch import Fetcher

_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]+):", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"https?:", re.IGNORECASE)
_MAX_SOURCE: Final = 4096


@dataclass(frozen=True)
class Pictures:
    """Reads the picture that the ``source`` of a shot names; thread-safe.

    Attributes:
        root: paths are relative to this folder and may not leave it by ``..``, as absolute paths or through links.
        allow_outside: paths may leave the folder.
        fetcher: for http(s) addresses; None refuses them.
        limits: of the bytes of a picture.
        shared: placeholders, and how many products have them, see ``placeholders.shared_pictures``.
        base: address of the feed, which paths are relative to; empty for files.
    """

    root: Path
    allow_outside: bool = False
    fetcher: Fetcher | None = None
    limits: PhotoLimits = FEED_LIMITS
    shared: Mapping[str, int] = field(default_factory=dict)
    base: str = ""
    _inside: ParquetPictures = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_inside", ParquetPictures(self.root))

    def read(self, source: str) -> bytes:
        """The bytes of a picture.

        Raises:
            RowRefused: the path is not allowed, or it is a placeholder.
            FetchRefused: the address may not, or cannot, be fetched.
            PhotoMissing: there is no such file.
        """
        self.check_shared(source)
        if source.startswith(SCHEME):
            found = self._inside.read(source)
            if isinstance(found, bytes):
                return found
            source = found  # the file has the path of the picture alone
        if self.base:
            source = urljoin(self.base, source)
        scheme = _SCHEME.match(source)
        if scheme is None:
            return read_picture_bytes(self.locate(source), self.limits)
        if scheme[1].lower() not in ("http", "https"):
            raise RowRefused(f"{scheme[1].lower()}: addresses are not read", hint="Give a path or an http(s) address")
        if self.fetcher is None:
            raise FetchRefused("addresses are not fetched", where=source[:200], hint="Allow it with --fetch")
        return self.fetcher.fetch(source)

    def check_shared(self, source: str) -> None:
        """Raise :class:`RowRefused` for a placeholder."""
        if source in self.shared:
            raise RowRefused(
                f"{self.shared[source]} different products have this picture: it stands in for a missing one",
                hint="Give each product its own, or allow it with --shared-pictures 0",
            )

    def read_changed(self, source: str, known: Collection[str]) -> bytes | str:
        """The bytes of a picture, or its SHA-256 if it is one of ``known`` and its server says so; see ``read``."""
        if known and self.fetcher is not None and source not in self.shared and _ADDRESS.match(source):
            return self.fetcher.fetch_changed(source, known)
        return self.read(source)

    def locate(self, source: str) -> Path:
        """The file a path names. Raises :class:`RowRefused` or :class:`PhotoMissing`."""
        shown = source if len(source) < 200 else f"{source[:200]}..."
        if any(character < " " or character == "\x7f" for character in source) or len(source) > _MAX_SOURCE:
            raise RowRefused(f"{shown!r} is no path", hint="It holds control characters or is too long")
        root = self.root.resolve()
        try:
            path = _spelled(root, source)
            inside = path.is_relative_to(root)
            if not inside and not self.allow_outside:
                raise RowRefused(
                    f"the path {shown!r} leaves the feed's folder {self._how(source)}",
                    hint="Move the pictures there, or allow it with --allow-outside",
                )
            for part in (path, *path.parents):
                if part.suffix.lower() in ARCHIVE_SUFFIXES and part.is_file():
                    raise RowRefused(f"{part.name!r} is an archive", hint="Unpack it")
            regular = path.is_file()
        except (OSError, RuntimeError, ValueError) as error:  # names that are too long, links in a circle
            raise PhotoMissing(f"cannot be read ({error})", where=shown, hint="Check the path") from None
        if not regular:
            # Pipes and devices are refused too: reading from them might never end.
            raise PhotoMissing("there is no such file", where=shown, hint="Check the path")
        return path

    def _how(self, source: str) -> str:
        if Path(source).is_absolute():
            return "as an absolute path"
        return "with '..'" if ".." in PurePosixPath(source).parts else "through a link"


def _spelled(root: Path, source: str) -> Path:
    """The file of a path; if there is none, of the path as an address or as Windows spells it."""
    path = (root / source).resolve()
    if path.is_file():
        return path
    for other in dict.fromkeys((unquote(source), source.replace("\\", "/"), unquote(source).replace("\\", "/"))):
        if other != source and "\0" not in other and (found := (root / other).resolve()).is_file():
            return found
    return path
