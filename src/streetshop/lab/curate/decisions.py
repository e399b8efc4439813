"""What people decided, in a small file that can also be written by hand.

    # streetshop decisions: clusters of 5f3c0a9be1d24c77
    id,verdict
    c-004,keep
    c-011,drop

The first line says which set of things the decisions are about: a file about other clusters, or about the pictures of
another data set, is refused and left as it is.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from streetshop.core.errors import CurateError

VERDICTS: Final[Mapping[str, tuple[str, str]]] = {
    "clusters": ("keep", "drop"),
    "pictures": ("clean", "noise"),
    "pairs": ("right", "wrong"),
}
"""What is decided about: the verdict of key k, then of key d."""

_HEAD: Final = re.compile(r"# streetshop decisions: (\w+) of (\S+)")


@dataclass
class Decisions:
    """Verdicts by id, kept in a file that is rewritten in one step at every change.

    Attributes:
        path: the file; it need not exist.
        kind: a key of :data:`VERDICTS`.
        about: fingerprint of what is decided about.
        verdicts: by id, in the order they were taken.
    """

    path: Path
    kind: str
    about: str
    verdicts: dict[str, str] = field(default_factory=dict)
    _history: list[tuple[str, str | None]] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path, kind: str, about: str, ids: Collection[str] | None = None) -> Decisions:
        """From ``path``; none yet when there is no file.

        Args:
            ids: all that can be decided about; another id is an error.

        Raises:
            CurateError: the file is about something else, or a line of it is malformed; the file is not touched.
        """
        if not path.exists():
            return cls(path, kind, about)
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise CurateError(f"cannot be read ({error})", where=str(path), hint="Save it as UTF-8 text") from None
        head = _HEAD.match(lines[0]) if lines else None
        if head is None:
            raise CurateError(
                "does not begin like a decisions file",
                where=f"{path} line 1",
                hint=f"Begin it with: # streetshop decisions: {kind} of {about}",
            )
        if head.groups() != (kind, about):
            raise CurateError(
                f"holds decisions about {head[1]} of {head[2]}, not about {kind} of {about}",
                where=str(path),
                hint="It belongs to another data set or clustering: move it away, nothing in it was changed",
            )
        return cls(path, kind, about, _verdicts(lines, path, kind, ids))

    def decide(self, id: str, verdict: str) -> None:
        """Take a decision and write it down."""
        if verdict not in VERDICTS[self.kind]:
            raise CurateError(f"verdict {verdict!r}", where=id, hint=f"Use {' or '.join(VERDICTS[self.kind])}")
        self._history.append((id, self.verdicts.pop(id, None)))
        self.verdicts[id] = verdict
        self.write()

    def undo(self) -> str | None:
        """Take back the last decision of this session; returns its id, None when there is none."""
        if not self._history:
            return None
        id, before = self._history.pop()
        self.verdicts.pop(id, None)
        if before is not None:
            self.verdicts[id] = before
        self.write()
        return id

    def write(self) -> None:
        """All of it or nothing."""
        partial = self.path.with_name(self.path.name + ".part")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("w", encoding="utf-8", newline="") as file:
            file.write(f"# streetshop decisions: {self.kind} of {self.about}\n")
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("id", "verdict"))
            writer.writerows(self.verdicts.items())
        partial.replace(self.path)


def _verdicts(lines: list[str], path: Path, kind: str, ids: Collection[str] | None) -> dict[str, str]:
    verdicts: dict[str, str] = {}
    for number, values in enumerate(csv.reader(lines[1:]), 2):
        values = [value.strip() for value in values]
        if not any(values) or values[0].startswith("#") or values[:2] == ["id", "verdict"]:
            continue
        where = f"{path} line {number}"
        if len(values) < 2 or any(values[2:]):
            raise CurateError(f"{','.join(values)!r} is no decision", where=where, hint="Write ID,VERDICT")
        id, verdict = values[:2]
        if verdict not in VERDICTS[kind]:
            raise CurateError(f"verdict {verdict!r}", where=where, hint=f"Use {' or '.join(VERDICTS[kind])}")
        if ids is not None and id not in ids:
            raise CurateError(f"there is no {id!r} among the {kind}", where=where, hint="Correct the id")
        if verdicts.get(id, verdict) != verdict:
            raise CurateError(f"{id!r} is decided twice, differently", where=where, hint="Leave one of the two lines")
        verdicts[id] = verdict
    return verdicts
