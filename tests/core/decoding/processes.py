"""Processes that decode, as the kernel lists them."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def decoders() -> set[int]:
    """The processes of this one that decode."""
    found = set()
    for task in Path(f"/proc/{os.getpid()}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # the thread has ended since it was listed
            for child in (task / "children").read_text().split():
                with suppress(FileNotFoundError, ProcessLookupError):
                    if b"decoding.worker" in Path(f"/proc/{child}/cmdline").read_bytes():
                        found.add(int(child))
    return found
