"""The README and the docs are true: commands run, links resolve, guides are short and in standard terms.

The ``sh`` blocks of a page are run in order, in a folder with ``feed.csv`` and its pictures, ``photo.jpg``, a folder
``pictures``, and the repository's ``recipes`` and ``benchmarks``.
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
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from streetshop.cli.app import app
from tests.catalog.filled import COLOURS, square
from tests.conftest import ROOT

GUIDES = sorted((ROOT / "docs").glob("*.md"))
EXPERIMENTS = sorted((ROOT / "docs" / "experiments").glob("*.md"))
ROOT_PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES = [*ROOT_PAGES, *GUIDES, *EXPERIMENTS]
GUIDE_LINES, README_LINES = 150, 120
INSTALLS = ("pip install", "git clone", "cd ", "apt-get ")
"""What prepares a machine: CI does it before it runs the tests."""
RUN_ELSEWHERE = {"feeds.md": "tests/cli/test_index.py", "http-api.md": "tests/web/test_docs.py"}
"""Pages whose commands need other files or a server of their own."""
SMALLER = (
    (r"--products 200 --photos 150", "--products 24 --photos 24"),
    (r"--products \d{3,}", "--products 60"),
    (r"--photos \d{3,}", "--photos 8"),
    (r"--size \d+", "--size 96"),
)
"""A test shows that a command runs, not how long its figures take."""
NEEDS_DATA = "../shared/data"
"""Commands on the public photographs: tests marked `data` cover them."""
PRIVATE_WORDS = (
    "trunk",
    "thaw",
    "taught",
    "told",
    "pile",
    "anew",
    "broken[ -]off",
    "go(?:es)? on where",
    "was tried",
    "looks on",
)
"""Words for which the field has standard terms: backbone, unfreeze, trained, interrupted, resumes, ..."""


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def commands(page: Path) -> list[str]:
    found: list[str] = []
    for block in re.findall(r"^ *```sh\n(.*?)^ *```", page.read_text(), re.MULTILINE | re.DOTALL):
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
    for photo, side in (("photo.jpg", 300), ("back.jpg", 260)):
        Image.fromarray(square("blue", "checks", side=side)).save(tmp_path / photo)
    (tmp_path / "key.txt").write_text("a-long-secret-key-of-the-shop\n")
    for folder in ("benchmarks", "recipes"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    return tmp_path


@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=name)
def test_commands_run(page: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if page.name in RUN_ELSEWHERE:
        assert page.name in (ROOT / RUN_ELSEWHERE[page.name]).read_text()
        return
    monkeypatch.chdir(workplace)
    servers: list[subprocess.Popen[bytes]] = []
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    try:
        for line in commands(page):
            if line.startswith("make "):
                assert shlex.split(line)[1] in targets, line
            elif line.startswith("streetshop serve"):
                servers.append(subprocess.Popen(shlex.split(line), cwd=workplace, env=environment))
                port = re.search(r"--port (\d+)", line)
                wait_for_port(int(port[1]) if port else 8000)
            elif not line.startswith(INSTALLS) and NEEDS_DATA not in line:
                code, output = run(line, workplace, environment)
                assert code == 0, f"{line}\n{output[-4000:]}"
    finally:
        for server in servers:
            server.terminate()
            server.wait(20)


def test_the_python_of_the_readme_runs(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workplace)
    code, output = run("streetshop index feed.csv --catalog shop.catalog", workplace, dict(os.environ))
    assert code == 0, output
    (block,) = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(block, names)
    assert next(match.product.title for found in names["answer"] for match in found.matches) == "blue dress"
    assert len(names["look"]) == 1


def run(line: str, folder: Path, environment: dict[str, str]) -> tuple[int, str]:
    """The exit code and output of a line; a plain ``streetshop`` command runs in this process, which is quicker."""
    if line.startswith("streetshop ") and not re.search(r"[|<>&;]", re.sub(r"'[^']*'|\"[^\"]*\"", "", line)):
        done = CliRunner().invoke(app, shlex.split(line)[1:])
        return done.exit_code, f"{done.output}\n{done.exception!r}"
    ended = subprocess.run(line, shell=True, cwd=folder, env=environment, capture_output=True, text=True, timeout=280)
    return ended.returncode, ended.stdout + ended.stderr


def wait_for_port(port: int, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    pytest.fail(f"nothing answers at port {port}")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(#[^)\s]*)?\)", page.read_text()):
        if target.startswith(("http://", "https://")):
            continue
        path = page.parent / target if target else page
        assert path.exists(), f"{page.name}: {target}"
        if anchor and path.suffix == ".md":
            headings = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor[1:] in slugs, f"{page.name}: {target}{anchor}"


@pytest.mark.parametrize("page", GUIDES, ids=name)
def test_guides_are_short(page: Path) -> None:
    assert len(page.read_text().splitlines()) <= GUIDE_LINES


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= README_LINES


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=name)
def test_pages_use_standard_terms(page: Path) -> None:
    private = re.compile(rf".*\b({'|'.join(PRIVATE_WORDS)})\b.*", re.IGNORECASE)
    assert [found.group() for found in private.finditer(page.read_text())] == []


def test_every_guide_and_experiment_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text()
    pages = [page.relative_to(ROOT / "docs") for page in (*GUIDES, *EXPERIMENTS)]
    assert [str(page) for page in pages if str(page) not in navigation] == []
    listed = (ROOT / "docs" / "experiments" / "index.md").read_text()
    assert [p.name for p in EXPERIMENTS if p.name != "index.md" and f"({p.name})" not in listed] == []


@pytest.mark.parametrize("page", [p for p in EXPERIMENTS if p.name != "index.md"], ids=name)
def test_experiments_have_date_command_and_data(page: Path) -> None:
    text = page.read_text()
    for row in ("date", "command", "data"):
        assert re.search(rf"^\| {row} \| \S.* \|$", text, re.MULTILINE), row
    assert re.search(r"^\| date \| 20\d\d-\d\d-\d\d", text, re.MULTILINE)


def test_every_test_that_the_security_page_names_exists() -> None:
    known = {
        found
        for path in (ROOT / "tests").rglob("*.py")
        for found in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))
    }
    page = (ROOT / "docs" / "security.md").read_text()
    named = set(re.findall(r"`(test_\w+)`", page))
    assert len(named) > 30
    assert named - known == set()
    files = re.findall(r"`((?:tests|benchmarks)/[\w/.]+)`", page)
    assert [path for path in files if not (ROOT / path).exists()] == []
