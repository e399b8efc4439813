"""The commands of docs/studio.md run, on a smaller shop."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streetshop.cli.studio import app

PAGE = Path(__file__).parents[2] / "docs" / "studio.md"
SMALLER = {"--products": "2", "--photos": "1"}
TEXT = PAGE.read_text("utf-8")
COMMANDS = re.findall(r"^\$ streetshop studio (.*)\n(\S+)$", TEXT, flags=re.MULTILINE)


@pytest.mark.parametrize(("command", "printed"), COMMANDS)
def test_commands_print_what_the_page_says(command, printed, tmp_path):
    words = shlex.split(command)
    for option, value in SMALLER.items():
        if option in words:
            words[words.index(option) + 1] = value
    out = words.index("--out") + 1
    words[out] = str(tmp_path / words[out])
    result = CliRunner().invoke(app, [*words, "--size", "96", "--workers", "1"])
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == str(tmp_path / printed)


def test_the_page_has_commands_and_its_pictures_exist():
    assert len(COMMANDS) == 3
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", TEXT)
    assert len(pictures) == 5
    assert all((PAGE.parent / p).is_file() for p in pictures)
    assert sum((PAGE.parent / p).stat().st_size for p in pictures) < 1_500_000
