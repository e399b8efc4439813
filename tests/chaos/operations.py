"""The operations that are disturbed, as a program: ``python -m tests.chaos.operations NAME FOLDER``.

``FOLDER`` is what ``shop.Shop`` makes. The program says ``ready``, then ``written N`` for what is acknowledged, then
``done``. A StreetshopError is printed and ends it with exit code 2, as the command line does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from streetshop.catalog.open import open_catalog, restore_snapshot
from streetshop.core.errors import StreetshopError
from streetshop.feeds.read import read_feed
from streetshop.indexing import ingest
from streetshop.indexing.index import IndexOptions, index_feed
from streetshop.looks import WholePhotoReader
from streetshop.models import load_encoder
from tests.chaos.shop import Shop

COMMIT_PRODUCTS: Final = 6
"""Products per commit; the default of 256 would make one of a small shop."""


def _index(shop: Shop, feed: Path, url: str, bundle: Path, rebuild: bool = False) -> None:
    ingest.COMMIT_PRODUCTS = COMMIT_PRODUCTS  # type: ignore[misc]
    index_feed(
        read_feed(feed),
        url,
        load_encoder(bundle, threads=1),
        WholePhotoReader(),
        IndexOptions(delete_missing=True, rebuild=rebuild, threads=1),
        progress=lambda now: print("written", now.written, flush=True),
    )


def create(shop: Shop) -> None:
    """Index a feed into a new catalog."""
    _index(shop, shop.before, shop.new, shop.encoder)


def index(shop: Shop) -> None:
    """Index a changed feed: products added, changed and removed."""
    _index(shop, shop.after, shop.catalog, shop.encoder)


def rebuild(shop: Shop) -> None:
    """Index the changed feed with another encoder."""
    _index(shop, shop.after, shop.catalog, shop.other_encoder, rebuild=True)


def optimize(shop: Shop) -> None:
    """Compact the table and build the segment."""
    with closing(open_catalog(shop.catalog, write=True)) as store:
        store.optimize()


def snapshot(shop: Shop) -> None:
    """Copy the catalog."""
    with closing(open_catalog(shop.catalog)) as store:
        store.snapshot(shop.copy)


def restore(shop: Shop) -> None:
    """Restore a snapshot as a new catalog."""
    restore_snapshot(shop.kept, shop.new).close()


OPERATIONS: Final[dict[str, Callable[[Shop], None]]] = {
    operation.__name__: operation for operation in (create, index, rebuild, optimize, snapshot, restore)
}


def main() -> int:
    """Run one operation."""
    name, folder = sys.argv[1:]
    print("ready", flush=True)
    try:
        OPERATIONS[name](Shop(Path(folder)))
    except StreetshopError as error:
        print(type(error).__name__, error, file=sys.stderr)
        return 2
    print("done", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
