"""What must hold of a catalog after a kill or a failing disk."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from streetshop.catalog.open import open_catalog
from streetshop.catalog.store import Store
from streetshop.core.errors import CatalogMissing, StreetshopError
from tests.chaos.shop import Picture, State

CLOSE: Final = 1e-4
"""How far a stored vector may be from that of its picture alone: batches round differently."""
LEFT_OVER: Final = re.compile(r"^\.(tmp|.*\.part$)|\.part$|^\.base-|\.manifest#")
"""Names of files and folders that an interrupted write leaves: of streetshop, and of LanceDB."""


@dataclass(frozen=True)
class Allowed:
    """The states that a catalog may be in.

    Attributes:
        before: what was acknowledged; empty if there was no catalog.
        after: what it would be when the operation ends.
        whole: the catalog is in one of the two states; otherwise each product is.
        written: number of products that are acknowledged to be as after.
    """

    before: State
    after: State
    whole: bool = False
    written: int = 0

    def lost(self, found: State) -> list[str]:
        """What is neither as before nor as after."""
        if self.whole:
            return [] if found in (self.before, self.after) else ["a state between before and after"]
        ids = {*found, *self.before, *self.after}
        wrong = [i for i in sorted(ids) if found.get(i) not in (self.before.get(i), self.after.get(i))]
        new = sum(found.get(i) == self.after.get(i) for i in self.after)
        lost = [f"{i} is {found.get(i)}, was {self.before.get(i)}, to be {self.after.get(i)}" for i in wrong]
        return lost if new >= self.written else [*lost, f"{self.written} were acknowledged, {new} are there"]


@dataclass
class Found:
    """What a check found; all lists are empty when all is well.

    Attributes:
        state: of the catalog; None if it does not open.
        lost: acknowledged writes that are not there, and products in a state that they never were in.
        unclean: the catalog does not open, its parts disagree, or ``verify`` finds something.
    """

    state: State | None = None
    lost: list[str] = field(default_factory=list)
    unclean: list[str] = field(default_factory=list)


def check(url: str, allowed: Allowed, pictures: Mapping[str, Mapping[str, Picture]]) -> Found:
    """Open the catalog as a new process would, and compare all of it."""
    found = Found()
    try:
        with closing(open_catalog(url)) as store:
            found.state = _state(store, pictures, found.unclean)
            found.unclean += [finding.what for finding in store.verify()]
    except CatalogMissing:
        found.state = {}
    except StreetshopError as error:
        found.unclean.append(f"{type(error).__name__}: {error}")
    if found.state is not None:
        found.lost += allowed.lost(found.state)
    return found


def _state(store: Store, pictures: Mapping[str, Mapping[str, Picture]], unclean: list[str]) -> State:
    """The state of a catalog; what does not fit together is added to ``unclean``."""
    ids = list(store.ids())
    entries, known = store.entries(ids), pictures[store.meta.fingerprint]
    if sorted(entries) != ids or store.count() != len(ids) or any(product is None for product in store.get(ids)):
        unclean.append("ids, entries, products and their number differ")
    for name, entry in entries.items():
        for shot, vector, thumbnail in zip(entry.product.shots, entry.vectors, entry.thumbnails, strict=True):
            right, small = known[shot.sha256]
            if not np.allclose(vector, right, atol=CLOSE) or thumbnail != small:
                unclean.append(f"{name}: the vector or thumbnail is not of its picture")
    if ids:
        shots = {(name, i) for name, entry in entries.items() for i in range(len(entry.vectors))}
        hits = store.search(entries[ids[0]].vectors[0], len(shots) + 10)
        if {(hit.product_id, hit.shot) for hit in hits} != shots or len(hits) != len(shots):
            unclean.append("the search finds other products than there are")
    return {i: (e.product.title, tuple(shot.sha256 for shot in e.product.shots)) for i, e in entries.items()}


def left_over(folder: Path) -> list[str]:
    """Partial files and folders below ``folder``."""
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if LEFT_OVER.search(p.name))
