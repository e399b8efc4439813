"""What the header of a file says about the cost of decoding it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Header:
    """The cost of a picture, before it is decoded.

    Attributes:
        size: width and height that the decoder must find; None where a container turns and crops.
        work: pixels to compute, each pass over them counted.
        memory: bytes that the decoder needs whatever the size of its output.
        output: bytes of its output at full size.
        reducible: whether the output may be smaller than the picture.
        least_scale: by how much it must be smaller in each direction.
    """

    size: tuple[int, int] | None
    work: int
    memory: int
    output: int
    reducible: bool = False
    least_scale: int = 1

    def peak(self, at_least: int | None) -> int:
        """Bytes that decoding needs at its peak, rounded up; ``at_least`` as in :func:`.decode.decode`."""
        scale = self.least_scale
        if self.reducible and self.size and at_least:
            while scale < 8 and min(self.size) >= 2 * scale * at_least:
                scale *= 2
        return _BASE + self.memory + self.output // scale**2


_BASE = 40 * 2**20
"""The file itself, the part of the picture that is converted at a time, and the reduced picture."""
