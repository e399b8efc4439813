"""Decoding of untrusted files in processes that can be ended: limits of time, of memory, and of memory in total.

Kept libraries do not give this. loky's and the standard library's pools cannot end one task without the others, and
their results are pickles, which a process that decodes untrusted data must not send. pebble ends single tasks, but
starts its processes by importing the user's main module, and sends pickles too.
"""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from streetshop.core.decoding.process import DecodingProcess, OutOfTime, ProcessLost, Question
from streetshop.core.decoding.turns import SMALL_MEMORY, Cost, Turns
from streetshop.core.errors import PhotoError, StreetshopError, UsageError, located
from streetshop.core.photo import Photo
from streetshop.core.pictures.decode import check_file
from streetshop.core.pictures.limits import DEFAULT_LIMITS, PhotoLimits, too_costly

DECODE_MEMORY: Final = 1280 * 2**20
"""Bytes that all pictures being decoded may need: one of 64 million pixels in any format, and small ones beside it."""
LEAST_DECODE_MEMORY: Final = 2 * SMALL_MEMORY
DECODE_SECONDS: Final = 20.0
"""The longest time for one picture. The slowest allowed ones take 3 s on an idle core of 2020."""


class Decoding(Future[Photo]):
    """A picture that waits or is being decoded. Cancelling it ends the process that decodes it."""

    def __init__(
        self, data: bytes, at_least: int | None, limits: PhotoLimits, where: str, begun: Callable[[], object]
    ) -> None:
        super().__init__()
        self.data = data
        self.at_least = at_least
        self.limits = limits
        self.where = where
        self._begun = begun
        self.cost = Cost(0, large=False)
        self._guard = threading.Lock()
        self._process: DecodingProcess | None = None

    def cancel(self) -> bool:
        """Give the picture up. True if it has not been begun."""
        if super().cancel():
            return True
        with self._guard:
            if self._process is not None:
                self._process.kill()
        return False

    def begin(self, process: DecodingProcess | None = None) -> bool:
        """It waits no more; the process decodes it. False if it was cancelled."""
        with self._guard:
            if not self.set_running_or_notify_cancel():
                return False
            self._process = process
        with suppress(RuntimeError):  # the event loop of whoever waits has been closed
            self._begun()
        return True

    def finish(self, result: Photo | BaseException) -> None:
        """Give the photo or the error to whoever waits."""
        with self._guard:
            self._process = None
        if isinstance(result, BaseException):
            self.set_exception(result)
        else:
            self.set_result(result)


class DecodePool:
    """Processes that decode pictures. Thread-safe; a context manager, which closes it.

    Each process has a thread that waits for it, so that it ends with this program, however that ends.

    Args:
        workers: processes; at least two, so that one is free of large pictures.
        memory: bytes that all pictures being decoded may need, by their headers.
        seconds: the longest time for one picture.

    Raises:
        UsageError: memory or time are too little for any picture.
    """

    def __init__(self, workers: int, *, memory: int = DECODE_MEMORY, seconds: float = DECODE_SECONDS) -> None:
        if memory < LEAST_DECODE_MEMORY:
            least = LEAST_DECODE_MEMORY / 2**20
            raise UsageError(f"{memory / 2**20:.0f} MiB to decode pictures in", hint=f"Give at least {least:.0f} MiB")
        if not seconds > 0:
            raise UsageError(f"{seconds:g} s to decode a picture in", hint="Give more than 0")
        workers = max(workers, 2)
        self._seconds = seconds
        self._changed = threading.Condition()
        self._new: deque[Decoding] = deque()
        self._turns: Turns[Decoding] = Turns(workers, memory)
        self._running: set[Decoding] = set()
        self._closed = False
        self._threads: list[threading.Thread] = []
        self._ready: Future[None] = Future()

    def start(self) -> None:
        """Start the processes and wait for one of them; otherwise the first picture does. Raises ServerError."""
        self._start_threads()
        self._ready.result()

    def _start_threads(self) -> None:
        with self._changed:
            if self._threads or self._closed:
                return
            for number in range(self._turns.workers):
                thread = threading.Thread(target=self._serve, name=f"decode-{number}", daemon=True)
                self._threads.append(thread)
                thread.start()

    def submit(
        self,
        data: bytes,
        *,
        at_least: int | None = None,
        limits: PhotoLimits = DEFAULT_LIMITS,
        where: str = "photo",
        begun: Callable[[], object] = lambda: None,
    ) -> Decoding:
        """Decode a file; returns at once.

        Args:
            data: see :meth:`Photo.from_bytes`, as for the following.
            at_least: pixels of the shorter side.
            limits: of the picture.
            where: names the photo in errors.
            begun: called, in another thread, when the picture waits no more: it is being decoded, or refused.

        Returns:
            A future of the photo. Its errors are those of ``from_bytes``, and PhotoTooCostly if a limit of the pool was
            exceeded.
        """
        decoding = Decoding(data, at_least, limits, where, begun)
        self._start_threads()
        with self._changed:
            if self._closed:
                raise RuntimeError("the pool is closed")
            self._new.append(decoding)
            self._changed.notify()
        return decoding

    def decode(
        self,
        data: bytes,
        *,
        at_least: int | None = None,
        limits: PhotoLimits = DEFAULT_LIMITS,
        where: str = "photo",
    ) -> Photo:
        """Decode a file and wait for it. Raises PhotoError; see ``submit``."""
        decoding = self.submit(data, at_least=at_least, limits=limits, where=where)
        try:
            return decoding.result()
        except BaseException:
            decoding.cancel()  # an interrupt, for example
            raise

    def close(self) -> None:
        """Give up all pictures and end the processes."""
        with self._changed:
            self._closed = True
            given_up = [*self._new, *self._turns.clear(), *self._running]
            self._new.clear()
            self._changed.notify_all()
        for decoding in given_up:
            decoding.cancel()
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _serve(self) -> None:
        process = DecodingProcess()
        with suppress(InvalidStateError):  # another process was faster
            try:
                process.start()
                self._ready.set_result(None)
            except StreetshopError as error:  # said to each picture too
                self._ready.set_exception(error)
        try:
            while (decoding := self._next()) is not None:
                self._run(process, decoding)
        finally:
            process.end()

    def _next(self) -> Decoding | None:
        """Wait for the turn of a picture, and inspect new ones meanwhile. None when the pool is closed."""
        with self._changed:
            while not self._closed:
                if self._new:
                    new = self._new.popleft()
                    self._changed.release()
                    try:
                        accepted = self._inspect(new)
                    finally:
                        self._changed.acquire()
                    if accepted:
                        self._turns.add(new)
                        self._changed.notify_all()
                elif (decoding := self._turns.take()) is not None:
                    self._running.add(decoding)
                    return decoding
                else:
                    self._changed.wait()
        return None

    def _inspect(self, decoding: Decoding) -> bool:
        """Learn the cost of a picture. False if it is refused or was cancelled."""
        if decoding.cancelled():
            return False
        try:
            with located(decoding.where):
                _, header = check_file(decoding.data, decoding.limits)
                decoding.cost = Cost.of(header, decoding.at_least)
                self._turns.check(decoding.cost)
        except Exception as error:  # given to whoever waits
            if decoding.begin():
                decoding.finish(error)
            return False
        return True

    def _run(self, process: DecodingProcess, decoding: Decoding) -> None:
        result: Photo | BaseException
        try:
            if decoding.begin(process):
                try:
                    result = self._ask(process, decoding)
                except BaseException as error:  # given to whoever waits
                    result = error
                decoding.finish(result)
        finally:
            with self._changed:
                self._running.discard(decoding)
                self._turns.done(decoding)
                self._changed.notify_all()

    def _ask(self, process: DecodingProcess, decoding: Decoding) -> Photo:
        process.start()
        limits = decoding.limits
        try:
            with located(decoding.where):
                try:
                    memory = decoding.cost.memory
                    process.send(Question(decoding.data, decoding.at_least, limits, memory, self._seconds))
                    sha256 = hashlib.sha256(decoding.data).hexdigest()
                    pixels, width, height = process.answer(limits)
                except OutOfTime:
                    process.end()
                    raise too_costly(f"decoding it takes more than {self._seconds:g} s") from None
                except ProcessLost:
                    process.end()
                    raise too_costly("decoding it takes too much memory, or ends the decoder") from None
        except PhotoError as error:
            raise error from None
        return Photo(pixels, width, height, sha256)
