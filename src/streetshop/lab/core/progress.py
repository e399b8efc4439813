"""Progress and remaining time on stderr."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from streetshop.core.progress import ProgressDisplay, duration, say

__all__ = ["Progress", "duration", "say"]


class Progress:
    """Counts up to ``total``; a bar on a terminal, a line now and then elsewhere.

    Calling it with two numbers sets what is done and the total. ``enabled=False`` (all processes but the first) shows
    nothing.
    """

    def __init__(self, what: str, total: int | None = None, *, enabled: bool = True) -> None:
        self.what, self.total = what, total
        self.done = 0
        self._display = ProgressDisplay("", None if enabled else False)
        self._enabled = enabled

    def __enter__(self) -> Self:
        self._display.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._display.__exit__(kind, error, trace)

    def __call__(self, done: int, total: int) -> None:
        """Set what is done, of how many."""
        self.done, self.total = done, total
        self.advance(0)

    def advance(self, steps: int = 1, note: str = "") -> None:
        """Count ``steps`` more, and show ``note`` beside the count."""
        self.done += steps
        if self._enabled:
            self._display.show(self.what, self.done, self.total, note)
