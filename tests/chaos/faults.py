"""Compile ``faults.c`` and describe the faults that it makes."""

from __future__ import annotations

import functools
import platform
import shutil
import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

KILLS: Final = ("kill", "torn")
"""The process dies: before an operation, or after half of a write and after the whole of any other operation."""
FAILURES: Final = ("eio", "enospc", "read-eio", "read-short")
"""The operation fails and the process goes on. ``enospc`` lasts; ``read-short`` gives half of what was asked."""


class NoFaults(Exception):
    """Faults cannot be made on this machine; the text says why."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault at the operation with this number, counted from 1 over all processes.

    ``count`` and ``read-count`` only count.
    """

    kind: str
    at: int


@functools.cache
def library() -> Path:
    """The compiled library. Raises NoFaults."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise NoFaults(f"faults.c is for Linux on x86_64, this is {sys.platform} on {platform.machine()}")
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise NoFaults("there is no C compiler (Debian: apt-get install gcc libc6-dev)")
    built = Path(tempfile.mkdtemp(prefix="streetshop-faults-")) / "faults.so"
    source = Path(__file__).with_name("faults.c")
    done = subprocess.run(
        [compiler, "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(built), str(source), "-ldl"],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise NoFaults(f"faults.c does not compile here: {done.stderr[-300:]}")
    counter = built.with_name("counter")
    reset(counter)
    tried = subprocess.run(["true"], env=environment(Fault("count", 0), built.parent, counter), capture_output=True)
    if tried.returncode:
        raise NoFaults(f"no seccomp filters here: {tried.stderr.decode()[-300:]}")
    return built


def environment(fault: Fault, root: Path, counter: Path) -> dict[str, str]:
    """The variables with which a process gets the fault in its operations on files below ``root``."""
    built = counter.with_name("faults.so") if counter.with_name("faults.so").exists() else library()
    return {
        "LD_PRELOAD": str(built),
        "FAULTS_ROOT": str(root.resolve()),
        "FAULTS_COUNTER": str(counter),
        "FAULTS_KIND": fault.kind,
        "FAULTS_AT": str(fault.at),
    }


def reset(counter: Path) -> None:
    """A counter at zero."""
    counter.write_bytes(bytes(8))


def counted(counter: Path) -> int:
    """Operations so far."""
    (number,) = struct.unpack("<q", counter.read_bytes())
    return int(number)
