"""Wait until a file has changed and is complete."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Final, TypeAlias

SETTLE_SECONDS: Final = 2.0
"""A file is complete when it has been still for so long."""
_LOOK_SECONDS: Final = 0.25

State: TypeAlias = tuple[int, int, int, int]
"""What tells one version of a file from another: device, inode, size, time of the last change."""


def file_state(path: Path) -> State | None:
    """The state of a file; None if it is not there, or is no regular file."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns) if path.is_file() else None


def wait_for_change(
    path: Path, seen: State | None, stop: threading.Event, settle: float = SETTLE_SECONDS
) -> State | None:
    """Wait until a file has another state than ``seen`` and has kept it for ``settle`` seconds.

    A file that is written to piece by piece, removed and made again, or replaced by another one counts as changed once.

    Returns:
        The new state; None when ``stop`` was set.
    """
    last, since = seen, time.monotonic()
    while not stop.wait(_LOOK_SECONDS):
        now = file_state(path)
        if now != last:
            last, since = now, time.monotonic()
        elif now is not None and now != seen and time.monotonic() - since >= settle:
            return now
    return None
