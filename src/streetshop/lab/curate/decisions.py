"""Verdicts by hand, in a small CSV file that can also be written in an editor.

    # streetshop decisions: clusters of 5f3c0a9be1d24c77
    id,verdict
    c-004,keep
    c-011,drop

The first line names what the decisions are about. A file about other clusters, or about the pictures of another data
set, is refused and left unchanged.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from streetshop.core.errors import CurateError
from streetshop.core.files import atomic_file

VERDICTS: Final[Mapping[str, tuple[str, str]]] = {
    "clusters": ("keep", "drop"),
    "pictures": ("clean", "noise"),
    "pairs": ("right", "wrong"),
}
"""Verdicts by kind of decision: that of key k, then that of key d."""

_HEAD: Final = re.compile(r"# streetshop decisions: (\w+) of (\S+)")


@dataclass
class Decisions:
    """Verdicts by id in a file that is rewritten at every change.

    Attributes:
        path: the file; it need not exist.
        kind: a key of :data:`VERDICTS`.
        about: fingerprint of the clusters or the manifest.
        verdicts: by id, in the order of the decisions.
    """

    path: Path
    kind: str
    about: str
    verdicts: dict[str, str] = field(default_factory=dict)
    _history: list[tuple[str, str | None]] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path, kind: str, about: str, ids: Collection[str] | None = None) -> Decisions:
        """Read a file; there are no decisions when it does not exist.

        Args:
            path: the file.
            kind: a key of :data:`VERDICTS`.
            about: fingerprint of the clusters or the manifest.
            ids: valid ids; another one is an error. None allows any.

        Raises:
            CurateError: the file is about something else, or a line is malformed.
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
        """Set a verdict and write the file. Raises :class:`CurateError` for an unknown verdict."""
        if verdict not in VERDICTS[self.kind]:
            raise CurateError(f"verdict {verdict!r}", where=id, hint=f"Use {' or '.join(VERDICTS[self.kind])}")
        self._history.append((id, self.verdicts.pop(id, None)))
        self.verdicts[id] = verdict
        self.write()

    def undo(self) -> str | None:
        """Undo the last decision of this session; returns its id, None when there is none."""
        if not self._history:
            return None
        id, before = self._history.pop()
        self.verdicts.pop(id, None)
        if before is not None:
            self.verdicts[id] = before
        self.write()
        return id

    def write(self) -> None:
        """Write the file in one step."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(self.path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
            file.write(f"# streetshop decisions: {self.kind} of {self.about}\n")
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("id", "verdict"))
            writer.writerows(self.verdicts.items())


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
