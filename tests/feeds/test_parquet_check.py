"""The process that reads a Parquet file before this one does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from streetshop.feeds import parquet_check
from tests.feeds.test_parquet import repeated


def check(path: Path, *columns: str) -> tuple[int, str]:
    command = [sys.executable, "-m", parquet_check.__name__, str(path), *columns]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout


def test_only_the_columns_that_are_needed_count(tmp_path: Path) -> None:
    path = tmp_path / "feed.parquet"
    offsets = pa.array([0, 20_000_000], pa.int32())
    many = pa.ListArray.from_arrays(offsets, repeated("a.jpg", 20_000_000))
    pq.write_table(pa.table({"id": ["1"], "image": ["a.jpg"], "many": many}), path)
    assert check(path, "id", "image") == (0, "")
    code, reason = check(path, "id", "many")
    assert code == parquet_check.TOO_LARGE
    assert "20000000 values" in reason


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the limit of memory needs Linux")
def test_a_page_that_unpacks_to_gigabytes_ends_the_check_alone(tmp_path: Path) -> None:
    path = tmp_path / "feed.parquet"
    huge = pa.array(["y" * 900_000_000])  # less than the file's directory may say
    pq.write_table(pa.table({"id": ["1"], "image": huge}), path, compression="zstd", use_dictionary=False)
    del huge
    assert path.stat().st_size < 200_000
    code, reason = check(path, "id", "image")
    assert (code, reason.strip()) == (parquet_check.TOO_LARGE, "reading it takes more than 2048 MiB")
