"""Whose turn it is to be decoded: memory in total, and room for small pictures beside large ones."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

from streetshop.core.errors import PhotoTooCostly
from streetshop.core.pictures.header import Header

SMALL_MEMORY: Final = 256 * 2**20
"""Most bytes of a small picture, and what is kept free for small ones while large ones wait or run."""
SMALL_WORK: Final = 32_000_000
"""Most pixels to compute of a small picture: a second of work. A photo of 24 million pixels is small."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a picture costs: bytes at the peak of decoding it, and whether it is large."""

    memory: int
    large: bool

    @classmethod
    def of(cls, header: Header, at_least: int | None) -> Cost:
        """The cost of a picture by its header; ``at_least`` as in :func:`~streetshop.core.pictures.decode.decode`."""
        memory = header.peak(at_least)
        return cls(memory, memory > SMALL_MEMORY or header.work > SMALL_WORK)


class _Waits(Protocol):
    @property
    def cost(self) -> Cost: ...


W = TypeVar("W", bound=_Waits)


@dataclass
class Turns(Generic[W]):
    """Pictures that wait, in order. Not thread-safe.

    Small and large pictures wait apart. Large ones never take the last worker, nor the memory that is kept for small
    ones; small ones never take what a waiting large one needs. So neither waits for ever.

    Attributes:
        workers: pictures that may be decoded at once, at least two.
        memory: bytes that all of them may need.
    """

    workers: int
    memory: int
    _small: deque[tuple[int, W]] = field(default_factory=deque)
    _large: deque[tuple[int, W]] = field(default_factory=deque)
    _number: int = 0
    _small_memory: int = 0
    _large_memory: int = 0
    _large_running: int = 0

    def check(self, cost: Cost) -> None:
        """Raise PhotoTooCostly for a picture whose turn would never come."""
        most = self.memory - SMALL_MEMORY
        if cost.large and cost.memory > most:
            raise PhotoTooCostly(
                f"decoding it needs {cost.memory / 2**20:.0f} MiB of memory, {most / 2**20:.0f} are allowed",
                hint="Make it smaller, or save it as JPEG",
            )

    def add(self, picture: W) -> None:
        """A picture, checked, waits."""
        self._number += 1
        (self._large if picture.cost.large else self._small).append((self._number, picture))

    def take(self) -> W | None:
        """The picture that waits for the longest of those that may start; None if none may. See ``done``."""
        ready = [lane for lane, fits in ((self._small, self._small_fits), (self._large, self._large_fits)) if fits()]
        if not ready:
            return None
        _, picture = min(ready, key=lambda lane: lane[0][0]).popleft()
        self._count(picture, 1)
        return picture

    def done(self, picture: W) -> None:
        """A picture that was taken is decoded, or given up."""
        self._count(picture, -1)

    def clear(self) -> list[W]:
        """Take all that wait."""
        waiting = [picture for lane in (self._small, self._large) for _, picture in lane]
        self._small.clear()
        self._large.clear()
        return waiting

    def _small_fits(self) -> bool:
        limit = SMALL_MEMORY if self._large or self._large_running else self.memory
        return bool(self._small) and self._small_memory + self._small[0][1].cost.memory <= limit

    def _large_fits(self) -> bool:
        if not self._large or self._large_running >= self.workers - 1:
            return False
        left = self.memory - max(self._small_memory, SMALL_MEMORY) - self._large_memory
        return self._large[0][1].cost.memory <= left

    def _count(self, picture: W, sign: int) -> None:
        if picture.cost.large:
            self._large_memory += sign * picture.cost.memory
            self._large_running += sign
        else:
            self._small_memory += sign * picture.cost.memory
