"""The commands of docs/http-api.md, run as they stand against a real server."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.catalog.filled import square
from tests.web.serving import jpeg, running, street

DOCS = Path(__file__).parents[2] / "docs" / "http-api.md"


def commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", DOCS.read_text(), re.DOTALL)
    return [line for block in blocks for line in re.sub(r"\\\n\s*", "", block).strip().split("\n")]


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")
def test_every_command_of_the_docs_works(own_shop, tmp_path):
    for name, picture in (("photo", street()), ("front", square("red")), ("back", square("red", "checks"))):
        (tmp_path / f"{name}.jpg").write_bytes(jpeg(picture))
    assert len(commands()) > 10
    with running(*own_shop, key="0123456789abcdef") as up:
        for command in commands():
            shown = command.replace("http://127.0.0.1:8000", up.url).replace("curl ", "curl -sS --fail-with-body ")
            done = subprocess.run(
                ["bash", "-c", f"set -o pipefail; {shown}"], cwd=tmp_path, capture_output=True, text=True, timeout=60
            )
            assert done.returncode == 0, (command, done.stdout, done.stderr)
            assert "problem" not in done.stdout


def test_the_docs_know_every_route(client):
    text = DOCS.read_text()
    for path in client.get("/openapi.json").json()["paths"]:
        named = re.sub(r"\{product_id\}", "red-plain", path).replace("{shot}", "0")
        assert named in text, path
