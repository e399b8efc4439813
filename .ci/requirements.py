"""Write requirements/*.txt: every package of an installation with its exact version and the SHA-256 of its files.

python .ci/requirements.py [--uv PROGRAM] [--upgrade]

uv resolves ``pyproject.toml`` under ``constraints.txt`` for every Python version and platform. Versions that are pinned
stay as they are; ``--upgrade`` takes the newest that the bounds allow. tests/test_requirements.py checks the files.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "requirements"
EXTRAS = {"all": ("lab", "dev", "docs"), "serving": ()}
"""The files of the package itself, the largest first: the others take its versions."""
EDITABLE = "editables"  # what hatchling needs for an editable installation
HEADER = """\
# {what}
# Made by `make requirements`. Install with: pip install --require-hashes --only-binary :all: -r requirements/{name}.txt
"""
WHAT = {
    "all": "Serving, lab, tests and docs: what CI installs.",
    "serving": "What the wheel needs to run: containers and `make demo`.",
    "build": "What builds the wheel.",
    "release": "What writes these files, audits them and lists the parts of a release.",
}


def compile_set(uv: str, name: str, source: str, *options: str) -> None:
    """Resolve ``source`` (requirements, or a path) and write requirements/NAME.txt."""
    target = FOLDER / f"{name}.txt"
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder, "requirements.in")
        listed.write_text(source)
        command = [uv, "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"]
        command += ["--no-annotate", "--no-header", "--no-emit-index-url", "--no-emit-find-links"]
        command += ["--constraint", str(ROOT / "constraints.txt"), *options, "--output-file", str(target), str(listed)]
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            sys.exit(f"requirements/{name}.txt stays as it was: see uv's message above")
    target.write_text(HEADER.format(what=WHAT[name], name=name) + target.read_text())


def pins(text: str) -> str:
    """The versions in a requirements file, without hashes, as constraints."""
    return "\n".join(re.findall(r"^[A-Za-z0-9][^\\\n]*", text, re.MULTILINE))


def main() -> None:
    """Write all files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--uv", default="uv", help="the program, if it is not on the path")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that the bounds allow")
    given = parser.parse_args()
    upgrade = ("--upgrade",) if given.upgrade else ()
    FOLDER.mkdir(exist_ok=True)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    needed, extras = project["project"]["dependencies"], project["project"]["optional-dependencies"]
    with tempfile.TemporaryDirectory() as folder:
        chosen = Path(folder, "chosen.txt")
        chosen.touch()
        same = ("--constraint", str(chosen))
        for name, names in EXTRAS.items():
            listed = [*needed, *(line for extra in names for line in extras[extra])]
            compile_set(given.uv, name, "\n".join(listed), *same, *upgrade)
            chosen.write_text(pins((FOLDER / "all.txt").read_text()))
        build = [*project["build-system"]["requires"], EDITABLE]
        compile_set(given.uv, "build", "\n".join(build), *same, *upgrade)
    compile_set(given.uv, "release", "\n".join(extras["release"]), *upgrade)


if __name__ == "__main__":
    main()
