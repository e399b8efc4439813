"""Text of unknown encoding, plain or packed with gzip, read line by line with bounded memory.

Bytes that do not fit the encoding stay in the text as lone surrogates (PEP 383), so that a reader can refuse the row
that holds them, see :func:`unreadable_part`.
"""

from __future__ import annotations

import codecs
import io
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from streetshop.core.errors import FeedError, RowRefused
from streetshop.feeds.packed import open_packed

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
_BAD: Final = re.compile("[\0\ud800-\udfff]")
_ESCAPED: Final = re.compile("[\udc80-\udcff]")
_BINARY_ZEROS: Final = 1000
"""A file with more zero bytes than one in so many is no text."""
_FEW_ZEROS: Final = 8
"""Zero bytes that any text may have."""


def text_encoding(path: Path, encoding: str | None = None) -> str:
    """Detect the encoding of a file by decoding it once.

    The first of these that applies: a byte-order mark; UTF-16 if every other byte is zero; UTF-8 if it decodes, or has
    at least as many well-formed characters beyond ASCII as bytes that do not fit; Windows-1252 if it decodes.

    Args:
        path: the file.
        encoding: to use this one instead.

    Raises:
        FeedError: no encoding fits (it names the byte and its offset), or ``encoding`` is unknown.
    """
    found = _marked_encoding(path) if encoding is None else _known_encoding(encoding, path)
    if found is not None:
        count = _count(path, found)
        if count.wrong > count.accented or count.is_binary or (count.wrong and _is_wide(found)):
            raise _undecodable(path, count, found)
        return found
    count = _count(path, "utf-8")
    if count.is_binary:
        raise _undecodable(path, count, "UTF-8")
    if count.wrong <= count.accented:
        return "utf-8"
    count = _count(path, "cp1252")
    if count.wrong:
        raise _undecodable(path, count, "UTF-8 or Windows-1252")
    return "cp1252"


def unreadable_part(text: str, encoding: str) -> RowRefused | None:
    """Why a row with this text is refused: it holds a zero byte, or one that does not fit the encoding."""
    if text.isascii() and "\0" not in text:
        return None
    found = _BAD.search(text)
    if found is None:
        return None
    if found[0] == "\0":
        return RowRefused("it holds a zero byte", hint="Export it again")
    byte = ord(found[0]) - 0xDC00
    what = f"byte 0x{byte:02x}" if 0x80 <= byte <= 0xFF else "half a character"
    near = _BAD.sub("\ufffd", text[max(found.start() - 20, 0) : found.end() + 5]).strip()
    return RowRefused(
        f"{what} is not {encoding.upper()}, near {near!r}",
        hint="Save the feed as UTF-8, or name its encoding with --encoding",
    )


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
    errors = "strict" if _is_wide(encoding) else "surrogateescape"
    try:
        with open_packed(path) as binary, io.TextIOWrapper(binary, encoding, errors, newline="") as file:
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
        with open_packed(path) as file:
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


@dataclass(slots=True)
class _Count:
    """What decoding a file found.

    Attributes:
        wrong: bytes that do not fit.
        accented: well-formed characters beyond ASCII.
        zeros: zero bytes.
        size: bytes in all.
        first: offset and value of the first byte that does not fit or is zero.
    """

    wrong: int = 0
    accented: int = 0
    zeros: int = 0
    size: int = 0
    first: tuple[int, int] | None = None

    @property
    def is_binary(self) -> bool:
        return self.zeros > max(self.size // _BINARY_ZEROS, _FEW_ZEROS)


def _undecodable(path: Path, count: _Count, tried: str) -> FeedError:
    offset, value = count.first or (0, 0)
    what = "no text file" if value == 0 else f"not {tried}"
    return FeedError(f"byte 0x{value:02x} at offset {offset}: this is {what}", where=str(path), hint=_HOW_TO_SAVE)


def _is_wide(encoding: str) -> bool:
    return codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))


def _count(path: Path, encoding: str) -> _Count:
    """Decode a file to its end; in UTF-16 and UTF-32 to the first byte that does not fit."""
    wide = _is_wide(encoding)
    decoder = codecs.getincrementaldecoder(encoding)("strict" if wide else "surrogateescape")
    count = _Count()
    try:
        with open_packed(path) as file:
            while True:
                chunk = file.read(_CHUNK)
                pending = len(decoder.getstate()[0])
                try:
                    text = decoder.decode(chunk, final=not chunk)
                except UnicodeError as error:  # a few rare codecs raise it without a position
                    start = error.start if isinstance(error, UnicodeDecodeError) else 0
                    data = error.object if isinstance(error, UnicodeDecodeError) else chunk or b"\0"
                    count.wrong += 1
                    count.first = count.first or (count.size - pending + start, data[start])
                    return count
                _look(count, text, chunk, encoding, pending, wide)
                count.size += len(chunk)
                if not chunk:
                    return count
    except OSError as error:
        raise unreadable(path, error) from None


def _look(count: _Count, text: str, chunk: bytes, encoding: str, pending: int, wide: bool) -> None:
    """Count the characters of a chunk."""
    if not wide and (zeros := chunk.count(0)):
        count.zeros += zeros
        count.first = count.first or (count.size + chunk.index(0), 0)
    if text.isascii():
        return
    wrong = [] if wide else _ESCAPED.findall(text)
    count.wrong += len(wrong)
    count.accented += len(text) - len(text.encode("ascii", "ignore")) - len(wrong)
    if wrong and count.first is None:
        at = text.index(wrong[0])
        offset = count.size - pending + len(text[:at].encode(encoding, "surrogateescape"))
        count.first = (offset, ord(wrong[0]) - 0xDC00)
