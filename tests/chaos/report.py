"""The report of many trials, as a page of Markdown."""

from __future__ import annotations

import datetime
import platform
import subprocess
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import Final

from tests.chaos.faults import FAILURES, KILLS
from tests.chaos.operations import OPERATIONS
from tests.chaos.shop import PRODUCTS
from tests.chaos.trials import Trial
from tests.conftest import ROOT

WRITES: Final = "writes"
NAMES: Final = (*OPERATIONS, WRITES)
"""All operations, in the order of the report."""
BAD: Final = ("lost", "unclean", "second run failed", "partial files")
"""Columns: the number of trials with at least one."""
INTRODUCTION: Final = """\
# Kills and failing disks

Each trial disturbs one operation on a catalog of {products} products, in a process of its own. Then the catalog is
opened and compared with what was acknowledged: products, pictures, vectors, thumbnails, the search and `verify`. The
operation runs again and must complete, with the result of a run without disturbance and without partial files.

| | |
|---|---|
| date | {date} |
| command | `{command}` |
| data | drawn pictures, {products} products, store {store} |
| code | commit {commit}, LanceDB {lancedb}, {system} |
| took | {minutes} minutes |

`create` indexes a feed into a new catalog, `index` a changed feed, `rebuild` with another encoder; `writes` are PUT and
DELETE requests to a server. A kill is SIGKILL, after a random time or at a random one of the system calls that change
files: before it, or after half of a write (`tests/chaos/faults.c`).
"""


def page(trials: Sequence[Trial], command: str, store: str, minutes: float) -> str:
    """The whole report."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout
    head = INTRODUCTION.format(
        products=PRODUCTS,
        date=datetime.datetime.now(datetime.UTC).date(),
        command=command,
        store=store,
        commit=commit.strip() or "unknown",
        lancedb=version("lancedb"),
        system=f"{platform.system()} {platform.release().split('-')[0]}, {platform.machine()}",
        minutes=round(minutes),
    )
    return "\n".join([head, *_kills(trials), *_failures(trials), *_findings(trials)]) + "\n"


def _kills(trials: Sequence[Trial]) -> Iterator[str]:
    yield from (
        "## Kills",
        "",
        f"| operation | kills | ended before | {' | '.join(BAD)} |",
        "|---|---|---|---|---|---|---|",
    )
    killed = [t for t in trials if t.fault is None or t.fault.kind in KILLS]
    for name in (*NAMES, "all"):
        of = [t for t in killed if name in (t.operation, "all")]
        early = sum(t.ended != "killed" for t in of)
        yield f"| {name} | {len(of)} | {early} | {_bad(of)} |"
    yield from ("", "`ended before`: the operation was over when the kill came.", "")


def _failures(trials: Sequence[Trial]) -> Iterator[str]:
    yield from ("## Failing disks", "", f"| fault | trials | completed | refused | crashed | {' | '.join(BAD)} |")
    yield "|---|---|---|---|---|---|---|---|---|"
    for kind in FAILURES:
        of = [t for t in trials if t.fault and t.fault.kind == kind]
        ends = [sum(t.ended.startswith(word) for t in of) for word in ("done", "refused", "crashed")]
        yield f"| {kind} | {len(of)} | {' | '.join(map(str, ends))} | {_bad(of)} |"
    yield from (
        "",
        "`eio`: half of a write is done, then it fails. `enospc`: the disk stays full. `read-eio`: a read fails.",
    )
    yield from ("`read-short`: a read gives half of what was asked. `refused`: one clear error.", "")


def _findings(trials: Sequence[Trial]) -> Iterator[str]:
    found = sorted({f"{t.operation}, {t.fault.kind if t.fault else 'kill'}: {line}" for t in trials for line in t.bad})
    yield from ("## Findings", "", *([f"- {line}" for line in found] or ["None."]))


def _bad(trials: Sequence[Trial]) -> str:
    rows = [(t.lost, t.unclean, t.again, t.left) for t in trials]
    return " | ".join(str(sum(bool(row[column]) for row in rows)) for column in range(len(BAD)))
