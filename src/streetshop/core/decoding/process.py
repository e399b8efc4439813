"""One decoding process, seen from its parent: started, asked, ended."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

import streetshop
from streetshop.core import errors
from streetshop.core.decoding.worker import MAX_TEXT, READY, REPLY, REQUEST
from streetshop.core.errors import PhotoError, ServerError
from streetshop.core.pictures.limits import PhotoLimits

_START_SECONDS: Final = 120.0
_SLACK: Final = 128 * 2**20
"""Address space on top of a quarter more than a picture's memory: stacks, allocators, tables of decoders."""

_ERRORS: Final = {
    kind.slug: kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, PhotoError)
}


class ProcessLost(Exception):
    """The process has ended, or its answers make no sense."""


class OutOfTime(Exception):
    """No answer in time."""


@dataclass(frozen=True, slots=True)
class Question:
    """A file to decode.

    Attributes:
        data: its bytes.
        at_least: see :func:`~streetshop.core.pictures.decode.decode`.
        limits: of the picture.
        memory: bytes that decoding may need.
        seconds: that it may take.
    """

    data: bytes
    at_least: int | None
    limits: PhotoLimits
    memory: int
    seconds: float


class DecodingProcess:
    """A process that decodes one file after the other; it is started when it is first needed.

    For one thread, but for :meth:`kill`. The process is not forked from this one, which has threads, and knows nothing
    of it: neither its main module nor its open files.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._shared = -1
        self._deadline = 0.0

    def start(self) -> None:
        """Start the process if it does not run. Raises ServerError."""
        if self._process is not None and self._process.poll() is None:
            return
        self.end()
        self._socket, there = socket.socketpair()
        self._shared = _file_in_memory()
        with there:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-I", "-S", "-c", _program(self._shared)],
                stdin=there.fileno(),
                stdout=there.fileno(),
                stderr=subprocess.DEVNULL,
                env={**os.environ, "MALLOC_ARENA_MAX": "1"},
                pass_fds=[self._shared],
                process_group=0,  # Ctrl-C is for the parent
            )
        self._deadline = time.monotonic() + _START_SECONDS
        try:
            ready = self._receive(len(READY))
        except (ProcessLost, OutOfTime):
            ready = b""
        if ready != READY:
            self.end()
            raise ServerError(
                "the process that decodes pictures does not start", hint="Check that this Python can import Pillow"
            )

    def send(self, question: Question) -> None:
        """Send a file; its answer is due within its seconds. Raises ProcessLost."""
        limits, memory = question.limits, question.memory + question.memory // 4 + _SLACK
        head = REQUEST.pack(
            *(len(question.data), limits.max_bytes, limits.max_pixels, limits.min_side, limits.more_formats),
            *(question.at_least or 0, memory, question.seconds),
        )
        self._deadline = time.monotonic() + question.seconds
        try:
            os.ftruncate(self._shared, 0)
            os.pwrite(self._shared, question.data, 0)
            self._connection().sendall(head)
        except OSError:
            raise ProcessLost from None

    def answer(self, limits: PhotoLimits) -> tuple[NDArray[np.uint8], int, int]:
        """The pixels, (h, w, 3) RGB, and the upright width and height of the original.

        Raises:
            PhotoError: the file cannot be decoded.
            ProcessLost, OutOfTime: there is no answer.
        """
        width, height, w, h, text = REPLY.unpack(self._receive(REPLY.size))
        if not width:
            raise _error(os.pread(self._shared, min(text, MAX_TEXT), 0))
        if not (0 < w * h <= limits.max_pixels and 0 < width * height <= limits.reducible_pixels):
            raise ProcessLost
        pixels = np.empty((h, w, 3), np.uint8)
        # Read, not mapped: a process that shortens the file would end this one too.
        if os.preadv(self._shared, [pixels.data], 0) != pixels.nbytes:
            raise ProcessLost
        return pixels, width, height

    def kill(self) -> None:
        """End the process, from any thread; whoever waits for its answer gets ProcessLost."""
        process = self._process
        if process is not None:
            process.kill()

    def end(self) -> None:
        """End the process and wait until it is gone."""
        process, self._process = self._process, None
        if self._socket is not None:
            self._socket.close()
            os.close(self._shared)
            self._socket = None
        if process is not None:
            process.kill()
            process.wait()

    def _connection(self) -> socket.socket:
        if self._socket is None:
            raise ProcessLost
        return self._socket

    def _receive(self, size: int) -> bytes:
        connection, received = self._connection(), b""
        try:
            while len(received) < size:
                left = self._deadline - time.monotonic()
                if left <= 0:
                    raise OutOfTime
                connection.settimeout(left)
                if not (more := connection.recv(size - len(received))):
                    raise ProcessLost
                received += more
        except TimeoutError:
            raise OutOfTime from None
        except OSError:
            raise ProcessLost from None
        return received


def _file_in_memory() -> int:
    """A descriptor of a file without a name."""
    if sys.platform == "linux":
        return os.memfd_create("decoding")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _error(text: bytes) -> PhotoError:
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        said = json.loads(text)
        return _ERRORS[said["slug"]](str(said["what"]), hint=str(said["hint"]))
    raise ProcessLost


def _program(shared: int) -> str:
    """What the process runs: it finds modules where this process does, and runs no file of the site or the user."""
    package = str(Path(streetshop.__file__).parent.parent)
    path = list(dict.fromkeys([package, *(entry for entry in sys.path if entry)]))
    start = f"import sys; sys.path[:] = {path!r}"
    return f"{start}; from streetshop.core.decoding.worker import main; main({os.getpid()}, {shared})"
