"""Numbers in the text of a request."""

from __future__ import annotations


def parse_number(text: str) -> float:
    """A number in ASCII, as in JSON; may be infinite or NaN. Raises ValueError.

    Python's own ``float`` also reads digits of other scripts and underscores between digits.
    """
    if not text.isascii() or "_" in text:
        raise ValueError(f"{text[:40]!r} is no number")
    return float(text)


def parse_whole(text: str) -> int:
    """A whole number of at most twelve ASCII digits. Raises ValueError."""
    if not text.removeprefix("-").isdecimal() or not text.isascii() or len(text) > 12:
        raise ValueError(f"{text[:40]!r} is no whole number")
    return int(text)
