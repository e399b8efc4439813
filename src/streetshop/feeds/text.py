"""Text of unknown encoding, read line by line with bounded memory."""

from __future__ import annotations

import codecs
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

from streetshop.core.errors import FeedError

MAX_LINE: Final = 4 * 2**20
"""Characters of a row, at most: of a line, of a CSV record of several lines, of an element of a JSON array."""

_CHUNK: Final = 2**20
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with the one of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HOW_TO_SAVE: Final = "Save the feed as UTF-8, or name its encoding with --encoding"


class _Undecodable(Exception):
    """Byte ``value`` at ``offset`` does not decode; ``accented``: well-formed non-ASCII text came before it."""

    def __init__(self, offset: int, value: int, accented: bool) -> None:
        self.offset, self.value, self.accented = offset, value, accented


def text_encoding(path: Path, encoding: str | None = None) -> str:
    """Detect the encoding of a file by decoding it once.

    The first of these that applies: a byte-order mark; UTF-16 if every other byte is zero; UTF-8 if all of it decodes;
    Windows-1252, unless the file has well-formed UTF-8 beyond ASCII before the byte that breaks it: that file is
    corrupt, and Windows-1252 would garble it.

    Args:
        path: the file.
        encoding: to use this one instead.

    Raises:
        FeedError: no encoding fits (it names the byte and its offset), or ``encoding`` is unknown.
    """
    found = _marked_encoding(path) if encoding is None else _known_encoding(encoding, path)
    tried = found or "UTF-8"
    try:
        if found is not None:
            _decode_all(path, found)
            return found
        try:
            _decode_all(path, "utf-8")
            return "utf-8"
        except _Undecodable as problem:
            if problem.accented or problem.value == 0:
                raise
        tried = "UTF-8 or Windows-1252"
        _decode_all(path, "cp1252")
        return "cp1252"
    except _Undecodable as problem:
        what = "no text file" if problem.value == 0 else f"not {tried}"
        raise FeedError(
            f"byte 0x{problem.value:02x} at offset {problem.offset}: this is {what}", where=str(path), hint=_HOW_TO_SAVE
        ) from None


def read_lines(path: Path, encoding: str) -> Iterator[str]:
    """Lines with their line ends.

    Of a line with more than ``MAX_LINE`` characters only the first ``MAX_LINE + 1`` are given, so that the reader can
    refuse it; the rest is skipped.
    """
    with _opened(path, encoding) as file:
        while line := file.readline(MAX_LINE + 1):
            yield line
            if len(line) > MAX_LINE:
                while line and not line.endswith(("\n", "\r")):
                    line = file.readline(65536)


def read_pieces(path: Path, encoding: str) -> Iterator[str]:
    """The text in pieces of up to 65536 characters, independent of its lines."""
    with _opened(path, encoding) as file:
        while piece := file.read(65536):
            yield piece


@contextmanager
def _opened(path: Path, encoding: str) -> Iterator[TextIO]:
    try:
        with path.open(encoding=encoding, errors="strict", newline="") as file:
            yield file
    except UnicodeError as error:
        raise FeedError(f"the file changed while it was read ({error})", where=str(path), hint="Run again") from None
    except OSError as error:
        raise unreadable(path, error) from None


def check_regular(path: Path) -> None:
    """Raise :class:`FeedError` unless ``path`` is a regular file: a pipe or device may have no end, or never begin."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise unreadable(path, error) from None
    if not stat.S_ISREG(mode):
        kinds = ((stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"), (stat.S_ISDIR, "a folder"))
        kind = next((name for check, name in kinds if check(mode)), "a device")
        raise FeedError(
            f"this is {kind}, and a feed is read more than once", where=str(path), hint="Save it to a file first"
        )


def unreadable(path: Path, error: OSError) -> FeedError:
    """The error for a feed that the operating system does not let us read."""
    reason = error.strerror or str(error)
    return FeedError(f"cannot be read ({reason})", where=str(path), hint="Check the path and its permissions")


def _known_encoding(name: str, path: Path) -> str:
    try:
        # decode() accepts text encodings only, and refuses "hex", "zip" and the like.
        b"x".decode(name, "replace")
        return codecs.lookup(name).name
    except (LookupError, ValueError, TypeError):
        raise FeedError(
            f"there is no encoding called {name!r}", where=str(path), hint="Try utf-8, utf-16, cp1252 or shift_jis"
        ) from None


def _marked_encoding(path: Path) -> str | None:
    """From a byte-order mark, or from the zero bytes of UTF-16 without one."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise unreadable(path, error) from None
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    half = max(len(head) // 2, 1)
    zeros_even, zeros_odd = head[0::2].count(0) / half, head[1::2].count(0) / half
    if zeros_odd > 0.4 and zeros_even < 0.1:
        return "utf-16-le"
    if zeros_even > 0.4 and zeros_odd < 0.1:
        return "utf-16-be"
    return None


def _decode_all(path: Path, encoding: str) -> None:
    """Raises :class:`_Undecodable` at the first byte that does not fit."""
    decoder = codecs.getincrementaldecoder(encoding)()
    wide = codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))
    offset, accented = 0, False
    try:
        with path.open("rb") as file:
            while True:
                chunk = file.read(_CHUNK)
                pending = len(decoder.getstate()[0])
                try:
                    text = decoder.decode(chunk, final=not chunk)
                except UnicodeDecodeError as error:
                    before = error.object[: error.start]
                    accented = accented or any(byte >= 0x80 for byte in before)
                    place = offset - pending + error.start
                    raise _Undecodable(place, error.object[error.start], accented) from None
                except UnicodeError:  # a few rare codecs raise this without a position
                    raise _Undecodable(offset, chunk[0] if chunk else 0, accented) from None
                if not wide and b"\0" in chunk:
                    raise _Undecodable(offset + chunk.index(b"\0"), 0, accented)
                accented = accented or not text.isascii()
                offset += len(chunk)
                if not chunk:
                    return
    except OSError as error:
        raise unreadable(path, error) from None
