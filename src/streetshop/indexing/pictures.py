"""The bytes of the pictures of a feed: files below its folder and, if allowed, addresses on the internet."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from streetshop.core.errors import FetchRefused, PhotoMissing, RowRefused
from streetshop.core.photo import read_picture_bytes
from streetshop.core.pictures.limits import FEED_LIMITS, PhotoLimits
from streetshop.feeds.folder import ARCHIVE_SUFFIXES
from streetshop.indexing.fetch import Fetcher

_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]+):", re.IGNORECASE)
_MAX_SOURCE: Final = 4096


@dataclass(frozen=True)
class Pictures:
    """Reads the picture that the ``source`` of a shot names; thread-safe.

    Attributes:
        root: paths are relative to this folder and may not leave it by ``..``, as absolute paths or through links.
        allow_outside: paths may leave the folder.
        fetcher: for http(s) addresses; None refuses them.
        limits: of the bytes of a picture.
    """

    root: Path
    allow_outside: bool = False
    fetcher: Fetcher | None = None
    limits: PhotoLimits = FEED_LIMITS

    def read(self, source: str) -> bytes:
        """The bytes of a picture.

        Raises:
            RowRefused: the path is not allowed.
            FetchRefused: the address may not, or cannot, be fetched.
            PhotoMissing: there is no such file.
        """
        scheme = _SCHEME.match(source)
        if scheme is None:
            return read_picture_bytes(self.locate(source), self.limits)
        if scheme[1].lower() not in ("http", "https"):
            raise RowRefused(f"{scheme[1].lower()}: addresses are not read", hint="Give a path or an http(s) address")
        if self.fetcher is None:
            raise FetchRefused("addresses are not fetched", where=source[:200], hint="Allow it with --fetch")
        return self.fetcher.fetch(source)

    def locate(self, source: str) -> Path:
        """The file a path names. Raises :class:`RowRefused` or :class:`PhotoMissing`."""
        shown = source if len(source) < 200 else f"{source[:200]}..."
        if any(character < " " or character == "\x7f" for character in source) or len(source) > _MAX_SOURCE:
            raise RowRefused(f"{shown!r} is no path", hint="It holds control characters or is too long")
        root = self.root.resolve()
        try:
            path = (root / source).resolve()
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
