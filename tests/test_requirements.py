"""The pinned installations in requirements/ agree with pyproject.toml, constraints.txt and with each other.

Read as text, without a resolver or a network. ``make requirements`` writes the files.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"]
SERVING = PROJECT["project"]["dependencies"]
ASKED = {
    "build": [*PROJECT["build-system"]["requires"], "editables"],
    "serving": SERVING,
    "all": [*SERVING, *EXTRAS["lab"], *EXTRAS["dev"], *EXTRAS["docs"]],
    "release": EXTRAS["release"],
}
PINNED = (
    r"^(?P<name>[\w.-]+)==(?P<version>[^\s;]+)(?: ; (?P<marker>[^\\\n]+?))?"
    r"(?P<hashes>(?: \\\n    --hash=sha256:[0-9a-f]{64})+)$"
)
RULE = "run `make requirements`"


def lines(name: str) -> list[re.Match[str]]:
    """The pinned packages of a file, in order."""
    return list(re.finditer(PINNED, (ROOT / "requirements" / f"{name}.txt").read_text(), re.MULTILINE))


def here(name: str) -> dict[str, str]:
    """The packages of a file that this Python and platform install, with their versions."""
    found = {}
    for line in lines(name):
        marker = Requirement(f"x ; {line['marker']}").marker if line["marker"] else None
        if marker is None or marker.evaluate():
            found[canonicalize_name(line["name"])] = line["version"]
    return found


def constraints() -> dict[str, str]:
    text = (ROOT / "constraints.txt").read_text()
    pinned = (line.split("==") for line in text.splitlines() if line and not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in pinned}


@pytest.mark.parametrize("name", ASKED)
def test_a_file_holds_pinned_packages_with_hashes_and_nothing_else(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    left = re.sub(PINNED, "", text, flags=re.MULTILINE)
    assert [line for line in left.splitlines() if line and not line.startswith("#")] == []
    assert "://" not in text


def test_there_are_no_other_files() -> None:
    assert {path.stem for path in (ROOT / "requirements").iterdir()} == set(ASKED)


@pytest.mark.parametrize("name", ASKED)
def test_what_the_project_asks_for_is_pinned_within_its_bounds(name: str) -> None:
    pinned = here(name)
    for line in ASKED[name]:
        asked = Requirement(line)
        version = pinned.get(canonicalize_name(asked.name))
        assert version is not None, f"{asked.name} is not in requirements/{name}.txt: {RULE}"
        assert asked.specifier.contains(version), f"{asked.name} {version} is not {asked.specifier}: {RULE}"


@pytest.mark.parametrize("name", ASKED)
def test_constraints_hold(name: str) -> None:
    held = constraints()
    differing = {p: (v, held[p]) for p, v in here(name).items() if held.get(p, v) != v}
    assert differing == {}, RULE


def test_a_package_has_one_version_in_the_files_of_one_environment() -> None:
    whole = here("all")
    for name in ("build", "serving"):
        assert {p: v for p, v in here(name).items() if whole.get(p, v) != v} == {}, f"{name}: {RULE}"


@pytest.mark.parametrize("name", ["build", "serving", "all"])
def test_the_files_are_complete(name: str) -> None:
    """What each installed package needs in turn is pinned too, by its metadata in this environment."""
    pinned, missing = here(name), set()
    for package in pinned:
        for line in importlib.metadata.requires(package) or ():
            need = Requirement(line)
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                version = pinned.get(canonicalize_name(need.name))
                if version is None or not need.specifier.contains(version, prereleases=True):
                    missing.add(f"{package} needs {line}, pinned is {version}")
    assert missing == set(), RULE


def test_the_tests_run_with_what_is_pinned() -> None:
    installed = {package: importlib.metadata.version(package) for package in here("all")}
    assert installed == here("all"), "run `make .venv/.all`"


@pytest.mark.parametrize(
    ("packages", "code", "says"),
    [
        ([{"name": "a", "version": "1", "vulns": []}], 0, "1 packages, no known vulnerability"),
        (
            [{"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}],
            1,
            "a 1: PYSEC-1, fixed in 2",
        ),
        ([{"name": "a", "skip_reason": "not found"}], 2, "cannot be reached"),
        ([{"name": "a", "version": "1", "vulns": []}, {"name": "b", "skip_reason": "?"}], 2, "looked up: b"),
        ([], 2, "nothing was audited"),
        (None, 2, "ended with exit code 3"),
    ],
    ids=["clean", "vulnerable", "unreachable", "in part", "empty", "crash"],
)
def test_an_audit_that_did_not_happen_is_no_success(
    tmp_path: Path, packages: list[object] | None, code: int, says: str
) -> None:
    program = tmp_path / "pip-audit"
    answer = "raise SystemExit(3)" if packages is None else f"print({json.dumps({'dependencies': packages})!r})"
    program.write_text(f"#!{sys.executable}\n{answer}\n")
    program.chmod(0o755)
    command = [sys.executable, str(ROOT / ".ci" / "audit.py"), "--pip-audit", str(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == code, done
    assert says in done.stdout
