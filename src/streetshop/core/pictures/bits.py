"""Numbers in a stream of bits, most significant first."""

from __future__ import annotations


class Bits:
    """Reads a stream of bits.

    Args:
        data: the stream; it is converted whole, so give the few bytes that hold a header.
    """

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        """The next ``count`` bits as a number. Raises ValueError at the end."""
        if count > self._left:
            raise ValueError("the header ends early")
        self._left -= count
        return self._value >> self._left & ((1 << count) - 1)

    def exp_golomb(self) -> int:
        """An unsigned Exp-Golomb number (``ue(v)`` of H.264 and H.265, ``uvlc`` of AV1). Raises ValueError."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 32:
                raise ValueError("a number of over 32 bits")
        return (1 << zeros) - 1 + self.take(zeros)
