"""Run the command line as a user does."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ran:
    """What a command left: exit code, stdout and stderr."""

    code: int
    out: str
    err: str


def run(*arguments: object, cwd: Path | None = None, timeout: float = 120) -> Ran:
    """``streetshop ARGUMENTS`` in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "streetshop", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)
