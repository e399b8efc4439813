"""What was understood of a feed: the use of each column, what the products have, what was refused and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from streetshop.core.records import Product, Remark
from streetshop.feeds.read import Feed, FeedRow
from streetshop.feeds.refused import Causes, Refusal, without_values
from streetshop.feeds.states import LeftOut

FIELDS: Final = ("title", "category", "kind", "brand", "price", "currency", "in_stock", "url", "design")
"""Fields whose products are counted."""
_REMARKS: Final = 1000


@dataclass(frozen=True, slots=True)
class ColumnUse:
    """What a column of a feed is used for.

    Attributes:
        column: its name in the feed.
        use: a field, ``picture``, ``attribute NAME``, or several of these.
    """

    column: str
    use: str


def column_uses(feed: Feed) -> list[ColumnUse]:
    """The columns of a feed that are used: fields first, then pictures, then attributes; none of a folder."""
    if feed.columns is None:
        return []
    uses: dict[str, list[str]] = {}
    for name, column in feed.columns.fields.items():
        uses.setdefault(column, []).append(name)
    for column in feed.columns.images:
        uses.setdefault(column, []).append("picture")
    for column, name in feed.columns.attributes.items():
        uses.setdefault(column, []).append(f"attribute {name}")
    return [ColumnUse(column, ", ".join(found)) for column, found in uses.items()]


@dataclass(slots=True)
class RemarkCount:
    """Remarks of one column with the same reason.

    Attributes:
        remark: the first.
        row: of its product.
        count: of the products.
    """

    remark: Remark
    row: int
    count: int = 0


@dataclass(slots=True)
class FeedReport:
    """Counts over a pass.

    Attributes:
        products: rows that became a product, before their pictures were read.
        pictures: that these name.
        filled: products that have a value, by field.
        left_out: rows of products that are not for sale, by reason.
        causes: why rows and pictures are refused.
    """

    products: int = 0
    pictures: int = 0
    filled: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    causes: Causes = field(default_factory=Causes)
    _remarks: dict[tuple[str, str], RemarkCount] = field(default_factory=dict)

    def see(self, row: FeedRow | LeftOut) -> None:
        """Count a row that became a product, or is left out."""
        if isinstance(row, LeftOut):
            self.left_out[row.reason] += 1
            return
        self.products += 1
        self.pictures += len(row.product.shots)
        self.filled.update(_filled(row.product))
        for remark in row.product.remarks:
            key = (remark.column, without_values(remark.reason))
            if key in self._remarks or len(self._remarks) < _REMARKS:
                self._remarks.setdefault(key, RemarkCount(remark, row.number)).count += 1

    def refuse(self, refusal: Refusal) -> None:
        """Count the reason of a refused row or picture."""
        self.causes.add(refusal)

    def remarks(self) -> list[RemarkCount]:
        """What products go without, the commonest first; at most a thousand different ones are told apart."""
        return sorted(self._remarks.values(), key=lambda each: -each.count)


def _filled(product: Product) -> Iterator[str]:
    for name in FIELDS:
        if getattr(product, name) not in ("", None):
            yield name
