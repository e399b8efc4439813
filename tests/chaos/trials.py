"""One trial: an operation is disturbed, its catalog checked, and the operation repeated."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.chaos import faults
from tests.chaos.checks import Allowed, Found, check, left_over
from tests.chaos.faults import Fault
from tests.chaos.shop import Shop, State, state_of_feed
from tests.conftest import ROOT

SECONDS: Final = 300
"""Until a process that hangs is killed."""


@dataclass
class Trial:
    """What came of one trial.

    Attributes:
        operation: its name.
        fault: what was done to it; None for a kill at a random moment.
        ended: "killed", "done", "refused: ..." (a StreetshopError) or "crashed: ..." (anything else).
        lost, unclean: see ``Found``; of the check after the trial and of that after the second run.
        again: why the second run did not complete.
        left: partial files after the second run.
        operations: file operations that a fault counted.
        seconds: from the start of the operation to its end.
    """

    operation: str
    fault: Fault | None
    ended: str = ""
    lost: list[str] = field(default_factory=list)
    unclean: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    operations: int = 0
    seconds: float = 0

    @property
    def bad(self) -> list[str]:
        """Everything that should not be."""
        crash = [self.ended] if self.ended.startswith("crashed") else []
        return [*crash, *self.lost, *self.unclean, *self.again, *self.left]

    def add(self, found: Found) -> None:
        """Take over what a check found."""
        self.lost += found.lost
        self.unclean += found.unclean


def program(*arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """A Python process in the repository, with stdout and stderr as pipes."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", **(environment or {})},
    )


def ending(code: int, errors: str) -> str:
    """How a process ended, in a word; a crash with its last lines."""
    said = " ".join(errors.split())[-300:]
    if "Traceback" in errors:
        return f"crashed: {said}"
    words = {0: "done", 2: f"refused: {said}", -signal.SIGTERM: "done", -signal.SIGKILL: "killed"}
    return words.get(code, f"crashed: exit code {code}, {said}")


def allowed_states(name: str, shop: Shop, written: int) -> tuple[str, Allowed]:
    """The catalog that an operation writes to, and its states."""
    before, after = state_of_feed(shop, shop.before), state_of_feed(shop, shop.after)
    nothing: State = {}
    return {
        "create": (shop.new, Allowed(nothing, before, written=written)),
        "index": (shop.catalog, Allowed(before, after, written=written)),
        "rebuild": (shop.catalog, Allowed(before, after, whole=True)),
        "optimize": (shop.catalog, Allowed(before, before, whole=True)),
        "snapshot": (shop.catalog, Allowed(before, before, whole=True)),
        "restore": (shop.new, Allowed(nothing, before, whole=True)),
    }[name]


def run(
    name: str, shop: Shop, environment: Mapping[str, str] | None = None, pause: float = -1
) -> tuple[str, int, float]:
    """Run an operation; kill it ``pause`` seconds after it is ready, if that is not negative.

    Returns:
        How it ended, the number of products that it acknowledged, and the seconds that it took.
    """
    process = program("-m", "tests.chaos.operations", name, str(shop.folder), environment=environment)
    assert process.stdout is not None
    first, started = process.stdout.readline(), time.monotonic()
    if pause >= 0:
        time.sleep(pause)
        process.kill()
    try:
        output, errors = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return f"crashed: no end within {SECONDS} s", 0, SECONDS
    seconds = time.monotonic() - started
    said = [line.split()[-1] for line in (first + output).splitlines(keepends=True) if line.endswith("\n")]
    return ending(process.returncode, errors), max((int(w) for w in said if w.isdigit()), default=0), seconds


def disturbed(name: str, template: Shop, folder: Path, fault: Fault | None, pause: float = -1) -> Trial:
    """One trial of an operation in a copy of ``template`` at ``folder``."""
    shop, counter = template.copy_to(folder), faults.library().with_name("counter")
    faults.reset(counter)
    trial = Trial(name, fault)
    environment = faults.environment(fault, folder, counter) if fault else None
    trial.ended, written, trial.seconds = run(name, shop, environment, pause)
    trial.operations = faults.counted(counter)
    url, allowed = allowed_states(name, shop, written)
    found = check(url, allowed, template.pictures)
    trial.add(found)
    made = Path(shop.copy) if name == "snapshot" else Path(shop.new) if name == "restore" else None
    if made is None or not made.exists():  # a snapshot is never written over
        ended, *_ = run(name, shop)
        if ended != "done":
            trial.again.append(f"second run {ended}")
    trial.add(check(url, Allowed(allowed.after, allowed.after, whole=True), template.pictures))
    if name == "snapshot":
        trial.add(_restored(shop, template, allowed))
    trial.left = left_over(folder)
    return trial


def _restored(shop: Shop, template: Shop, allowed: Allowed) -> Found:
    """Whether the snapshot is whole: restored, it is the catalog."""
    restoring, found = Shop(shop.folder, shop.store), Found()
    if not shop.copy.exists():
        found.unclean.append("there is no snapshot")
        return found
    shop.kept.rename(shop.folder / "earlier")
    shop.copy.rename(restoring.kept)
    ended, *_ = run("restore", restoring)
    found = check(restoring.new, Allowed(allowed.after, allowed.after, whole=True), template.pictures)
    if ended != "done":
        found.unclean.append(f"the snapshot does not restore: {ended}")
    return found
