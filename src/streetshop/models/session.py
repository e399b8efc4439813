"""ONNX Runtime sessions on the CPU."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from streetshop.core.errors import BundleError, UsageError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

MAX_THREADS: Final = 512
SPIN_MICROSECONDS: Final = 50
"""How long an idle thread of a session spins before it blocks."""


def start_session(path: Path, threads: int | None) -> InferenceSession:
    """Load a network.

    Args:
        path: the ONNX file.
        threads: of one run; None for one per core that the process may use.

    Raises:
        BundleError: ONNX Runtime cannot load the file.
        UsageError: see :func:`thread_count`.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = thread_count(threads)
    options.inter_op_num_threads = 1
    # Idle threads spin for 50 us before they block. Without spinning a single photo takes longer, since threads block
    # between layers; without a limit, they take the cores on which the next photo is decoded.
    options.add_session_config_entry("session.intra_op.allow_spinning", "1")
    options.add_session_config_entry("session.intra_op.spin_duration_us", str(SPIN_MICROSECONDS))
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises its own exception types, none of them public
        raise BundleError(f"onnxruntime cannot load it ({error})", where=str(path), hint="Export it again") from None


def thread_count(threads: int | None) -> int:
    """Return how many threads to use: those asked for; for None, one per core.

    Raises:
        UsageError: ``threads`` is not a whole number from 1 to ``MAX_THREADS``.
    """
    if threads is None:
        return available_cores()
    if not isinstance(threads, int) or not 1 <= threads <= MAX_THREADS:
        raise UsageError(f"threads is {threads!r}", hint=f"Give 1 to {MAX_THREADS}, or None for one per core")
    return threads


def available_cores() -> int:
    """Return the number of cores this process may run on."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        return os.cpu_count() or 1
