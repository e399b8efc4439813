"""Options that several commands share."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streetshop.cli.options import print_json
from tests.cli.running import call


def test_json_is_one_line_of_utf_8(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"title": "Mütze\n☂", "price": 9.5, "tags": [None, True]}
    print_json(value)
    written = capsys.readouterr().out
    assert written.endswith("\n")
    assert written.count("\n") == 1
    assert "Mütze" in written
    assert json.loads(written) == value


def test_json_has_no_numbers_that_json_lacks(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="Out of range"):
        print_json({"score": float("nan")})
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("command", ["index a.jpg", "search a.jpg", "embed a.jpg", "look a.jpg", "serve"])
def test_threads_are_at_least_one(command: str, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    done = call(*command.split(), "--threads", "0", cwd=tmp_path)
    assert done.code == 2
    assert "--threads" in done.err
