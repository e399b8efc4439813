"""Every command of the README and the docs runs.

The ``sh`` blocks of a page are run in order, in a folder that holds what the pages speak of: ``feed.csv`` with its
pictures, ``photo.jpg``, a folder ``pictures``, the repository's ``benchmarks``. Links and pictures of every page must
lead somewhere.
"""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.catalog.filled import COLOURS, square
from tests.conftest import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
INSTALLS = ("pip install", "git clone", "cd ", "apt-get ")
"""What prepares a machine: `make test` and `make demo` are CI's business, and this machine is prepared."""
RUN_ELSEWHERE = {"feeds.md": "tests/cli/test_index.py", "http-api.md": "tests/web/test_docs.py"}
"""Pages whose commands need more of a stage than this one."""
SMALLER = ((r"--products \d+", "--products 60"), (r"--photos \d+", "--photos 8"))
"""A test needs to know that a command runs, not how long its figures take."""
NEEDS_DATA = "../shared/data"
"""Commands on the public photographs run where the photographs are: tests marked `data` cover them."""


def commands(page: Path) -> list[str]:
    found: list[str] = []
    for block in re.findall(r"^```sh\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
        joined = block.replace("\\\n", " ")
        found += [line.split("  # ")[0].strip() for line in joined.splitlines() if line.strip()]
    for long, short in SMALLER:
        found = [re.sub(long, short, line) for line in found]
    return [line for line in found if not line.startswith("#")]


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    (tmp_path / "pictures").mkdir()
    rows = ["id,title,category,price,image_link,availability,color"]
    for i, colour in enumerate(COLOURS):
        Image.fromarray(square(colour, "stripes", side=240)).save(tmp_path / "pictures" / f"{colour}.jpg")
        rows.append(f"{i},{colour} dress,dress,{10 * i + 5} EUR,pictures/{colour}.jpg,in stock,{colour}")
    (tmp_path / "feed.csv").write_text("\n".join(rows))
    Image.fromarray(square("blue", "checks", side=300)).save(tmp_path / "photo.jpg")
    (tmp_path / "key.txt").write_text("a long secret key of the shop\n")
    (tmp_path / "benchmarks").symlink_to(ROOT / "benchmarks")
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_run(page: Path, workplace: Path) -> None:
    if page.name in RUN_ELSEWHERE:
        assert page.name in (ROOT / RUN_ELSEWHERE[page.name]).read_text()
        return
    servers: list[subprocess.Popen[bytes]] = []
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    try:
        for line in commands(page):
            if line.startswith("make "):
                assert shlex.split(line)[1] in targets, line
            elif line.startswith("streetshop serve"):
                servers.append(subprocess.Popen(shlex.split(line), cwd=workplace, env=environment))
                wait_for_port(int(re.search(r"--port (\d+)", line)[1]) if "--port" in line else 8000)  # type: ignore[index]
            elif not line.startswith(INSTALLS) and NEEDS_DATA not in line:
                done = subprocess.run(
                    line, shell=True, cwd=workplace, env=environment, capture_output=True, text=True, timeout=280
                )
                assert done.returncode == 0, f"{line}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    finally:
        for server in servers:
            server.terminate()
            server.wait(20)


def wait_for_port(port: int, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    pytest.fail(f"nothing answers at port {port}")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_test_that_the_security_page_names_exists() -> None:
    known = {
        name
        for path in (ROOT / "tests").rglob("*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))
    }
    page = (ROOT / "docs" / "security.md").read_text()
    named = set(re.findall(r"`(test_\w+)`", page))
    assert len(named) > 30
    assert not named - known
    assert all((ROOT / path).exists() for path in re.findall(r"`((?:tests|benchmarks)/[\w/.]+)`", page))
