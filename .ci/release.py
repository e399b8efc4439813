"""Write a release to dist/: the wheel, its bill of materials (CycloneDX), and their SHA-256.

python .ci/release.py [--cyclonedx PROGRAM]

The bill lists what an empty environment holds after the wheel and requirements/serving.txt are installed in it.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import tempfile
from pathlib import Path

from wheel import ROOT, build_wheel, install_wheel, new_environment, run


def main() -> None:
    """Build, install, list."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cyclonedx", default="cyclonedx-py", help="the program, if it is not on the path")
    program = parser.parse_args().cyclonedx
    target = ROOT / "dist"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    with tempfile.TemporaryDirectory(prefix="streetshop-release-") as name:
        folder = Path(name)
        wheel = build_wheel(new_environment(folder / "build"), target)
        python = new_environment(folder / "run")
        install_wheel(python, wheel, folder)
        run(python, "-m", "pip", "uninstall", "--yes", "--quiet", "pip", "setuptools", cwd=folder)  # venv's own
        bill = target / f"{wheel.name.split('-py3-')[0]}.cdx.json"
        listed = ("environment", "--pyproject", ROOT / "pyproject.toml", "--output-reproducible")
        run(program, *listed, "--output-format", "JSON", "--output-file", bill, python, cwd=folder)
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(target.iterdir())]
    (target / "SHA256SUMS").write_text("".join(sums))
    print(f"dist/: {', '.join(path.name for path in sorted(target.iterdir()))}")


if __name__ == "__main__":
    main()
