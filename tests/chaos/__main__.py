"""``make chaos``: many trials, and their report.

python -m tests.chaos [--kills 100] [--failures 40] [--seed 1] [--store lancedb] [--report FILE]

Every operation is killed at random moments and at random file operations, and its file operations fail. One line per
trial goes to stderr, the report to stdout or FILE. The exit code is 1 if anything was lost, unclean or left over.
"""

from __future__ import annotations

import argparse
import functools
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.chaos import faults
from tests.chaos.faults import FAILURES, Fault
from tests.chaos.report import NAMES, WRITES, page
from tests.chaos.shop import STORES, Shop, make_shop
from tests.chaos.trials import Trial, disturbed
from tests.chaos.writes import disturbed_writes


@dataclass(frozen=True)
class Plan:
    """A trial to run; see ``disturbed``."""

    name: str
    fault: Fault | None
    pause: float = -1

    def __str__(self) -> str:
        return f"{self.fault.kind} at {self.fault.at}" if self.fault else f"kill after {self.pause:.2f} s"


class Chaos:
    """Plans the trials of one report, and runs them one after the other in a random order."""

    def __init__(self, template: Shop, folder: Path, seed: int) -> None:
        self.template = template
        self.folder = folder
        self.rng = random.Random(seed)
        self.trials: list[Trial] = []

    def run(self, kills: int, failures: int) -> None:
        """Plan and run. When it is interrupted, ``trials`` has those of all operations that were run."""
        plans: list[Plan] = []
        for name in NAMES:
            plans += [*self._kills(name, _share(kills, name)), *self._failures(name, _share(failures, name))]
        self.rng.shuffle(plans)
        for plan in plans:
            trial = self._trial(plan)
            self.trials.append(trial)
            result = "; ".join(trial.bad) or "well"
            done = f"{len(self.trials):4}/{len(plans)} {plan.name:9} {plan!s:22} {trial.ended[:9]:9} {result}"
            print(done, file=sys.stderr, flush=True)

    def _kills(self, name: str, share: int) -> Iterator[Plan]:
        """Every second one after a random time, the others at file operations from the first to the last."""
        undisturbed = self._undisturbed(name, "count")
        for turn in range(share):
            at = 1 + int((turn + self.rng.random()) * undisturbed.operations / share)
            if turn % 2:
                yield Plan(name, None, self.rng.uniform(0, undisturbed.seconds))
            else:
                yield Plan(name, Fault(self.rng.choice(faults.KILLS), at))

    def _failures(self, name: str, share: int) -> Iterator[Plan]:
        last = {kind: self._undisturbed(name, kind).operations for kind in ("count", "read-count") if share}
        for turn in range(share):
            kind = FAILURES[turn % len(FAILURES)]
            operations = last["read-count" if kind.startswith("read") else "count"]
            yield Plan(name, Fault(kind, self.rng.randint(1, max(1, operations))))

    @functools.cache  # noqa: B019 - one object, as long as the program
    def _undisturbed(self, name: str, kind: str) -> Trial:
        trial = self._trial(Plan(name, Fault(kind, 0)))
        if trial.bad or trial.ended != "done":
            sys.exit(f"{name} does not work undisturbed: {trial}")
        return trial

    def _trial(self, plan: Plan) -> Trial:
        folder = self.folder / "trial"
        if plan.name == WRITES:
            return disturbed_writes(self.template, folder, plan.fault, self.rng.randrange(1 << 30), plan.pause)
        return disturbed(plan.name, self.template, folder, plan.fault, plan.pause)


def _share(number: int, name: str) -> int:
    """How many of a number of trials an operation gets."""
    return number // len(NAMES) + (NAMES.index(name) < number % len(NAMES))


def main() -> int:
    """Run and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--failures", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", choices=sorted(STORES), default="lancedb")
    parser.add_argument("--report", type=Path, help="Markdown file; without it the report goes to stdout")
    given = parser.parse_args()
    started = time.monotonic()
    try:
        faults.library()
    except faults.NoFaults as reason:
        sys.exit(str(reason))
    with tempfile.TemporaryDirectory(prefix="streetshop-chaos-") as name:
        chaos = Chaos(make_shop(Path(name, "shop"), given.store), Path(name), given.seed)
        try:
            chaos.run(given.kills, given.failures)
        except KeyboardInterrupt:
            print("interrupted: the report is of the trials so far", file=sys.stderr)
    command = f"make chaos KILLS={given.kills} FAILURES={given.failures} SEED={given.seed}"
    text = page(chaos.trials, command, given.store, (time.monotonic() - started) / 60)
    if given.report:
        given.report.write_text(text)
    else:
        print(text)
    return int(any(trial.bad for trial in chaos.trials))


if __name__ == "__main__":
    sys.exit(main())
