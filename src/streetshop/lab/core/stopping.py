"""Clean interruption: Ctrl-C and SIGTERM are noted, so that work ends where it can be resumed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopSignal:
    """Within its context the first Ctrl-C or SIGTERM sets ``asked``; the second one acts as it did before.

    Args:
        patient: later signals are only noted too; for processes that end together.
        forward: called with the first signal's number.

    In other threads than the main one signals are left alone.
    """

    def __init__(self, *, patient: bool = False, forward: Callable[[int], None] | None = None) -> None:
        self.asked = False
        self._patient, self._forward = patient, forward
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._put_back()

    def _note(self, number: int, frame: FrameType | None) -> None:
        if not self.asked and self._forward is not None:
            self._forward(number)
        self.asked = True
        if not self._patient:
            self._put_back()

    def _put_back(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
