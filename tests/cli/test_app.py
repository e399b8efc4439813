"""The command line as a whole: help, version, completion."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Any

import pytest

import streetshop
from streetshop.cli.app import command
from tests.cli.running import run


def commands(command: Any, name: str = "streetshop") -> dict[str, Any]:
    """Every command by its words, groups too."""
    found = {name: command}
    for word, below in getattr(command, "commands", {}).items():
        found |= commands(below, f"{name} {word}")
    return found


EVERY = commands(command())


@pytest.mark.parametrize("name", EVERY)
def test_help_names_values_instead_of_types(name: str) -> None:
    found = EVERY[name]
    text = found.get_help(found.make_context(name, [], resilient_parsing=True))
    assert text.startswith(f"Usage: {name}")
    assert not re.search(r"<\w|list\[|\{[A-Za-z]|\bint range\b", text.replace('{"', "").replace("{sku}", "")), text
    arguments = [param for param in found.params if param.param_type_name == "argument"]
    for param in arguments:
        assert param.metavar in text.splitlines()[0] + text.splitlines()[1]
        assert (param.nargs == 1) == (not param.metavar.endswith("...")), param.metavar
    for param in found.params:
        assert param.help or param.name == "help", f"{name}: {param.name} is not explained"


def test_there_are_commands_below_commands() -> None:
    assert {"streetshop search", "streetshop catalog info", "streetshop lab train", "streetshop studio street"} <= {
        *EVERY
    }


def test_help_is_quick_and_names_every_command() -> None:
    before = os.times().children_user
    ran = run("--help")
    assert ran.code == 0
    assert os.times().children_user - before < 0.5, "seconds of processor time; about 0.2 on an idle machine"
    for word in ("index", "search", "look", "embed", "serve", "catalog", "demo", "studio", "lab"):
        assert re.search(rf"^  {word}\b", ran.out, re.MULTILINE)


def test_help_imports_nothing_heavy() -> None:
    """What makes the help slow is named here, so that the cause of a slow start is found and not only noticed."""
    code = (
        "import sys\nsys.argv = ['streetshop', '--help']\n"
        "from streetshop.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'numpy', 'PIL', 'lancedb', 'pyarrow', 'onnxruntime', 'pydantic', 'fastapi', 'torch', 'rich'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "HEAVY []"


def test_version_is_the_package_s() -> None:
    assert run("--version").out == f"streetshop {streetshop.__version__}\n"


def test_completion() -> None:
    code = "import sys\nsys.argv = ['streetshop']\nfrom streetshop.cli import main\nmain()"
    asked = {"_STREETSHOP_COMPLETE": "complete_bash", "COMP_WORDS": "streetshop se", "COMP_CWORD": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **asked})
    assert done.stdout.split() == ["search", "serve"]
    assert "--install-completion" in run("--help").out
