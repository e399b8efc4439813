"""Progress of long work on stderr: a bar where a person looks on, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections import deque
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from streetshop.cli.options import say

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_EVERY_S: Final = 10.0
_RATE_OVER_S: Final = 30.0


class ProgressDisplay:
    """Shows ``done`` of ``total`` with rate and time left. Use it as a context manager.

    Args:
        unit: what is counted, in the plural.
        bar: draw a bar; None where stderr is a terminal.
    """

    def __init__(self, unit: str, bar: bool | None = None) -> None:
        self._unit = unit
        self._bar = sys.stderr.isatty() if bar is None else bar
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._stage = ""
        self._shown = time.monotonic()
        self._history: deque[tuple[float, int]] = deque([(self._shown, 0)])

    def __enter__(self) -> Self:
        if self._bar:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            self._progress = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[note]}"),
                console=Console(stderr=True),
                transient=True,
                speed_estimate_period=_RATE_OVER_S,
            )
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def show(self, stage: str, done: int, total: int | None, note: str = "") -> None:
        """``stage`` says what is being done; a new one starts anew."""
        new = stage != self._stage
        self._stage = stage
        if self._progress is not None:
            if new or self._task is None:
                if self._task is not None:
                    self._progress.remove_task(self._task)
                self._task = self._progress.add_task(stage, total=total, note=note)
            self._progress.update(self._task, completed=done, total=total, note=note)
            return
        now = time.monotonic()
        if new:
            self._history = deque([(now, done)])
        self._history.append((now, done))
        while len(self._history) > 2 and now - self._history[0][0] > _RATE_OVER_S:
            self._history.popleft()
        if now - self._shown >= _EVERY_S:
            self._shown = now
            say(self._line(done, total, note))

    def _line(self, done: int, total: int | None, note: str) -> str:
        (start, first), (end, last) = self._history[0], self._history[-1]
        rate = (last - first) / (end - start) if end > start else 0.0
        text = f"{self._stage}: {done} of {total} {self._unit}" if total else f"{self._stage}: {done}"
        if rate > 0:
            text += f", {rate:.1f}/s"
        if rate > 0 and total:
            text += f", {duration((total - done) / rate)} left"
        return f"{text}, {note}" if note else text


def duration(seconds: float) -> str:
    """``1 h 05 min``, ``3 min 20 s``, ``12 s``."""
    whole = max(round(seconds), 0)
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {whole % 60:02} s" if minutes else f"{whole} s"
