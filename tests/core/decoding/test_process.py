"""One decoding process: its answers, its limits, its end with its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from streetshop.core.decoding.process import DecodingProcess, OutOfTime, ProcessLost, Question
from streetshop.core.errors import PhotoTooCostly, PhotoTruncated
from streetshop.core.photo import Photo
from streetshop.core.pictures.limits import DEFAULT_LIMITS, PhotoLimits
from tests.core.pictures.hostile import grey_png, many_scans, noise, saved

MIB = 2**20
SLOW = many_scans(4000, 4000, 64)
"""A second of work, and within the limits."""


def question(data: bytes, *, at_least: int = 64, memory: int = 300 * MIB, seconds: float = 60) -> Question:
    return Question(data, at_least, DEFAULT_LIMITS, memory, seconds)


@pytest.fixture(scope="module")
def process() -> Iterator[DecodingProcess]:
    running = DecodingProcess()
    running.start()
    yield running
    running.end()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF"])
def test_the_pixels_are_those_of_this_process(process: DecodingProcess, kind: str) -> None:
    if kind == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    data = saved(noise(400, 300), kind)
    process.send(question(data))
    pixels, width, height = process.answer(DEFAULT_LIMITS)
    here = Photo.from_bytes(data, at_least=64)
    assert (width, height) == (400, 300)
    assert np.array_equal(pixels, here.pixels)


def test_errors_come_back_as_they_are(process: DecodingProcess) -> None:
    process.send(question(saved(noise(64, 64), "PNG")[:-30]))
    with pytest.raises(PhotoTruncated, match=r"ends early\. Send the whole file again"):
        process.answer(DEFAULT_LIMITS)
    process.send(Question(b"", None, DEFAULT_LIMITS, MIB, 60))
    with pytest.raises(Exception, match="the file is empty"):
        process.answer(DEFAULT_LIMITS)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process")
def test_memory_is_limited(process: DecodingProcess) -> None:
    """A picture that needs more than its header says: here the header is told to have said nothing."""
    data = grey_png(6000, 6000, 6)
    process.send(Question(data, 64, DEFAULT_LIMITS, 0, 60))
    with pytest.raises(PhotoTooCostly, match="not enough memory"):
        process.answer(DEFAULT_LIMITS)
    process.send(question(saved(noise(64, 64), "PNG")))  # the process lives, without the limit
    assert process.answer(DEFAULT_LIMITS)[1:] == (64, 64)


def test_time_is_limited_and_a_new_process_takes_over() -> None:
    process = DecodingProcess()
    process.start()
    process.send(question(SLOW, seconds=0.05))
    with pytest.raises(OutOfTime):
        process.answer(DEFAULT_LIMITS)
    process.end()
    with pytest.raises(ProcessLost):
        process.answer(DEFAULT_LIMITS)
    process.start()
    process.send(question(saved(noise(64, 64), "JPEG")))
    assert process.answer(DEFAULT_LIMITS)[1:] == (64, 64)
    process.end()


def test_it_can_be_ended_from_another_thread() -> None:
    process = DecodingProcess()
    process.start()
    process.send(question(SLOW))
    threading.Timer(0.05, process.kill).start()
    with pytest.raises(ProcessLost):
        process.answer(DEFAULT_LIMITS)
    process.end()


def test_answers_beyond_the_limits_are_not_taken(process: DecodingProcess) -> None:
    """What a process that has been taken over might say."""
    process.send(question(saved(noise(64, 64), "PNG")))
    with pytest.raises(ProcessLost):
        process.answer(PhotoLimits(max_pixels=100))


IDLE = """
import time
from streetshop.core.decoding.process import DecodingProcess
process = DecodingProcess()
process.start()
print("ready", flush=True)
time.sleep(60)
"""


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_it_ends_with_its_parent_however_that_ends() -> None:
    with subprocess.Popen([sys.executable, "-c", IDLE], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"
        (child,) = children(parent.pid)
        parent.kill()
        parent.wait()
        deadline = time.monotonic() + 20
        while not is_gone(child) and time.monotonic() < deadline:
            time.sleep(0.01)
        gone = is_gone(child)
        if not gone:
            os.kill(child, signal.SIGKILL)
        assert gone


def test_it_knows_nothing_of_the_users_program(tmp_path: Path) -> None:
    """A script without ``if __name__ == "__main__"`` runs once; Ctrl-C at the terminal is not sent to the process."""
    script = tmp_path / "script.py"
    script.write_text(
        "import os\n"
        "print('started')\n"
        "from streetshop.core.decoding.pool import DecodePool\n"
        "with DecodePool(2) as pool:\n"
        "    print(pool.decode(open('photo.png', 'rb').read()).width)\n"
    )
    (tmp_path / "PIL.py").write_text("raise SystemExit('the wrong module')")
    (tmp_path / "photo.png").write_bytes(saved(noise(64, 48), "PNG"))
    ran = subprocess.run(
        [sys.executable, "-P", str(script)], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert (ran.stdout, ran.returncode) == ("started\n64\n", 0), ran.stderr
