"""Where the kinds of a catalog's products come from."""

from __future__ import annotations

from typing import Final, get_args

from streetshop.catalog.store import Store
from streetshop.core.records import KindSource

UNKNOWN: Final = "unknown"
"""Products without a kind."""


def kind_sources(store: Store) -> dict[str, int]:
    """The number of products whose kind each source gave, and of those whose kind is unknown."""
    found = dict(store.values("kind_source"))
    counts = {source: found.get(source, 0) for source in get_args(KindSource) if source}
    return counts | {UNKNOWN: max(0, store.count() - sum(counts.values()))}
