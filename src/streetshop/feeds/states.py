"""Products that a feed has and that are not for sale: drafts, archived and hidden ones."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row of a product that is not for sale.

    Attributes:
        row: number of the row in its feed (see ``read.FeedRow``).
        id: of the product; empty if it cannot be read.
        reason: ``draft``, ``archived`` or ``hidden``.
    """

    row: int
    id: str
    reason: str
