"""Several files as one feed, as shop systems split long exports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from streetshop.core.errors import FeedError, RowRefused
from streetshop.feeds.formats import Records, open_records
from streetshop.feeds.values import Values


@dataclass(frozen=True)
class SeveralRecords:
    """The rows of several files, one after the other. Row numbers are those of each file.

    Attributes:
        parts: name and reader of each file.
    """

    parts: Sequence[tuple[str, Records]]

    @property
    def kind(self) -> str:
        """That of the files; ``CSV and JSON lines`` if they differ."""
        return " and ".join(dict.fromkeys(records.kind for _, records in self.parts))

    @property
    def typed(self) -> bool:
        """Whether all files have types."""
        return all(records.typed for _, records in self.parts)

    def header(self) -> list[str] | None:
        """The columns of all files."""
        names: Counter[str] = Counter()
        for _, records in self.parts:
            header = records.header()
            if header is None:
                return None
            names |= Counter(header)
        return list(names.elements())

    def count(self) -> int | None:
        """Number of rows, None if one file does not say it."""
        counts = [records.count() for _, records in self.parts]
        return None if None in counts else sum(count for count in counts if count)

    def __iter__(self) -> Iterator[tuple[int, Values | RowRefused]]:
        for name, records in self.parts:
            for number, row in records:
                if isinstance(row, RowRefused):
                    row = RowRefused(row.what, where=name, hint=row.hint)
                yield number, row


def open_several(paths: Sequence[Path], encoding: str | None = None) -> Records:
    """The reader of one file, or of several in one folder.

    Raises:
        FeedError: they lie in different folders, are folders, or one cannot be read; see ``open_records``.
    """
    if len(paths) == 1:
        return open_records(paths[0], encoding)
    if len({path.resolve().parent for path in paths}) > 1:
        raise FeedError(
            "the files lie in different folders",
            where=", ".join(map(str, paths))[:500],
            hint="Put them into one: the paths of pictures are relative to it",
        )
    if len({path.resolve() for path in paths}) < len(paths):
        raise FeedError("a file is named twice", where=", ".join(map(str, paths))[:500], hint="Name it once")
    return SeveralRecords([(path.name, open_records(path, encoding)) for path in paths])
