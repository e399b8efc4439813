"""Parallel work in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from streetshop.indexing.parallel import map_in_order


def test_results_come_in_order_and_few_items_are_taken_ahead() -> None:
    taken, lock, open_now, most = 0, threading.Lock(), 0, 0

    def items() -> Iterator[int]:
        nonlocal taken
        for i in range(40):
            taken += 1
            yield i

    def work(i: int) -> int:
        nonlocal open_now, most
        with lock:
            open_now += 1
            most = max(most, open_now)
        time.sleep(0.002 * (i % 3))
        with lock:
            open_now -= 1
        return i * i

    with ThreadPoolExecutor(4) as pool:
        found = []
        for result in map_in_order(pool, work, items(), window=6):
            found.append(result)
            assert taken <= len(found) + 6
    assert found == [i * i for i in range(40)]
    assert 1 < most <= 4


def test_a_failure_is_raised_in_its_turn() -> None:
    def work(i: int) -> int:
        return 1 // (3 - i)

    with ThreadPoolExecutor(2) as pool:
        results = map_in_order(pool, work, range(9), window=4)
        assert [next(results) for _ in range(3)] == [0, 0, 1]
        with pytest.raises(ZeroDivisionError):
            next(results)
