"""Build the wheel, check what is in it, and use it from an empty environment in a folder outside the repository.

python .ci/wheel.py
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PIP = ("-m", "pip", "--disable-pip-version-check", "--quiet")
# Paths of the repository and where their files lie in the wheel.
SHIPPED = {"src/streetshop": "streetshop", "recipes": "streetshop/lab/recipes"}


def run(*command: str | Path, cwd: Path) -> str:
    """Standard output of a command; a failing command ends the script with its output."""
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def check_contents(wheel: Path) -> None:
    """Every file that git tracks in the package and in the recipes is in the wheel, with the same bytes."""
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
        for folder, target in SHIPPED.items():
            for line in run("git", "ls-files", folder, cwd=ROOT).splitlines():
                name = f"{target}{line.removeprefix(folder)}"
                if name not in packed or archive.read(name) != (ROOT / line).read_bytes():
                    sys.exit(f"{wheel.name}: {line} is missing or differs. See [tool.hatch.build] in pyproject.toml")


def new_environment(folder: Path) -> Path:
    """The Python of an empty environment."""
    venv.create(folder, with_pip=True)
    return folder / "bin" / "python"


def install_pinned(python: Path, name: str, folder: Path) -> None:
    """Install requirements/NAME.txt: only wheels whose SHA-256 is listed there."""
    listed = ROOT / "requirements" / f"{name}.txt"
    run(python, *PIP, "install", "--require-hashes", "--only-binary", ":all:", "--requirement", listed, cwd=folder)


def build_wheel(python: Path, target: Path) -> Path:
    """Build the wheel into ``target`` with the pinned build tools, and check what is in it."""
    install_pinned(python, "build", target)
    run(python, *PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", target, ROOT, cwd=target)
    [wheel] = target.glob("streetshop-*.whl")
    check_contents(wheel)
    return wheel


def install_wheel(python: Path, wheel: Path, folder: Path) -> None:
    """Install the wheel and the pinned packages that it needs; nothing else may be missing."""
    install_pinned(python, "serving", folder)
    run(python, *PIP, "install", "--no-deps", wheel, cwd=folder)
    run(python, "-m", "pip", "--disable-pip-version-check", "check", cwd=folder)


def main() -> None:
    """Build, check, install, then run the demo and a search."""
    with tempfile.TemporaryDirectory(prefix="streetshop-wheel-") as name:
        folder = Path(name)
        wheel = build_wheel(new_environment(folder / "build"), folder)
        python = new_environment(folder / "venv")
        install_wheel(python, wheel, folder)
        streetshop = python.with_name("streetshop")
        version = run(streetshop, "--version", cwd=folder).split()[-1]
        if f"streetshop-{version}-" not in wheel.name:
            sys.exit(f"{wheel.name} holds a package that calls itself {version}")
        run(streetshop, "demo", "--products", "40", "--photos", "2", cwd=folder)
        [photo, *_] = sorted((folder / "demo" / "drawn" / "street" / "images" / "street").glob("*.jpg"))
        found = run(streetshop, "search", photo, "--catalog", "demo/shop.catalog", "--json", cwd=folder)
        if '"matches": [{' not in found:
            sys.exit(f"the search found nothing: {found[:500]}")
        print(f"{wheel.name}: all files packed; demo and search run")


if __name__ == "__main__":
    main()
