"""Parallel work in order, with bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def map_in_order(pool: Executor, work: Callable[[T], R], items: Iterable[T], window: int) -> Iterator[R]:
    """The results of ``work`` in the order of ``items``, of which at most ``window`` are in progress or waiting."""
    running: deque[Future[R]] = deque()
    for item in items:
        running.append(pool.submit(work, item))
        while len(running) >= window:
            yield running.popleft().result()
    while running:
        yield running.popleft().result()
