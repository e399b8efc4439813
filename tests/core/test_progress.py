"""Progress on stderr: a bar for a terminal, lines for a log."""

from __future__ import annotations

import io
import re
import sys
import time

import pytest

from streetshop.core.progress import ProgressDisplay, duration


def test_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with ProgressDisplay("rows", bar=False) as display:
        for done in range(0, 1000, 10):
            display.show("indexing CSV", done, 1000, "note")
            now[0] += 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "indexing CSV: 100 of 1000 rows, 10.0/s, 1 min 30 s left, note"
    assert len(lines) == 9


def test_each_stage_has_its_own_rate(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with ProgressDisplay("rows", bar=False) as display:
        for stage, pace in (("reading", 1), ("writing", 50)):
            for done in range(12):
                display.show(stage, done * pace, None)
                now[0] += 1
    assert [line.split(", ")[-1] for line in capsys.readouterr().err.splitlines()] == ["1.0/s", "50.0/s"]


def test_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    stream.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    with ProgressDisplay("rows") as display:
        display.show("indexing CSV", 5, 10)
        display.show("compacting", 0, None)
    assert re.search("indexing CSV|compacting", stream.getvalue())


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (75, "1 min 15 s"), (3700, "1 h 01 min"), (-1, "0 s")])
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
