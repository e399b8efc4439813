"""Files of a run folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streetshop.lab.core.files import MetricsLog, made

pytestmark = pytest.mark.lab


def test_half_a_line_in_the_log_is_taken_back(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text('{"step": 1, "a": 1}\n{"step": 5, "a": 2}\n{"step": 2, "a"')
    log = MetricsLog(tmp_path, step=3)
    log.write(4, {"a": 3})
    log.close()
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert lines == [{"step": 1, "a": 1}, {"step": 4, "a": 3}]


def test_what_is_made_once_is_made_anew_from_newer_sources(tmp_path: Path) -> None:
    import os

    source, target = tmp_path / "source", tmp_path / "target"
    source.write_text("1")

    def make(out: Path) -> None:
        out.mkdir()
        (out / "copy").write_text(source.read_text())

    assert made(target, make, source) == target
    source.write_text("2")
    os.utime(source, ns=(0, 0))
    made(target, make, source)
    assert (target / "copy").read_text() == "1"
    os.utime(source, ns=(2**62, 2**62))
    made(target, make, source)
    assert (target / "copy").read_text() == "2"

    def fail(out: Path) -> None:
        out.mkdir()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made(tmp_path / "half", fail)
    assert not (tmp_path / "half").exists()
