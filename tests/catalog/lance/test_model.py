"""The store against a dictionary: any sequence of writes and care leaves the same products, for every handle."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from streetshop.catalog.open import create_catalog, open_catalog, restore_snapshot
from streetshop.catalog.store import Entry, Store
from tests.catalog.conformance import META, entry, found, nearest, unit_vectors

IDS = st.sets(st.sampled_from(["a", "b", "c", "d", "it's"]), min_size=1, max_size=3)
HANDLES = st.sampled_from([0, 1])
SHOTS = st.integers(1, 3)


class StoreMachine(RuleBasedStateMachine):
    """Two handles of one catalog; each write goes through either."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.url = str(self.folder / "shop.catalog")
        self.model: dict[str, Entry] = {}
        self.numbers = itertools.count(1)
        self.open: list[Store] = [create_catalog(self.url, META), open_catalog(self.url)]

    def new(self, name: str, shots: int) -> Entry:
        number = next(self.numbers)
        return entry(name, unit_vectors(shots, number), title=f"Title {number}")

    @rule(handle=HANDLES, ids=IDS, shots=SHOTS)
    def upsert(self, handle: int, ids: set[str], shots: int) -> None:
        entries = {name: self.new(name, shots) for name in sorted(ids)}
        self.open[handle].upsert([*entries.values()])
        self.model.update(entries)

    @rule(handle=HANDLES, ids=IDS)
    def delete(self, handle: int, ids: set[str]) -> None:
        assert self.open[handle].delete(ids) == len(ids & self.model.keys())
        for name in ids:
            self.model.pop(name, None)

    @rule(handle=HANDLES, ids=IDS, shots=SHOTS, keep=IDS, remove=IDS)
    def change(self, handle: int, ids: set[str], shots: int, keep: set[str], remove: set[str]) -> None:
        after = dict(self.model)

        def decide(name: str, before: Entry | None) -> Entry | None:
            stored = self.model.get(name)
            assert (before and before.product) == (stored and stored.product)
            if name in keep:
                return before
            after.pop(name, None)
            if name in remove:
                return None
            after[name] = self.new(name, shots)
            return after[name]

        self.open[handle].change(sorted(ids), decide)
        self.model = after

    @rule(handle=HANDLES)
    def optimize(self, handle: int) -> None:
        self.open[handle].optimize()

    @rule(handle=HANDLES)
    def reopen(self, handle: int) -> None:
        self.open[handle].close()
        self.open[handle] = open_catalog(self.url)

    @rule(handle=HANDLES)
    def snapshot(self, handle: int) -> None:
        number = next(self.numbers)
        self.open[handle].snapshot(self.folder / f"snapshot-{number}")
        restored = restore_snapshot(self.folder / f"snapshot-{number}", str(self.folder / f"{number}.catalog"))
        self.check(restored)
        restored.close()

    @invariant()
    def every_handle_has_what_was_written(self) -> None:
        for one in self.open:
            self.check(one)

    def check(self, one: Store) -> None:
        names = sorted(self.model)
        assert list(one.ids()) == names
        assert one.get(names) == [self.model[name].product for name in names]
        assert one.count() == len(names)
        query = unit_vectors(1, 7)[0]
        assert found(one, query, 20) == nearest([*self.model.values()], query, 20)

    def teardown(self) -> None:
        assert self.open[0].verify() == []
        for one in self.open:
            one.close()
        shutil.rmtree(self.folder)


StoreMachine.TestCase.settings = settings(
    max_examples=6, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
TestStore = StoreMachine.TestCase
