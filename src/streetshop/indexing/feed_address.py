"""A feed at an address: fetched to a file, as safely as pictures are."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from streetshop.core.errors import FeedError, FetchRefused
from streetshop.feeds.spool import Spool
from streetshop.indexing.addresses import AddressPolicy, public_only
from streetshop.indexing.fetch import Fetcher, FetchLimits, Resolver
from streetshop.indexing.manners import FetchHeader

FEED_FETCH = FetchLimits(read_s=60.0, total_s=1800.0, max_bytes=8 * 2**30)
"""Shops make feeds while they send them, which takes minutes."""
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)


def is_address(feed: str) -> bool:
    """Whether a feed is named by an address."""
    return bool(_ADDRESS.match(feed))


def fetch_feed(
    url: str,
    spool: Spool,
    headers: tuple[FetchHeader, ...] = (),
    *,
    limits: FetchLimits = FEED_FETCH,
    policy: AddressPolicy = public_only,
    resolve: Resolver | None = None,
) -> Path:
    """Fetch a feed to a file.

    Args:
        url: its address.
        spool: where the file is kept.
        headers: further headers of the request.
        limits: of the fetch.
        policy: see :class:`Fetcher`.
        resolve: see :class:`Fetcher`.

    Raises:
        FeedError: it may not, or cannot, be fetched.
    """
    name = re.sub(r"[^\w.-]", "_", unquote(PurePosixPath(urlsplit(url).path).name))[-100:].lstrip(".")
    path = spool.file(name or "feed")
    fetcher = Fetcher(limits, policy=policy, resolve=resolve, headers=headers)
    try:
        fetcher.fetch_to(url, path)
    except FetchRefused as error:
        raise FeedError(error.what, where=error.where or url[:200], hint=error.hint) from None
    finally:
        fetcher.close()
    return path
