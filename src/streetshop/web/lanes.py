"""Admission of requests: how many of a kind may be under way, and how long one of them may wait.

Each kind of request has a lane of its own, so that one kind never waits for another's admission. A lane refuses a
request at once when it is full, or when the requests before it will take longer than a request may wait. An admitted
request that has waited too long all the same is dropped. Both are answered with 429 and the time to come back after.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from starlette.requests import ClientDisconnect

from streetshop.web.metrics import LaneName, Metrics, Refusal
from streetshop.web.problems import Busy

_FIRST_PACE: Final = 0.05
_PACE_OF: Final = 32
_MAX_RETRY_AFTER: Final = 300


class Lane:
    """The requests of one kind that wait or run. For one event loop.

    Args:
        name: of the kind, for metrics and messages.
        size: requests that may wait or run at once.
        max_wait: seconds that a request may wait before and between its stages; the stages themselves do not count.
        metrics: records the length of the lane, waits and refusals.
    """

    def __init__(self, name: LaneName, *, size: int, max_wait: float, metrics: Metrics) -> None:
        self.name = name
        self.max_wait = max_wait
        self._size = size
        self._metrics = metrics
        self._admitted = 0
        self._intervals: deque[float] = deque(maxlen=_PACE_OF)
        """Seconds between two served requests while the lane was not empty."""
        self._served = 0.0

    @property
    def admitted(self) -> int:
        """Number of requests that wait or run."""
        return self._admitted

    @contextmanager
    def slot(self) -> Iterator[Patience]:
        """Occupy a place in the lane. Raises Busy if it is full or the wait would be too long."""
        self._admit()
        patience = Patience(self)
        served = True
        try:
            yield patience
        except (Busy, asyncio.CancelledError, ClientDisconnect):
            served = False  # dropped, not worked through: it says nothing about the pace
            raise
        finally:
            self._leave(served)
            self._metrics.waited(self.name, patience.waited)

    def expected_wait(self) -> float:
        """Seconds until the requests of the lane are done, from the pace of the last ones."""
        pace = sum(self._intervals) / len(self._intervals) if self._intervals else _FIRST_PACE
        return self._admitted * pace

    def retry_after(self, at_least: float = 1.0) -> int:
        """Whole seconds until the wait is half of the longest: who comes back then finds room, and no idle server."""
        return min(math.ceil(max(self.expected_wait() - self.max_wait / 2, at_least)), _MAX_RETRY_AFTER)

    def busy(self, reason: Refusal, *, at_least: float = 1.0) -> Busy:
        """Count a refusal and return the error to raise."""
        self._metrics.refused(self.name, reason)
        what = {
            "full": f"{self._admitted} requests are waiting already",
            "wait": f"the requests before this one take about {math.ceil(self.expected_wait())} s",
            "late": f"the request has waited for {self.max_wait:g} s",
        }[reason]
        return Busy(what, retry_after=self.retry_after(at_least))

    def _admit(self) -> None:
        if self._admitted >= self._size:
            raise self.busy("full")
        if self.expected_wait() > self.max_wait:
            raise self.busy("wait")
        self._admitted += 1
        if self._admitted == 1:
            self._served = time.monotonic()
        self._metrics.under_way(self.name, self._admitted)

    def _leave(self, served: bool) -> None:
        if served:
            now = time.monotonic()
            self._intervals.append(now - self._served)
            self._served = now
        self._admitted -= 1
        self._metrics.under_way(self.name, self._admitted)


class Patience:
    """What one request has waited, and how long it may still wait."""

    __slots__ = ("_lane", "waited")

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self.waited = 0.0
        """Seconds."""

    @asynccontextmanager
    async def waiting(self) -> AsyncIterator[None]:
        """The time of this block counts as waiting. Raises Busy when it is used up."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._lane.max_wait - self.waited):
                yield
        except TimeoutError:
            raise self._lane.busy("late", at_least=self._lane.max_wait) from None
        finally:
            self.waited += time.monotonic() - began
