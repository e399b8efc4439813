"""Progress and remaining time on stderr: a line that is rewritten on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self, TextIO


def duration(seconds: float) -> str:
    """``75`` as ``1:15``, ``3700`` as ``1:01:40``."""
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Progress:
    """Counts up to ``total``; the remaining time follows from the pace so far.

    ``enabled=False`` (all processes but the first) prints nothing.
    """

    def __init__(self, what: str, total: int, *, enabled: bool = True, stream: TextIO | None = None) -> None:
        self.what, self.total, self.enabled = what, total, enabled
        self.done = 0
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._start = self._shown = time.monotonic()
        self._every = 0.2 if self._terminal else 15.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.enabled and self.done:
            self._show("", last=True)

    def advance(self, steps: int = 1, note: str = "") -> None:
        """Count ``steps`` more, and show ``note`` beside the count when it is time for a line."""
        self.done += steps
        if self.enabled and time.monotonic() - self._shown >= self._every:
            self._show(note)

    def _show(self, note: str, last: bool = False) -> None:
        self._shown = time.monotonic()
        spent = self._shown - self._start
        left = f", {duration(spent / self.done * (self.total - self.done))} left" if 0 < self.done < self.total else ""
        line = f"{self.what}: {self.done} of {self.total} in {duration(spent)}{left}{', ' + note if note else ''}"
        if self._terminal:
            print(f"\r\x1b[K{line}", end="\n" if last else "", file=self._stream, flush=True)
        else:
            print(line, file=self._stream, flush=True)


def say(text: str) -> None:
    """One line on stderr."""
    print(text, file=sys.stderr, flush=True)
