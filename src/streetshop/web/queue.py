"""Work of requests, off the event loop, and encoding in batches across requests.

A search goes through four stages: *decode* (bytes to a photo, in processes that can be ended), *look* (photo to garment
pictures, in a pool of threads), *encode* (pictures to vectors, one batch after the other) and *search* (in a second
pool, so that a finished query does not wait behind others' pictures). When the encoder becomes free it takes the
waiting pictures, up to ``max_batch``, and never waits for more. Writes have a thread of their own: a write may wait
seconds for the catalog's lock, and searches go on meanwhile.

What waits for a stage waits on the event loop. So a request whose client disconnected, or that has waited too long, is
dropped at once and skips its remaining stages; the process that decodes its photo is ended.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from streetshop.core.decoding.pool import DecodePool
from streetshop.core.photo import Photo
from streetshop.indexing.shots import Decode
from streetshop.models import Encoder, Prepared
from streetshop.models.encoder import Side
from streetshop.models.session import available_cores
from streetshop.web.lanes import Lane, Patience
from streetshop.web.metrics import Metrics, StageName
from streetshop.web.settings import Settings

T = TypeVar("T")


class Stage:
    """Threads for one kind of work."""

    def __init__(self, name: StageName, threads: int, metrics: Metrics) -> None:
        self._name = name
        self._metrics = metrics
        self._free = asyncio.Semaphore(threads)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)

    async def run(self, work: Callable[[], T], patience: Patience) -> T:
        """Wait for a free thread and run ``work`` in it. Raises Busy when that is not in time."""
        began = time.monotonic()
        loop = asyncio.get_running_loop()
        try:
            async with patience.waiting():
                await self._free.acquire()
            running = self._threads.submit(work)
            # The thread is free when the work ends, which may be after its request was cancelled.
            running.add_done_callback(lambda _: loop.call_soon_threadsafe(self._free.release))
            return await asyncio.wrap_future(running)
        finally:
            self._metrics.stage(self._name, time.monotonic() - began)

    def close(self) -> None:
        """End the threads; work that runs is waited for."""
        self._threads.shutdown(wait=True, cancel_futures=True)


@dataclass(slots=True, eq=False)
class _Waiting:
    prepared: Sequence[Prepared]
    side: Side
    taken: asyncio.Future[None]
    answer: asyncio.Future[NDArray[np.float32]]


class WorkQueue:
    """Lanes, threads and the encoder's batch queue, shared by all requests of a server. For one event loop.

    Args:
        encoder: turns prepared pictures into vectors; called from one thread at a time.
        settings: lengths of the lanes, the longest wait, and ``max_batch``.
        metrics: records lanes, stages and batches.

    Attributes:
        photos: lane of the requests that bring a photo to search for or to read.
        reads: lane of all other reading requests.
        writes: lane of the requests that change the catalog.
    """

    def __init__(self, encoder: Encoder, settings: Settings, metrics: Metrics) -> None:
        self._encoder = encoder
        self._max_batch = settings.max_batch
        self._metrics = metrics
        wait = settings.max_wait
        self.photos = Lane("photo", size=settings.queue, max_wait=wait, metrics=metrics)
        self.reads = Lane("read", size=settings.read_queue, max_wait=wait, metrics=metrics)
        self.writes = Lane("write", size=settings.write_queue, max_wait=wait, metrics=metrics)
        cores = available_cores()
        self._photo_limits = settings.photo
        self._decoders = DecodePool(cores, memory=settings.decode_memory, seconds=settings.decode_seconds)
        self._lookers = Stage("look", cores, metrics)
        self._searchers = Stage("search", cores, metrics)
        self._writers = Stage("write", 1, metrics)
        self._counters = Stage("facts", 1, metrics)
        self._encoders = ThreadPoolExecutor(1, thread_name_prefix="encode")
        self._waiting: deque[_Waiting] = deque()
        self._drain: asyncio.Task[None] | None = None

    @property
    def decode(self) -> Decode:
        """Decodes pictures in the processes of the queue, for work that is no request's."""
        return self._decoders.decode

    def start(self) -> None:
        """Start the processes that decode, which otherwise the first photo waits for. Raises ServerError."""
        self._decoders.start()

    async def look(
        self, data: bytes, work: Callable[[Photo], T], patience: Patience, *, side: int, where: str = "photo"
    ) -> T:
        """Decode a picture in the pool of processes, and run ``work`` on it in the pool of threads.

        Args:
            data: the bytes of the file.
            work: what to do with the photo.
            patience: of the request.
            side: pixels that the shorter side needs at least.
            where: names the picture in errors.

        Raises:
            PhotoError: the picture cannot be used.
            Busy: a wait was too long.
        """
        photo = await self._decode(data, patience, side, where)
        return await self._lookers.run(lambda: work(photo), patience)

    async def search(self, work: Callable[[], T], patience: Patience) -> T:
        """Run ``work`` in the pool for reading the catalog. Raises Busy."""
        return await self._searchers.run(work, patience)

    async def write(self, work: Callable[[], T], patience: Patience) -> T:
        """Run ``work`` in the thread for writing to the catalog. Raises Busy."""
        return await self._writers.run(work, patience)

    async def count(self, work: Callable[[], T], patience: Patience) -> T:
        """Run ``work`` in the thread for figures of the whole catalog, which take long. Raises Busy."""
        return await self._counters.run(work, patience)

    async def encode(
        self, prepared: Sequence[Prepared], patience: Patience, side: Side = "street"
    ) -> NDArray[np.float32]:
        """Encode pictures in one batch with those of other requests; returns (n, dim) vectors. Raises Busy."""
        began = time.monotonic()
        loop = asyncio.get_running_loop()
        waiting = _Waiting(prepared, side, loop.create_future(), loop.create_future())
        self._waiting.append(waiting)
        if self._drain is None or self._drain.done():
            self._drain = asyncio.create_task(self._run())
        try:
            async with patience.waiting():
                await waiting.taken
            return await waiting.answer
        finally:
            waiting.answer.cancel()  # nobody waits for it any more
            self._metrics.stage("encode", time.monotonic() - began)

    def close(self) -> None:
        """Cancel what waits and end the threads."""
        if self._drain is not None:
            self._drain.cancel()
        for waiting in self._waiting:
            waiting.taken.cancel()
            waiting.answer.cancel()
        self._decoders.close()
        for stage in (self._lookers, self._searchers, self._writers, self._counters):
            stage.close()
        self._encoders.shutdown(wait=True, cancel_futures=True)

    async def _decode(self, data: bytes, patience: Patience, side: int, where: str) -> Photo:
        began = time.monotonic()
        loop = asyncio.get_running_loop()
        turn = asyncio.Event()
        decoding = self._decoders.submit(
            data,
            at_least=side,
            limits=self._photo_limits,
            where=where,
            begun=lambda: loop.call_soon_threadsafe(turn.set),
        )
        try:
            async with patience.waiting():
                await turn.wait()
            return await asyncio.wrap_future(decoding)
        finally:
            decoding.cancel()  # nobody waits for it any more
            self._metrics.stage("decode", time.monotonic() - began)

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
        """Take the oldest requests of one side whose pictures fit a batch; those that nobody waits for are dropped."""
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
            if not first.taken.done():
                first.taken.set_result(None)
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
