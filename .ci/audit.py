"""Look up every pinned package of requirements/ in the advisory database of the package index, with pip-audit.

python .ci/audit.py [--pip-audit PROGRAM]

The exit code is 0 if none has a known vulnerability, 1 if one has, 2 if any package could not be looked up: pip-audit
alone answers "no known vulnerabilities" where the service cannot be reached.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SETS = ("all", "build", "release")


def judge(report: dict[str, Any]) -> tuple[int, list[str]]:
    """The exit code and the lines to print for one JSON report of pip-audit."""
    packages = report["dependencies"]
    vulnerable = [
        f"{package['name']} {package['version']}: {found['id']}, fixed in {', '.join(found['fix_versions']) or 'none'}"
        for package in packages
        for found in package.get("vulns", ())
    ]
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    if not packages:
        return 2, ["nothing was audited: the requirements are empty"]
    if len(skipped) == len(packages):
        return 2, ["nothing was audited: the advisory service cannot be reached from here, run this where it can"]
    if skipped:
        vulnerable.append(f"{len(skipped)} of {len(packages)} could not be looked up: {', '.join(skipped)}")
    code = 2 if skipped else int(bool(vulnerable))
    return code, vulnerable or [f"{len(packages)} packages, no known vulnerability"]


def main() -> int:
    """Audit each file; the exit code is the worst."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pip-audit", default="pip-audit", help="the program, if it is not on the path")
    program = parser.parse_args().pip_audit
    worst = 0
    for name in SETS:
        listed = ROOT / "requirements" / f"{name}.txt"
        command = [program, "--disable-pip", "--require-hashes", "--format", "json", "--requirement", str(listed)]
        done = subprocess.run([*command, "--progress-spinner", "off"], capture_output=True, text=True, check=False)
        try:
            code, lines = judge(json.loads(done.stdout))
        except (ValueError, KeyError):
            code, lines = 2, [f"pip-audit ended with exit code {done.returncode}", done.stderr.strip()[-2000:]]
        for line in lines:
            print(f"{name}: {line}")
        worst = max(worst, code)
    return worst


if __name__ == "__main__":
    sys.exit(main())
