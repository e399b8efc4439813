"""``streetshop lab``: what it offers, and what it says without torch."""

from __future__ import annotations

import importlib.util

import pytest
from typer.testing import CliRunner

from streetshop.cli.lab import app
from streetshop.core.errors import UsageError
from tests.cli.running import run

pytestmark = pytest.mark.lab


def test_help_names_every_command_with_a_line_about_it() -> None:
    shown = run("lab", "--help").out
    commands = [command.name or command.callback.__name__.replace("_", "-") for command in app.registered_commands]  # type: ignore[union-attr]
    for name in (*commands, *(group.name for group in app.registered_groups)):
        assert f" {name} " in shown


def test_without_torch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "torch" else find(name, *rest))
    answer = CliRunner().invoke(app, ["data", "list"])
    assert isinstance(answer.exception, UsageError)
    assert "streetshop[lab]" in str(answer.exception)
