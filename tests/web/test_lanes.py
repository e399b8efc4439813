"""Lanes: places, waits and the time to come back after; whatever ends a request, its place is free again."""

from __future__ import annotations

import asyncio
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect

from streetshop.core.errors import PhotoError
from streetshop.web.lanes import Lane, Patience
from streetshop.web.metrics import Metrics
from streetshop.web.problems import Busy


class Clock:
    """Stands in for the module's clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr("streetshop.web.lanes.time.monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def lane(size: int = 99, max_wait: float = 5.0, metrics: Metrics | None = None) -> Lane:
    return Lane("photo", size=size, max_wait=max_wait, metrics=metrics or Metrics())


def serve(line: Lane, clock: Clock, seconds: float, times: int) -> None:
    for _ in range(times):
        with line.slot():
            clock.now += seconds


def test_a_full_lane_is_refused_with_a_time_to_come_back() -> None:
    metrics = Metrics()
    line = lane(size=2, metrics=metrics)
    with line.slot(), line.slot():
        with pytest.raises(Busy, match="2 requests are waiting") as refused, line.slot():
            pass
        assert refused.value.retry_after >= 1
        assert b'streetshop_queue{lane="photo"} 2.0' in metrics.text()
    with line.slot():
        assert line.admitted == 1
    assert b'streetshop_queue_refused_total{lane="photo",reason="full"} 1.0' in metrics.text()


def test_a_wait_that_would_be_too_long_is_refused_with_its_length(clock: Clock) -> None:
    line = lane(max_wait=5)
    serve(line, clock, 2.0, 40)  # two seconds each
    with line.slot(), line.slot(), line.slot():
        assert line.expected_wait() == pytest.approx(6)
        with pytest.raises(Busy, match="take about 6 s") as refused, line.slot():
            pass
        assert refused.value.retry_after == 4  # then about 2.5 s are left
    assert line.admitted == 0


def test_the_pace_follows_the_last_requests_and_an_empty_lane_always_admits(clock: Clock) -> None:
    line = lane(max_wait=5)
    serve(line, clock, 60.0, 5)
    clock.now += 3600  # the time in which nobody asks is not the pace
    with line.slot():
        assert line.expected_wait() == pytest.approx(60)
        clock.now += 0.1
    serve(line, clock, 0.1, 40)
    with line.slot():
        assert line.expected_wait() == pytest.approx(0.1)
        clock.now += 0.1


def test_requests_that_are_dropped_do_not_count_as_served(clock: Clock) -> None:
    line = lane()
    serve(line, clock, 1.0, 40)
    for error in (ClientDisconnect(), asyncio.CancelledError(), Busy("late")):
        for _ in range(40):
            with pytest.raises(type(error)), line.slot():
                raise error
    with line.slot():
        assert line.expected_wait() == pytest.approx(1)


def test_waits_add_up_and_work_between_them_does_not_count() -> None:
    async def main() -> tuple[float, int]:
        patience = Patience(lane(max_wait=0.3))
        async with patience.waiting():
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.4)  # work
        async with patience.waiting():
            await asyncio.sleep(0.05)
        with pytest.raises(Busy, match=r"waited for 0\.3 s") as refused:
            async with patience.waiting():
                await asyncio.sleep(60)
        async with patience.waiting():
            pass  # what need not wait goes on
        return patience.waited, refused.value.retry_after

    waited, retry_after = asyncio.run(main())
    assert 0.29 < waited < 5
    assert retry_after == 1


def test_a_request_that_is_cancelled_while_it_waits_is_not_answered_with_429() -> None:
    async def main() -> None:
        async def wait() -> None:
            async with Patience(lane()).waiting():
                await asyncio.sleep(60)

        task = asyncio.create_task(wait())
        await asyncio.sleep(0.01)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())


ENDS = st.sampled_from([None, PhotoError("x"), Busy("x"), ClientDisconnect(), ZeroDivisionError(), "cancel"])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(ENDS, st.integers(0, 3)), max_size=24), st.integers(1, 5))
def test_no_place_is_lost_however_requests_end(ends: list[tuple[object, int]], size: int) -> None:
    metrics = Metrics()
    line = lane(size=size, metrics=metrics)

    async def request(end: object, turns: int) -> None:
        with line.slot():
            assert 1 <= line.admitted <= size
            for _ in range(turns):
                await asyncio.sleep(0)
            if isinstance(end, BaseException):
                raise end
            if end == "cancel":
                await asyncio.sleep(60)

    async def main() -> list[object]:
        tasks = [asyncio.create_task(request(*end)) for end in ends]
        for _ in range(6):
            await asyncio.sleep(0)
        for task, (end, _) in zip(tasks, ends, strict=True):
            if end == "cancel":
                task.cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(main())
    assert line.admitted == 0
    assert b'streetshop_queue{lane="photo"} 0.0' in metrics.text()
    for _ in range(2):
        with line.slot():
            assert line.admitted == 1


def test_the_wait_of_every_admitted_request_is_measured(clock: Clock) -> None:
    metrics = Metrics()
    serve(lane(metrics=metrics), clock, 0.1, 3)
    assert re.search(rb'streetshop_queue_wait_seconds_count\{lane="photo"\} 3\.0', metrics.text())
