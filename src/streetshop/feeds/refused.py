"""The report of refused rows and pictures: one line in a CSV file for each, with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from streetshop.core.tables import CsvFile


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row, or one picture of a row, that cannot be used.

    Attributes:
        row: number of the row in its feed (see ``read.FeedRow``).
        id: of the product, empty if it cannot be read.
        image: the refused picture; empty if the whole row is refused.
        reason: what is wrong and what to do, in one line.
    """

    row: int
    id: str
    image: str
    reason: str


class RefusedFile(CsvFile):
    """A CSV file with the columns row, id, image, reason."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, ("row", "id", "image", "reason"))

    def refuse(self, refusal: Refusal) -> None:
        """Write a refusal."""
        self.add((refusal.row, refusal.id, refusal.image, refusal.reason))
