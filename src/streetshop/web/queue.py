"""Queue of searches: work off the event loop, and encoding in batches across requests.

A search goes through three stages: *decode* (bytes to garment pictures, in a pool of threads), *encode* (pictures to
vectors, one batch after the other) and *search* (in a second pool, so that a finished query does not wait behind
others' pictures). When the encoder becomes free it takes the waiting pictures, up to ``max_batch``, and never waits for
more. The request of a client that disconnected is cancelled and skips its remaining stages.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from streetshop.models import Encoder, Prepared
from streetshop.models.encoder import Side
from streetshop.models.session import available_cores
from streetshop.web.metrics import Metrics
from streetshop.web.problems import Busy

T = TypeVar("T")

_MAX_RETRY_AFTER: Final = 30


@dataclass(slots=True, eq=False)
class _Waiting:
    prepared: Sequence[Prepared]
    side: Side
    answer: asyncio.Future[NDArray[np.float32]]


class WorkQueue:
    """Thread pools and the encoder's batch queue, shared by all requests of a server. For one event loop.

    Args:
        encoder: turns prepared pictures into vectors; called from one thread at a time.
        size: searches that may wait or run at once.
        max_batch: pictures in one run of the encoder, except when a single request has more.
        metrics: records stages and batches.
    """

    def __init__(self, encoder: Encoder, *, size: int, max_batch: int, metrics: Metrics) -> None:
        self._encoder = encoder
        self._size = size
        self._max_batch = max_batch
        self._metrics = metrics
        cores = available_cores()
        self._decoders = ThreadPoolExecutor(cores, thread_name_prefix="decode")
        self._encoders = ThreadPoolExecutor(1, thread_name_prefix="encode")
        self._searchers = ThreadPoolExecutor(cores, thread_name_prefix="search")
        self._waiting: deque[_Waiting] = deque()
        self._drain: asyncio.Task[None] | None = None
        self._admitted = 0
        self._pace = 0.05
        """Seconds between two finished searches while busy, an exponential moving average."""
        self._finished = 0.0

    @property
    def admitted(self) -> int:
        """Number of searches that wait or run."""
        return self._admitted

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Occupy a place in the queue. Raises Busy if it is full."""
        if self._admitted >= self._size:
            raise Busy(f"{self._admitted} searches are waiting already", retry_after=self.retry_after())
        self._admitted += 1
        self._metrics.waiting.set(self._admitted)
        if self._admitted == 1:
            self._finished = time.monotonic()
        try:
            yield
        finally:
            now = time.monotonic()
            self._pace += 0.1 * (now - self._finished - self._pace)
            self._finished = now
            self._admitted -= 1
            self._metrics.waiting.set(self._admitted)

    def retry_after(self) -> int:
        """Whole seconds until about half of the waiting searches are done."""
        return max(1, min(math.ceil(self._admitted * self._pace / 2), _MAX_RETRY_AFTER))

    async def decode(self, work: Callable[[], T]) -> T:
        """Run ``work`` in the pool for pictures."""
        return await self._timed("decode", self._decoders, work)

    async def search(self, work: Callable[[], T]) -> T:
        """Run ``work`` in the pool for the catalog."""
        return await self._timed("search", self._searchers, work)

    async def encode(self, prepared: Sequence[Prepared], side: Side = "street") -> NDArray[np.float32]:
        """Encode pictures in one batch with those of other requests; returns (n, dim) vectors."""
        began = time.monotonic()
        waiting = _Waiting(prepared, side, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._drain is None or self._drain.done():
            self._drain = asyncio.create_task(self._run())
        vectors = await waiting.answer
        self._metrics.stage("encode", time.monotonic() - began)
        return vectors

    def close(self) -> None:
        """Cancel what waits and end the threads."""
        if self._drain is not None:
            self._drain.cancel()
        for waiting in self._waiting:
            waiting.answer.cancel()
        for pool in (self._decoders, self._encoders, self._searchers):
            pool.shutdown(wait=True, cancel_futures=True)

    async def _timed(self, stage: str, pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        began = time.monotonic()
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, work)
        finally:
            self._metrics.stage(stage, time.monotonic() - began)

    async def _run(self) -> None:
        while batch := self._take():
            pictures = [picture for waiting in batch for picture in waiting.prepared]
            self._metrics.batch.observe(len(pictures))
            try:
                vectors = await self._encode(pictures, batch[0].side)
            except Exception as error:  # whatever it is belongs to the requests of this batch, not to this task
                await self._one_by_one(batch, error)
                continue
            start = 0
            for waiting in batch:
                _answer(waiting, vectors[start : start + len(waiting.prepared)])
                start += len(waiting.prepared)

    def _take(self) -> list[_Waiting]:
        """Take the oldest requests of one side whose pictures fit a batch; cancelled ones are dropped."""
        batch: list[_Waiting] = []
        size = 0
        while self._waiting:
            first = self._waiting[0]
            if first.answer.done():
                self._waiting.popleft()
                continue
            if batch and (first.side != batch[0].side or size + len(first.prepared) > self._max_batch):
                break
            batch.append(self._waiting.popleft())
            size += len(first.prepared)
        return batch

    async def _encode(self, pictures: Sequence[Prepared], side: Side) -> NDArray[np.float32]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._encoders, lambda: self._encoder.encode(pictures, side=side))

    async def _one_by_one(self, batch: Sequence[_Waiting], error: Exception) -> None:
        """Encode the requests of a failed batch one at a time, so that only the bad one fails."""
        for waiting in batch:
            if waiting.answer.done():
                continue
            try:
                if len(batch) == 1:
                    raise error
                _answer(waiting, await self._encode(waiting.prepared, waiting.side))
            except Exception as own:  # passed on to the request
                if not waiting.answer.done():
                    waiting.answer.set_exception(own)


def _answer(waiting: _Waiting, vectors: NDArray[np.float32]) -> None:
    if not waiting.answer.done():
        waiting.answer.set_result(vectors)
