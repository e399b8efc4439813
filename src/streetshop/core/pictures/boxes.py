"""Boxes of an ISO base media file (ISO/IEC 14496-12): where each begins and ends, and numbers in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from streetshop.core.pictures.limits import MAX_PARTS, too_costly

_FULL: Final = frozenset(
    {b"meta", b"iinf", b"infe", b"iref", b"iloc", b"ipma", b"ispe", b"pitm", b"stco", b"co64", b"stsz", b"stsd"}
)
"""Boxes that begin with a version and flags."""


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its type and where its content lies, without version and flags.

    Attributes:
        data: of the whole file.
        kind: its four letters.
        start, end: of the content in ``data``.
        version, flags: of a full box; 0 for others.
    """

    data: bytes
    kind: bytes
    start: int
    end: int
    version: int = 0
    flags: int = 0

    @property
    def size(self) -> int:
        """Bytes of the content."""
        return self.end - self.start

    def children(self, skip: int = 0) -> list[Box]:
        """The boxes in the content, after ``skip`` bytes. Raises PhotoTooCostly for too many, ValueError."""
        return boxes(self.data, self.start + skip, self.end)

    def find(self, *path: bytes) -> Box | None:
        """The first box below this one by its path of types."""
        box: Box | None = self
        for kind in path:
            box = next((child for child in box.children() if child.kind == kind), None) if box else None
        return box


def boxes(data: bytes, start: int, end: int) -> list[Box]:
    """The boxes between two positions.

    Raises:
        PhotoTooCostly: more than a picture has.
        ValueError: a box does not fit into what holds it.
    """
    found: list[Box] = []
    while start + 8 <= end:
        size, kind, head = int.from_bytes(data[start : start + 4], "big"), data[start + 4 : start + 8], 8
        if size == 1:
            size, head = int.from_bytes(data[start + 8 : start + 16], "big"), 16
        elif size == 0:
            size = end - start
        if size < head or start + size > end:
            raise ValueError(f"the {kind.decode('latin-1')!r} box does not fit")
        if kind in _FULL:
            word = int.from_bytes(data[start + head : start + head + 4], "big")
            found.append(Box(data, kind, start + head + 4, start + size, word >> 24, word & 0xFFFFFF))
        else:
            found.append(Box(data, kind, start + head, start + size))
        if len(found) > MAX_PARTS:
            raise too_costly(f"more than {MAX_PARTS} boxes")
        start += size
    return found


class Numbers:
    """Reads the content of a box from its start.

    Args:
        box: that is read.
    """

    def __init__(self, box: Box) -> None:
        self._box = box
        self._position = box.start

    def take(self, size: int) -> int:
        """The next number of ``size`` bytes, 0 for none. Raises ValueError at the end."""
        start, self._position = self._position, self._position + size
        if self._position > self._box.end:
            raise ValueError("a box ends early")
        return int.from_bytes(self._box.data[start : self._position], "big")

    def kind(self) -> bytes:
        """The next four letters. Raises ValueError at the end."""
        return self.take(4).to_bytes(4, "big")
