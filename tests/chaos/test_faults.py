"""The faults themselves: each does to a small program what its name says, and only below its folder."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos import faults
from tests.chaos.faults import Fault

STEPS = """
import ctypes, os, sys
folder = sys.argv[1]
os.mkdir(f"{folder}/d")
file = os.open(f"{folder}/d/a", os.O_WRONLY | os.O_CREAT)
os.write(file, b"x" * 100)
os.fsync(file)
# As a library does that makes its own system calls: 264 is renameat, -100 the current folder.
old, new = (f"{folder}/d/{name}".encode() for name in "ab")
if ctypes.CDLL(None, use_errno=True).syscall(264, -100, old, -100, new):
    raise OSError(ctypes.get_errno(), "renameat")
os.unlink(new)
"""
LEFT = [None, [], ["a"], ["a"], ["a"], ["b"]]
"""What is in the folder d before each of the six operations."""


@pytest.fixture
def counter() -> Path:
    try:
        return faults.library().with_name("counter")
    except faults.NoFaults as reason:
        pytest.skip(str(reason))


def run(program: str, folder: Path, counter: Path, fault: Fault) -> subprocess.CompletedProcess[str]:
    faults.reset(counter)
    command = [sys.executable, "-S", "-c", program, str(folder)]
    environment = {**os.environ, **faults.environment(fault, folder, counter)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


def inside(folder: Path) -> list[str] | None:
    return sorted(path.name for path in (folder / "d").iterdir()) if (folder / "d").exists() else None


def test_every_operation_is_counted_and_done(tmp_path: Path, counter: Path) -> None:
    done = run(STEPS, tmp_path, counter, Fault("count", 0))
    assert (done.returncode, done.stderr) == (0, "")
    assert faults.counted(counter) == len(LEFT)
    assert inside(tmp_path) == []


@pytest.mark.parametrize("at", range(1, len(LEFT) + 1))
def test_a_kill_comes_before_the_operation(tmp_path: Path, counter: Path, at: int) -> None:
    assert run(STEPS, tmp_path, counter, Fault("kill", at)).returncode == -signal.SIGKILL
    assert inside(tmp_path) == LEFT[at - 1]
    if at == 3:
        assert (tmp_path / "d" / "a").read_bytes() == b""


def test_a_torn_write_leaves_half(tmp_path: Path, counter: Path) -> None:
    assert run(STEPS, tmp_path, counter, Fault("torn", 3)).returncode == -signal.SIGKILL
    assert (tmp_path / "d" / "a").read_bytes() == b"x" * 50


@pytest.mark.parametrize("at", range(1, len(LEFT) + 1))
def test_an_operation_that_fails_raises(tmp_path: Path, counter: Path, at: int) -> None:
    done = run(STEPS, tmp_path, counter, Fault("eio", at))
    assert f"OSError: [Errno {errno.EIO}]" in done.stderr
    assert inside(tmp_path) == LEFT[at - 1]


def test_a_full_disk_stays_full_and_lets_remove(tmp_path: Path, counter: Path) -> None:
    program = STEPS.replace("os.write(", "print(len(os.listdir(folder)))\ntry:\n  os.write(").replace(
        "os.fsync(file)",
        "except OSError as error: print(error.errno)\n"
        "try: os.mkdir(f'{folder}/e')\nexcept OSError as error: print(error.errno)",
    )
    done = run(program, tmp_path, counter, Fault("enospc", 3))
    assert done.stdout.split() == ["1", str(errno.ENOSPC), str(errno.ENOSPC)]
    assert done.returncode == 0
    assert inside(tmp_path) == []


READS = "import os, sys\nfile = os.open(f'{sys.argv[1]}/a', os.O_RDONLY)\nprint(len(os.read(file, 80)))"


def test_reads_fail_or_are_short(tmp_path: Path, counter: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 100)
    assert run(READS, tmp_path, counter, Fault("read-count", 0)).stdout == "80\n"
    assert faults.counted(counter) == 1
    assert run(READS, tmp_path, counter, Fault("read-short", 1)).stdout == "40\n"
    assert f"[Errno {errno.EIO}]" in run(READS, tmp_path, counter, Fault("read-eio", 1)).stderr


def test_a_process_that_it_starts_has_the_same_fault(tmp_path: Path, counter: Path) -> None:
    started = f"[sys.executable, '-S', '-c', {STEPS!r}, sys.argv[1]]"
    program = f"import subprocess, sys\nsys.exit(subprocess.run({started}).returncode)"
    assert run(program, tmp_path, counter, Fault("count", 0)).returncode == 0
    assert faults.counted(counter) == len(LEFT)


def test_files_elsewhere_are_left_alone(tmp_path: Path, counter: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root-of-another").mkdir()
    faults.reset(counter)
    environment = {**os.environ, **faults.environment(Fault("kill", 1), tmp_path / "root", counter)}
    command = [sys.executable, "-S", "-c", STEPS, str(tmp_path / "root-of-another")]
    assert subprocess.run(command, env=environment, timeout=60).returncode == 0
    assert faults.counted(counter) == 0
