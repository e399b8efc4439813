"""Follow a shop while the server runs: read the products that its webhooks named."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Protocol

from streetshop.core.errors import StreetshopError
from streetshop.feeds.read import Feed
from streetshop.feeds.refused import Refusal
from streetshop.indexing.ingest import IngestReport, ingest
from streetshop.indexing.pictures import Pictures
from streetshop.indexing.shots import Decode, ShotReader
from streetshop.indexing.sync import ShopSync, SyncReport
from streetshop.search import Searcher
from streetshop.web.webhooks import ShopHooks

LOOK_SECONDS: Final = 1.0
"""Between two looks for products that are due; those that come in between are read together."""
_LONGEST_PAUSE: Final = 300.0
_log = logging.getLogger("streetshop.web")


class Served(Protocol):
    """The catalog of a server, see ``state.Catalog``."""

    def searcher(self) -> Searcher:
        """The searcher of the catalog."""

    def forget_facts(self) -> None:
        """Forget its figures."""


async def follow(hooks: ShopHooks, catalog: Served, decode: Decode) -> None:
    """Read the products that are due until cancelled. What fails is tried again, ever more rarely."""
    pause = LOOK_SECONDS
    while True:
        await asyncio.sleep(pause)
        try:
            if not await asyncio.to_thread(hooks.state.due):
                pause = LOOK_SECONDS
                continue
            report = await asyncio.to_thread(read_due, hooks, catalog, decode)
            _log.info(
                "%s: %d products read, %d entries added, %d updated, %d deleted, %d refused",
                *(hooks.shop.name, report.read, report.added, report.updated, report.deleted, report.refused),
            )
            catalog.forget_facts()
            # What was refused is due again, and most likely will be refused again: the next sync reads it.
            pause = min(pause * 2, _LONGEST_PAUSE) if report.again else LOOK_SECONDS
        except StreetshopError as error:
            _log.warning("%s: webhooks wait: %s", hooks.shop.name, error)
            pause = min(pause * 2, _LONGEST_PAUSE)
        except Exception:  # the next attempt may succeed
            _log.exception("%s: webhooks wait", hooks.shop.name)
            pause = min(pause * 2, _LONGEST_PAUSE)


def read_due(hooks: ShopHooks, catalog: Served, decode: Decode) -> SyncReport:
    """Read the products that are due. Raises SyncError, CatalogError, NotReady."""
    searcher = catalog.searcher()
    shots = ShotReader(searcher.encoder, searcher.reader, decode=decode)

    def index(feed: Feed, refuse: Callable[[Refusal], None]) -> IngestReport:
        pictures = Pictures(feed.root, fetcher=hooks.fetcher)
        return ingest(
            feed,
            searcher.store,
            shots,
            pictures,
            refuse=refuse,
            stop=hooks.stop,
            same_addresses=True,
            threads=1,
        )

    return ShopSync(hooks.shop, searcher.store, hooks.state, index, stop=hooks.stop).run_due()
