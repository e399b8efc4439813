"""Feeds that are no files: from standard input, kept as a file while they are read."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO

from streetshop.core.errors import FeedError


class Spool:
    """A temporary folder with the file of a feed; it is removed with the object."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="streetshop-feed-")

    def file(self, name: str) -> Path:
        """The path of a file in the folder."""
        return Path(self._folder.name, name)

    def take(self, stream: BinaryIO, name: str) -> Path:
        """Copy a stream to its end. Raises FeedError if it cannot be read or there is no space."""
        path = self.file(name)
        try:
            with path.open("wb") as file:
                shutil.copyfileobj(stream, file, 2**20)
        except OSError as error:
            raise FeedError(
                f"cannot be kept ({error.strerror or error})", where=name, hint="Save it to a file, and give that"
            ) from None
        return path


def standard_input(spool: Spool) -> Path:
    """Standard input as a file. Raises FeedError if it is a terminal."""
    if sys.stdin is None or sys.stdin.isatty():
        raise FeedError("standard input is a terminal", where="-", hint="Send the feed through a pipe")
    return spool.take(sys.stdin.buffer, "standard-input")
