"""Files packed with gzip, read as if they were not, within bounds."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path
from typing import BinaryIO, Final, cast

from streetshop.core.errors import FeedError

MAX_RATIO: Final = 300
"""Bytes that one byte of a gzip file may become. Feeds come to 5 to 50, a file made to harm to over 1000."""
_FREE: Final = 64 * 2**20
"""Bytes that are unpacked whatever their ratio."""
_MAGIC: Final = b"\x1f\x8b"


def open_packed(path: Path) -> BinaryIO:
    """Open a file for reading; what gzip packed is unpacked.

    Raises:
        OSError: it cannot be opened.
        FeedError: later, while it is read: the gzip data is damaged, or unpacks to over ``MAX_RATIO`` times its size.
    """
    if not is_packed(path):
        return path.open("rb")
    return cast(BinaryIO, io.BufferedReader(_Unpacked(path), 2**18))


def is_packed(path: Path) -> bool:
    """Whether the content of a file is gzip data. Raises OSError."""
    with path.open("rb") as file:
        return file.read(2) == _MAGIC


def plain_suffix(path: Path) -> str:
    """The suffix of a file in lower case, without the ``.gz`` of a packed one."""
    name = path.name.lower()
    return Path(name.removesuffix(".gz")).suffix


class _Unpacked(io.RawIOBase):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._most = max(path.stat().st_size * MAX_RATIO, _FREE)
        self._file = gzip.GzipFile(path, "rb")
        self._read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            data = self._file.read1(len(buffer))
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            what = "ends early" if isinstance(error, EOFError) else f"is damaged ({error})"
            raise FeedError(f"the gzip file {what}", where=str(self._path), hint="Send or export it again") from None
        self._read += len(data)
        if self._read > self._most:
            raise FeedError(
                f"the gzip file unpacks to more than {MAX_RATIO} times its size",
                where=str(self._path),
                hint="Unpack it yourself if you trust it",
            )
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()
