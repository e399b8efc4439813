"""Waiting for a file to change."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from streetshop.indexing.watch import file_state, wait_for_change


def waiting(path: Path, stop: threading.Event, settle: float = 0.6):  # type: ignore[no-untyped-def]
    pool = ThreadPoolExecutor(1)
    seen = file_state(path)
    return pool.submit(wait_for_change, path, seen, stop, settle)


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


def test_a_file_that_grows_is_seen_when_it_is_whole(tmp_path: Path, stop: threading.Event) -> None:
    path = tmp_path / "feed.csv"
    path.write_text("a")
    found = waiting(path, stop)
    with path.open("a") as file:
        for _ in range(4):
            time.sleep(0.3)
            assert not found.done()
            file.write("b")
            file.flush()
    assert found.result(20) == file_state(path)


def test_another_file_in_its_place(tmp_path: Path, stop: threading.Event) -> None:
    path, new = tmp_path / "feed.csv", tmp_path / "new.csv"
    path.write_text("same")
    found = waiting(path, stop)
    new.write_text("same")
    new.replace(path)
    assert found.result(20) == file_state(path)


def test_a_file_that_is_gone_for_a_while(tmp_path: Path, stop: threading.Event) -> None:
    path = tmp_path / "feed.csv"
    path.write_text("a")
    found = waiting(path, stop)
    path.unlink()
    time.sleep(1)
    assert not found.done()
    path.write_text("a")
    assert found.result(20) is not None


def test_it_can_be_stopped(tmp_path: Path, stop: threading.Event) -> None:
    found = waiting(tmp_path / "none.csv", stop)
    time.sleep(0.3)
    stop.set()
    assert found.result(20) is None
    assert file_state(tmp_path) is None, "a folder is no file"
