"""Products and their variants in rows of their own, anywhere in a file: children that name their parent."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from streetshop.core.errors import RowRefused
from streetshop.feeds.presets.sheet import DESIGN, Found, Sheet, filled, shown_pictures
from streetshop.feeds.states import LeftOut
from streetshop.feeds.values import Values

Role: TypeAlias = Literal["parent", "child", "single"]


@dataclass(frozen=True, slots=True)
class Member:
    """What a row is to its family.

    Attributes:
        role: a parent is no product of its own if it has children.
        names: how children may call it.
        parent: how a child calls its parent.
        children: how a parent may call its children, each with its options.
        state: why it is not for sale, see ``states.state_of``.
        options: of a child.
        pictures: its own.
    """

    role: Role
    names: tuple[str, ...] = ()
    parent: str = ""
    children: tuple[tuple[str, dict[str, str]], ...] = ()
    state: str = ""
    options: dict[str, str] | None = None
    pictures: tuple[str, ...] = ()


class Families:
    """Reads families in two passes: parents and what is known of children are kept in a file on disk, then rows follow.

    Children may stand before or after their parent. Memory does not grow with the file.

    Args:
        sheet: the rows.
        member: what a row is.
        id_column: of the ids of rows.
        picture_column: of their pictures.
        inherited: whether a column of the parent fills the empty cell of a child.
        dropped: columns that say nothing of a product.
    """

    def __init__(
        self,
        sheet: Sheet,
        member: Callable[[Values], Member],
        id_column: str,
        picture_column: str,
        inherited: Callable[[str], bool] = lambda column: True,
        dropped: Collection[str] = (),
    ) -> None:
        self._sheet, self._member = sheet, member
        self._id, self._picture, self._inherited = id_column, picture_column, inherited
        self._dropped = frozenset(dropped)
        self._known: sqlite3.Connection | None = None

    def __call__(self) -> Iterator[Found]:
        """The products, in the order of the rows."""
        known = self._known = self._known or self._survey()
        for number, row in self._sheet:
            if isinstance(row, RowRefused):
                yield number, row
                continue
            member = self._member(row)
            if member.role != "parent" and (parent := self._parent(known, member)) is not None:
                yield number, self._kept(self._child(known, number, row, member, *parent))
            elif member.role == "parent" and self._has_children(known, member):
                if member.state:
                    yield number, LeftOut(number, self._text(row, self._id), member.state)
            elif member.state:
                yield number, LeftOut(number, self._text(row, self._id), member.state)
            else:
                values = self._sheet.with_options({**row}, member.options or {})
                if member.parent:
                    values[DESIGN] = member.parent
                yield number, self._kept(values)

    def _kept(self, values: Values | LeftOut) -> Values | LeftOut:
        if isinstance(values, LeftOut) or not self._dropped:
            return values
        return {column: value for column, value in values.items() if column not in self._dropped}

    def _survey(self) -> sqlite3.Connection:
        # In a file of SQLite's own that is gone when the connection is closed.
        known = sqlite3.connect("", check_same_thread=False)
        known.execute("PRAGMA journal_mode = OFF")
        known.execute("PRAGMA synchronous = OFF")
        known.execute("CREATE TABLE parent (name TEXT PRIMARY KEY, row INTEGER) WITHOUT ROWID")
        known.execute("CREATE TABLE row (number INTEGER PRIMARY KEY, id TEXT, state TEXT, content TEXT)")
        known.execute("CREATE TABLE child (name TEXT PRIMARY KEY, parent INTEGER, options TEXT) WITHOUT ROWID")
        known.execute("CREATE TABLE owned (parent TEXT, picture TEXT, PRIMARY KEY (parent, picture)) WITHOUT ROWID")
        known.execute("CREATE TABLE present (name TEXT PRIMARY KEY) WITHOUT ROWID")
        for number, row in self._sheet:
            if isinstance(row, RowRefused):
                continue
            member = self._member(row)
            if member.role == "parent":
                content = json.dumps(row, default=str)
                known.execute(
                    "INSERT OR IGNORE INTO row VALUES (?, ?, ?, ?)",
                    (number, self._text(row, self._id), member.state, content),
                )
                for name in member.names:
                    known.execute("INSERT OR IGNORE INTO parent VALUES (?, ?)", (name, number))
                for child, options in member.children:
                    known.execute("INSERT OR IGNORE INTO child VALUES (?, ?, ?)", (child, number, json.dumps(options)))
                continue
            known.executemany("INSERT OR IGNORE INTO present VALUES (?)", [(name,) for name in member.names])
            if member.parent:
                known.execute("INSERT OR IGNORE INTO present VALUES (?)", (f"\0{member.parent}",))
            owner = member.parent or f"\0{member.names[0] if member.names else ''}"
            known.executemany("INSERT OR IGNORE INTO owned VALUES (?, ?)", [(owner, each) for each in member.pictures])
        return known

    def _parent(self, known: sqlite3.Connection, member: Member) -> tuple[int, dict[str, str]] | None:
        """Number of the parent's row, and the options that it gives the child."""
        if member.parent:
            found = known.execute("SELECT row FROM parent WHERE name = ?", (member.parent,)).fetchone()
            return None if found is None else (int(found[0]), {})
        for name in member.names:
            found = known.execute("SELECT parent, options FROM child WHERE name = ?", (name,)).fetchone()
            if found is not None:
                return int(found[0]), json.loads(found[1])
        return None

    def _has_children(self, known: sqlite3.Connection, member: Member) -> bool:
        names = [f"\0{name}" for name in member.names] + [name for name, _ in member.children]
        return any(known.execute("SELECT 1 FROM present WHERE name = ?", (name,)).fetchone() for name in names)

    def _child(
        self,
        known: sqlite3.Connection,
        number: int,
        row: Values,
        member: Member,
        parent: int,
        options: dict[str, str],
    ) -> Values | LeftOut:
        design, state, content = known.execute(
            "SELECT id, state, content FROM row WHERE number = ?", (parent,)
        ).fetchone()
        if member.state != "hidden" or member.role == "child":  # else it is shown as a variant of its parent alone
            state = member.state or state
        if state:
            return LeftOut(number, self._text(row, self._id), state)
        base = {column: value for column, value in json.loads(content).items() if self._inherited(column)}
        values = self._sheet.with_options(filled(base, row), {**options, **(member.options or {})})
        gallery = self._sheet.pictures(json.loads(content), [self._picture])
        values[self._picture] = shown_pictures(member.pictures, gallery, self._owned(known, parent))
        values[DESIGN] = design
        return values

    def _owned(self, known: sqlite3.Connection, parent: int) -> set[str]:
        """The pictures that children of a parent have for themselves."""
        named = "SELECT picture FROM owned JOIN parent ON owned.parent = parent.name WHERE parent.row = ?"
        listed = "SELECT picture FROM owned JOIN child ON owned.parent = char(0) || child.name WHERE child.parent = ?"
        return {each[0] for query in (named, listed) for each in known.execute(query, (parent,))}

    def _text(self, row: Values, column: str) -> str:
        return str(row.get(column) or "").strip()
