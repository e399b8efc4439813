"""Progress of long work on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from streetshop.core.terminal import one_line, printable

if TYPE_CHECKING:
    from rich.progress import Task

_LINE_EVERY: Final = 10.0
_RATE_OVER: Final = 30.0
"""Both in seconds."""


def say(text: str) -> None:
    """Print a line for people, on stderr: results alone go to stdout."""
    print(printable(text), file=sys.stderr, flush=True)


class ProgressDisplay:
    """Shows ``done`` of ``total`` with rate and time left. Use it as a context manager.

    Args:
        unit: what is counted, in the plural.
        bar: draw a bar; None for a bar if stderr is a terminal.
    """

    def __init__(self, unit: str, bar: bool | None = None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._unit = unit
        self._bar = sys.stderr.isatty() if bar is None else bar
        self._shown = time.monotonic()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=Console(stderr=True),
            transient=True,
            speed_estimate_period=_RATE_OVER,
            get_time=lambda: time.monotonic(),
            disable=not self._bar,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, stage: str, done: int, total: int | None, note: str = "") -> None:
        """Show how far it has come.

        Args:
            stage: what is being done; a new stage has a rate of its own.
            done: how many are done.
            total: of how many; None if unknown.
            note: more to say.
        """
        stage, note = one_line(stage), one_line(note)
        tasks = self._progress.tasks
        if not tasks or tasks[0].description != stage:
            for task in tasks:
                self._progress.remove_task(task.id)
            self._progress.add_task(stage, total=total, note=note)
        task = self._progress.tasks[0]
        self._progress.update(task.id, completed=done, total=total, note=note)
        now = time.monotonic()
        if not self._bar and now - self._shown >= _LINE_EVERY:
            self._shown = now
            say(self._line(task))

    def _line(self, task: Task) -> str:
        text = f"{task.description}: {task.completed:.0f}"
        if task.total:
            text += f" of {task.total:.0f} {self._unit}".rstrip()
        if task.speed:
            text += f", {task.speed:.1f}/s"
        if task.time_remaining:  # None or zero once it is done
            text += f", {duration(task.time_remaining)} left"
        note = task.fields["note"]
        return f"{text}, {note}" if note else text


def duration(seconds: float) -> str:
    """``1 h 05 min``, ``3 min 20 s``, ``12 s``."""
    whole = max(round(seconds), 0)
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {whole % 60:02} s" if minutes else f"{whole} s"
