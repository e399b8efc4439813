"""kill -9 at any moment: what was acknowledged is there, and nothing is there by half."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from streetshop.catalog.open import open_catalog
from tests.catalog.conformance import entry, unit_vectors

ROUNDS = 6
PRODUCTS = 12

WRITER = """
import sys, random
from streetshop.catalog.open import open_catalog
from streetshop.catalog.store import CatalogMeta
from tests.catalog.conformance import BLOCKS, META, entry, unit_vectors

url, seed = sys.argv[1], int(sys.argv[2])
store, rng = open_catalog(url, write=True), random.Random(seed)
store.count(), store.ids()
print("ready", flush=True)
step = seed * 1000
while True:
    step += 1
    names = [f"p{i}" for i in rng.sample(range(12), 3)]
    kind = rng.choices(["upsert", "delete", "optimize", "rebuild"], [8, 4, 2, 1])[0]
    print("begin", step, kind, *names, flush=True)
    if kind == "upsert":
        store.upsert([entry(n, unit_vectors(1 + step % 3, step), title=str(step)) for n in names])
    elif kind == "delete":
        store.delete(names)
    elif kind == "optimize":
        store.optimize()
    else:
        rebuilt = store.begin_rebuild(META)
        rebuilt.delete(list(rebuilt.ids()))
        rebuilt.upsert([entry(n, unit_vectors(1 + step % 3, step), title=str(step)) for n in names])
        store.commit_rebuild()
    print("done", step, flush=True)
"""


def _apply(state: dict[str, int], kind: str, step: int, names: list[str]) -> dict[str, int]:
    """The titles (steps) of the products after a step."""
    if kind == "upsert":
        return {**state, **dict.fromkeys(names, step)}
    if kind == "delete":
        return {name: value for name, value in state.items() if name not in names}
    return dict.fromkeys(names, step) if kind == "rebuild" else state


def _run(url: str, seed: int, steps: int, pause: float) -> list[list[str]]:
    """Let a writer do some steps, kill it in a further one, and return what it said."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, url, str(seed)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
        start_new_session=True,
    )
    assert writer.stdout is not None
    lines = [writer.stdout.readline()]
    assert lines == ["ready\n"]
    while sum(line.startswith("done") for line in lines) < steps:
        lines.append(writer.stdout.readline())
        assert lines[-1], "the writer ended by itself"
    time.sleep(pause)
    os.kill(writer.pid, signal.SIGKILL)
    lines += writer.stdout.readlines()
    writer.wait()
    writer.stdout.close()
    return [line.split() for line in lines[1:] if line.endswith("\n")]


@pytest.mark.slow
def test_killed_at_any_moment(tmp_path: Path) -> None:
    from streetshop.catalog.open import create_catalog
    from tests.catalog.conformance import META

    url = str(tmp_path / "shop.catalog")
    create_catalog(url, META).close()
    rng = random.Random(5)
    state: dict[str, int] = {}
    steps = 0
    for seed in range(1, ROUNDS + 1):
        said = _run(url, seed, rng.randint(1, 8), rng.uniform(0, 0.2))
        pending = dict(state)
        for words in said:
            if words[0] == "begin":
                pending = _apply(state, words[2], int(words[1]), words[3:])
            else:
                state, steps = pending, steps + 1
        store = open_catalog(url, write=True)
        names = list(store.ids())
        found = {p.id: int(p.title) for p in store.get(names) if p is not None}
        assert found in (state, pending), f"round {seed}, after {said[-2:]}"
        for name, step in found.items():
            np.testing.assert_array_equal(store.vectors(name), unit_vectors(1 + step % 3, step))
            expected = entry(name, unit_vectors(1 + step % 3, step), title=str(step))
            assert store.entries([name])[name].thumbnails == expected.thumbnails
        assert store.count() == len(found)
        hits = store.search(unit_vectors(1, 1)[0], 100)
        assert {hit.product_id for hit in hits} == set(found)
        assert len(hits) == sum(1 + step % 3 for step in found.values()) == store.info().shots
        assert store.verify() == []
        state = found
        store.close()
    assert steps >= ROUNDS
