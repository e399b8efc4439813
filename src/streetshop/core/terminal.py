"""Text of strangers on a terminal: titles, ids, file names and the errors that quote them."""

from __future__ import annotations

import re
from typing import Final

_UNSAFE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and line feed: ESC begins commands to the terminal
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # change the direction of the text after them
    "\u200b\u2028\u2029\u2060\ufeff"  # invisible, or line ends to some programs
    "\ud800-\udfff]"  # no characters: bytes of file names that do not decode
)


def printable(text: str) -> str:
    r"""Write what a terminal would obey, reorder or hide as ``\x1b`` or ``\u202e``; other text stays as it is."""
    return _UNSAFE.sub(_escaped, text)


def one_line(text: str) -> str:
    r"""As :func:`printable`, with line feeds and tabs as ``\n`` and ``\t``: a value in a line or a cell of a table."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def json_safe(text: str) -> str:
    r"""Write the same characters in JSON text as ``\u009b``, which means the same value to every reader of JSON."""
    return _UNSAFE.sub(_json, text)  # what JSON has escaped already is not found


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def _json(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"
