"""The program of a decoding process, spoken to by hand: its protocol, and its end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from streetshop.core.decoding.worker import READY, REPLY, REQUEST
from tests.core.pictures.hostile import noise, saved

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="uses memory files and /proc")


@contextmanager
def worker() -> Iterator[tuple[subprocess.Popen[bytes], socket.socket, int]]:
    """A worker, its socket and its shared file."""
    here, there = socket.socketpair()
    shared = os.memfd_create("test")
    program = f"from streetshop.core.decoding.worker import main; main({os.getpid()}, {shared})"
    with here, there:
        process = subprocess.Popen(
            [sys.executable, "-c", program], stdin=there.fileno(), stdout=there.fileno(), pass_fds=[shared]
        )
        there.close()
        here.settimeout(60)
        assert here.recv(len(READY)) == READY
        yield process, here, shared
    os.close(shared)
    assert process.wait(60) == 0  # its socket is closed


def ask(connection: socket.socket, shared: int, data: bytes) -> tuple[int, ...]:
    os.ftruncate(shared, 0)
    os.pwrite(shared, data, 0)
    connection.sendall(REQUEST.pack(len(data), 10**6, 10**6, 16, False, 0, 2**28, 60.0))
    return REPLY.unpack(connection.recv(REPLY.size))


def test_pixels_and_errors_are_in_the_shared_file() -> None:
    with worker() as (_, connection, shared):
        assert ask(connection, shared, saved(noise(40, 30), "PNG")) == (40, 30, 40, 30, 0)
        assert os.pread(shared, 10**6, 0)[: 40 * 30 * 3] == noise(40, 30).tobytes()
        *zeros, size = ask(connection, shared, b"no picture")
        assert zeros == [0, 0, 0, 0]
        assert json.loads(os.pread(shared, size, 0))["slug"] == "photo-format-unsupported"


def test_half_a_request_and_a_file_that_is_too_short_end_it() -> None:
    with worker() as (_, connection, _):
        connection.sendall(REQUEST.pack(1, 1, 1, 1, False, 1, 1, 1.0)[:-3])
    with worker() as (_, connection, shared):
        connection.sendall(REQUEST.pack(500, 10**6, 10**6, 16, False, 0, 2**28, 60.0))  # the shared file is empty
        assert REPLY.unpack(connection.recv(REPLY.size))[0] == 0
        assert b"photo-empty" in os.pread(shared, 500, 0)


BUSY = """
import subprocess, sys
child = "import os, time; from streetshop.core.decoding.worker import end_with; end_with(os.getppid()); "
child += "print('ready', flush=True); time.sleep(60)"
subprocess.run([sys.executable, "-c", child])
"""


def test_it_ends_with_its_parent_in_the_middle_of_a_picture() -> None:
    """When it reads nothing that could tell it so."""
    with subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"
        child = int(Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text())
        parent.kill()
        parent.wait()
        deadline = time.monotonic() + 20
        stat = Path(f"/proc/{child}/stat")
        while (alive := stat.exists() and " Z " not in stat.read_text()) and time.monotonic() < deadline:
            time.sleep(0.01)
        if alive:
            os.kill(child, signal.SIGKILL)
        assert not alive
