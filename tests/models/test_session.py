"""ONNX Runtime sessions."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from streetshop.core.errors import BundleError, UsageError
from streetshop.models.session import MAX_THREADS, SPIN_MICROSECONDS, available_cores, start_session, thread_count
from tests.models.tiny import tiny_encoder


def test_what_is_no_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"not a network")
    with pytest.raises(BundleError, match="onnxruntime cannot load it"):
        start_session(tmp_path / "model.onnx", 1)


@pytest.mark.parametrize("threads", [1, 2, None])
def test_threads_and_their_spinning_are_set(tmp_path: Path, threads: int | None) -> None:
    session = start_session(tiny_encoder(tmp_path) / "model.onnx", threads)
    options = session.get_session_options()
    assert options.intra_op_num_threads == threads or available_cores()
    assert options.inter_op_num_threads == 1
    assert options.get_session_config_entry("session.intra_op.spin_duration_us") == str(SPIN_MICROSECONDS)
    assert session.get_providers() == ["CPUExecutionProvider"]


@pytest.mark.parametrize("threads", [0, -1, MAX_THREADS + 1, "2", 1.5])
def test_numbers_of_threads_that_make_no_sense(threads: object) -> None:
    with pytest.raises(UsageError, match="Give 1 to"):
        thread_count(threads)
    assert thread_count(MAX_THREADS) == MAX_THREADS
    assert thread_count(None) == available_cores()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores of a process cannot be set here")
def test_cores_are_those_of_the_process() -> None:
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert available_cores() == 1
    finally:
        os.sched_setaffinity(0, before)
    assert available_cores() == len(before)
