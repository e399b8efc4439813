"""Mutation testing: chosen modules are changed in one place at a time, and what no test notices is printed.

python .ci/mutants.py [--minutes 30] [--seed 0] [--processes 2] [AREA ...]

mutmut makes the changes and finds which tests reach them. Its own runner tests them in forks of one process, in which
LanceDB hangs, and has no sampling; here each mutant is tested in a new process, drawn at random with a fixed seed until
the area's share of the minutes is spent. mutmut leaves out what is not in a function (constants of modules) and
functions with decorators (properties, caches).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "mutants"
PYTEST = ("-m", "pytest", "-x", "-q", "--hypothesis-seed=0", "-p", "no:cacheprovider", "-m", "not slow")

# The modules of each area, and the tests that are run.
AREAS: dict[str, tuple[str, str]] = {
    "geometry": ("core/geometry.py", "tests/core/test_geometry.py"),
    "looks": ("looks/rules.py looks/people.py looks/hotspots.py looks/parse.py looks/pose.py", "tests/looks"),
    "feeds": ("feeds/values.py feeds/columns.py", "tests/feeds"),
    "filters": ("catalog/filters/*.py", "tests/catalog/filters"),
    "search": ("search/*.py", "tests/search"),
    "ingest": ("indexing/ingest.py", "tests/indexing/test_ingest.py"),
    "metrics": ("lab/evaluate/metrics.py", "tests/lab/evaluate/test_metrics.py"),
    "losses": ("lab/losses/*.py", "tests/lab/losses"),
}

# Statements that raise are left as they are: most of their mutants change the wording of a message.
SETTINGS = """[mutmut]
source_paths = src
only_mutate =
{modules}
do_not_mutate_patterns = ^\\s*raise\\b
pytest_add_cli_args =
    -m
    not slow
pytest_add_cli_args_test_selection = {tests}
process_isolation = forkserver
"""


def prepare(area: str) -> Path:
    """A folder with a copy of the sources and tests, as mutmut wants it: it changes the files where it runs."""
    folder = WORK / area
    shutil.rmtree(folder, ignore_errors=True)
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "src", "tests", "pyproject.toml"]
    for name in subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    modules, tests = AREAS[area]
    lines = "\n".join(f"    src/streetshop/{module}" for module in modules.split())
    (folder / "setup.cfg").write_text(SETTINGS.format(modules=lines, tests=tests), encoding="utf-8")
    return folder


def mutmut(folder: Path, *arguments: str) -> str:
    """The output of a command of mutmut."""
    command = [str(Path(sys.executable).with_name("mutmut")), *arguments]
    return subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout


def tests_of_mutants(folder: Path) -> dict[str, list[str]]:
    """The tests that reach each mutant, by its name. Mutants that no test reaches have none."""
    # mutmut makes its mutants on the way to a run; this run has nothing to do.
    output = mutmut(folder, "run", "none")
    try:
        reached = json.loads((folder / "mutants" / "mutmut-stats.json").read_text())["tests_by_mangled_function_name"]
    except OSError:
        sys.exit(f"{folder.name}: the tests do not pass, or mutmut cannot run them\n{output[-5000:]}")
    files = sorted((folder / "mutants").rglob("*.py.meta"))
    names = [name for file in files for name in json.loads(file.read_text())["exit_code_by_key"]]
    return {name: sorted(reached.get(name.rpartition("__mutmut_")[0], ())) for name in names}


def survives(folder: Path, mutant: str, tests: list[str], seconds: float) -> bool:
    """Whether all tests pass with a mutant; "" is the code as it is."""
    environment = {**os.environ, "PYTHONPATH": "src", "MUTANT_UNDER_TEST": mutant}
    command = [sys.executable, *PYTEST, *tests]
    try:
        done = subprocess.run(
            command, cwd=folder / "mutants", env=environment, timeout=seconds, capture_output=True, text=True
        )
    except subprocess.TimeoutExpired:
        return False
    if done.returncode in (4, 5):  # wrong usage, no tests
        sys.exit(f"pytest could not run the tests of {mutant}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.returncode == 0


def run(area: str, seconds: float, seed: int, processes: int) -> tuple[int, int, list[str]]:
    """Test mutants of an area until the time is over.

    Returns:
        Number of mutants, of those that were tested, and the names of those that survived.
    """
    ends = time.monotonic() + seconds
    folder = prepare(area)
    reached = tests_of_mutants(folder)
    started = time.monotonic()
    if not survives(folder, "", AREAS[area][1].split(), 600):
        sys.exit(f"{area}: the tests do not pass")
    limit = 10 + 5 * (time.monotonic() - started)
    names = sorted(reached)
    random.Random(seed).shuffle(names)  # noqa: S311 - a sample

    def test(name: str) -> bool | None:
        if time.monotonic() > ends:
            return None
        return not reached[name] or survives(folder, name, reached[name], limit)

    with ThreadPoolExecutor(processes) as pool:
        try:
            results = dict(zip(names, pool.map(test, names), strict=True))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    tested = [name for name, result in results.items() if result is not None]
    return len(names), len(tested), [name for name in tested if results[name]]


def main() -> None:
    """Test the mutants of the areas named on the command line, or of all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("areas", nargs="*", metavar="AREA", help=f"of {', '.join(AREAS)}; all by default")
    parser.add_argument("--minutes", type=float, default=30, help="shared by the areas (default 30)")
    parser.add_argument("--seed", type=int, default=0, help="of the sample (default 0)")
    parser.add_argument("--processes", type=int, default=2, help="mutants tested at once (default 2)")
    options = parser.parse_args()
    areas = options.areas or list(AREAS)
    if unknown := set(areas) - set(AREAS):
        parser.error(f"no area is called {', '.join(sorted(unknown))}; there are {', '.join(AREAS)}")
    ends = time.monotonic() + options.minutes * 60
    table = []
    for i, area in enumerate(areas):
        share = (ends - time.monotonic()) / (len(areas) - i)
        print(f"{area}: at most {max(share, 0) / 60:.1f} minutes", file=sys.stderr, flush=True)
        mutants, tested, survivors = run(area, share, options.seed, options.processes)
        for name in survivors:
            print(name, mutmut(WORK / area, "show", name).partition("\n")[2].strip(), "", sep="\n")
        noticed = tested - len(survivors)
        score = f"{noticed / tested:6.1%}" if tested else "     -"
        table.append(f"{area:10} {score}   {noticed} of {tested} tested, {mutants} in all")
    print("\n".join(["area       score    mutants that a test noticed", *table]))


if __name__ == "__main__":
    main()
