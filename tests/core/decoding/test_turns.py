"""Whose turn it is: memory never exceeds its limit, and neither small nor large pictures wait for ever."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetshop.core.decoding.turns import SMALL_MEMORY, Cost, Turns
from streetshop.core.errors import PhotoTooCostly
from streetshop.core.pictures.header import Header

MIB = 2**20


@dataclass(frozen=True, eq=False)
class Waiting:
    cost: Cost


def small(mib: int = 50) -> Waiting:
    return Waiting(Cost(mib * MIB, large=False))


def large(mib: int = 300) -> Waiting:
    return Waiting(Cost(mib * MIB, large=True))


def turns(*pictures: Waiting, workers: int = 4, memory: int = 1280) -> Turns[Waiting]:
    made: Turns[Waiting] = Turns(workers, memory * MIB)
    for picture in pictures:
        made.add(picture)
    return made


def test_in_order() -> None:
    pictures = [small(), large(), small(), large()]
    line = turns(*pictures)
    assert [line.take() for _ in range(5)] == [*pictures, None]


def test_the_last_worker_is_for_small_pictures() -> None:
    first, second, third = large(10), large(10), small(10)
    line = turns(first, second, third, workers=2)
    assert line.take() is first
    assert line.take() is third
    assert line.take() is None
    line.done(first)
    assert line.take() is second


def test_large_pictures_leave_memory_for_small_ones() -> None:
    first, second, third, fourth = large(900), large(200), small(200), small(100)
    line = turns(first, second, third, fourth)
    assert [line.take(), line.take(), line.take()] == [first, third, None]  # 900 of 1024, then 200 of 256
    line.done(third)
    assert line.take() is fourth
    line.done(first)
    assert line.take() is second


def test_a_large_picture_gets_its_turn_in_a_stream_of_small_ones() -> None:
    line = turns(*[small(200) for _ in range(6)], workers=8)
    running = [line.take() for _ in range(6)]
    assert all(running)
    waiting = large(1000)
    line.add(waiting)
    for _ in range(6):  # a new small one for each that ends
        line.done(running.pop(0))
        line.add(small(200))
        if (taken := line.take()) is waiting:
            return
        if taken:
            running.append(taken)
    pytest.fail("the large picture still waits")


def test_what_would_wait_for_ever_is_refused() -> None:
    line = turns(memory=1280)
    line.check(large(1024).cost)
    line.check(small(256).cost)
    with pytest.raises(PhotoTooCostly, match=r"needs 1025 MiB of memory, 1024 are allowed"):
        line.check(large(1025).cost)


def test_what_waits_can_be_taken_away() -> None:
    pictures = [small(), large(), small()]
    line = turns(*pictures)
    assert set(line.clear()) == set(pictures)
    assert line.take() is None


def test_costs_of_headers() -> None:
    photo = Header((4000, 3000), work=12_000_000, memory=0, output=48_000_000, reducible=True)
    assert not Cost.of(photo, 640).large
    slow = Header((4000, 3000), work=40_000_000, memory=0, output=48_000_000, reducible=True)
    assert Cost.of(slow, 640).large
    assert Cost.of(Header((8000, 8000), work=1, memory=SMALL_MEMORY, output=0), 640).large


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 250)), max_size=40), st.integers(2, 5), st.randoms())
def test_any_stream_keeps_to_the_limits_and_ends(stream, workers: int, random) -> None:
    line = turns(workers=workers)
    left = [large(4 * mib) if is_large else small(mib) for is_large, mib in stream]
    running: list[Waiting] = []
    done = 0
    while done < len(stream):
        if left and random.random() < 0.5:
            line.add(left.pop())
        while len(running) < workers and (taken := line.take()) is not None:
            running.append(taken)
        assert sum(one.cost.memory for one in running) <= 1280 * MIB
        assert sum(one.cost.large for one in running) <= workers - 1
        if running:
            line.done(running.pop(random.randrange(len(running))))
            done += 1
        elif not left:
            pytest.fail("pictures wait and none runs")
