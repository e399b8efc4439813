"""The files that a version of a LanceDB table consists of, read from its manifest.

LanceDB writes one manifest per version and never changes it (https://lance.org/format/table/). It ends in the position
of a protobuf message, which lists the fragments with their data files and deletion files. The Python package
``lancedb`` has no call that lists them, and ``pylance``, which has one, is a second copy of the engine.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

_Fields: TypeAlias = list[tuple[int, int | bytes]]

_FOOTER: Final = struct.Struct("<QHH4s")
_LENGTH: Final = struct.Struct("<I")
_NEWEST: Final = 2**64 - 1
"""The manifest of version v is named 2^64 - 1 - v, so that the newest is listed first."""

# Numbers of the fields in Lance's table.proto.
_MANIFEST_FRAGMENTS: Final = 2
_MANIFEST_INDEXES: Final = 6
_FRAGMENT_ID, _FRAGMENT_FILES, _FRAGMENT_DELETIONS, _FRAGMENT_ROWS = 1, 2, 3, 4
_FILE_PATH: Final = 1
_DELETIONS_TYPE, _DELETIONS_VERSION, _DELETIONS_ID = 1, 2, 3
_INDEX_UUID, _INDEX_FILES = 1, 10


@dataclass(frozen=True, slots=True)
class Fragment:
    """A part of the table.

    Attributes:
        number: of the fragment; the id of its row ``i`` is ``number * 2**32 + i``.
        rows: number of rows, deleted ones counted.
        data: names of its data files, relative to the table.
        deletions: name of the file that lists deleted rows; empty if there is none.
    """

    number: int
    rows: int
    data: tuple[str, ...]
    deletions: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of a version: its fragments, and the names of the files of its indexes, relative to the table."""

    fragments: tuple[Fragment, ...]
    indexes: tuple[str, ...]

    @property
    def files(self) -> list[str]:
        """Names of all files that the version needs, relative to the table, without its manifest."""
        found = [name for part in self.fragments for name in (*part.data, part.deletions) if name]
        return [*found, *self.indexes]


def manifest_name(version: int) -> str:
    """The name of the manifest of a version, relative to the table."""
    return f"_versions/{_NEWEST - version}.manifest"


def newest_version(table: Path) -> int:
    """The newest version in the folder of a table, by the names of its manifests; 0 if there is none.

    Raises:
        OSError: the folder cannot be read.
    """
    numbers = [path.stem for path in (table / "_versions").iterdir() if path.suffix == ".manifest"]
    return _NEWEST - min((int(name) for name in numbers if name.isdigit()), default=_NEWEST)


def read_manifest(table: Path, version: int) -> Manifest:
    """Read the manifest of a version of the table in a folder.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not a manifest.
    """
    name = manifest_name(version)
    content = (table / name).read_bytes()
    try:
        position, _, _, magic = _FOOTER.unpack(content[-_FOOTER.size :])
        if magic != b"LANC":
            raise ValueError("the end is missing")
        fields = _message(content, position)
        fragments = tuple(_fragment(value) for number, value in fields if number == _MANIFEST_FRAGMENTS)
        sections = [value for number, value in fields if number == _MANIFEST_INDEXES and isinstance(value, int)]
        indexes = tuple(name for at in sections for name in _index_files(table, _message(content, at)))
    except (struct.error, LookupError, TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name} is not a manifest ({error})") from error
    return Manifest(fragments, indexes)


def _fragment(content: int | bytes) -> Fragment:
    fields = _parse(content)
    number, rows = _number(fields, _FRAGMENT_ID), _number(fields, _FRAGMENT_ROWS)
    files = [_parse(value) for key, value in fields if key == _FRAGMENT_FILES]
    data = tuple(f"data/{_text(_one(file, _FILE_PATH))}" for file in files)
    deletions = ""
    for key, value in fields:
        if key == _FRAGMENT_DELETIONS:
            parts = _parse(value)
            suffix = "bin" if _number(parts, _DELETIONS_TYPE) else "arrow"
            version, name = _number(parts, _DELETIONS_VERSION), _number(parts, _DELETIONS_ID)
            deletions = f"_deletions/{number}-{version}-{name}.{suffix}"
    return Fragment(number, rows, data, deletions)


def _index_files(table: Path, section: _Fields) -> Iterator[str]:
    for _, content in section:
        index = _parse(content)
        folder = f"_indices/{uuid.UUID(bytes=_bytes(_one(_parse(_one(index, _INDEX_UUID)), 1)))}"
        listed = [_text(_one(_parse(value), _FILE_PATH)) for key, value in index if key == _INDEX_FILES]
        for name in listed or sorted(path.name for path in (table / folder).glob("*")):
            yield f"{folder}/{name}"


# --- the protobuf wire format ---------------------------------------------------------------------------------------


def _message(content: bytes, position: int) -> _Fields:
    """The message at ``position``, which begins with its length."""
    (length,) = _LENGTH.unpack_from(content, position)
    return _parse(content[position + _LENGTH.size :][:length])


def _parse(content: int | bytes) -> _Fields:
    """The fields of a message, (number, value): an integer, or the bytes of a string or of a message in it."""
    data, at = _bytes(content), 0
    fields: _Fields = []
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(data, at)
            fields.append((key >> 3, value))
            continue
        size, at = _varint(data, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
        if at + size > len(data):
            raise ValueError("a field is cut off")
        fields.append((key >> 3, data[at : at + size]))
        at += size
    return fields


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
        if shift > 63:
            raise ValueError("a number is too long")


def _one(fields: _Fields, number: int) -> int | bytes:
    found = next((value for key, value in fields if key == number), None)
    if found is None:
        raise KeyError(f"field {number} is missing")
    return found


def _number(fields: _Fields, number: int) -> int:
    value = next((value for key, value in fields if key == number), 0)
    if not isinstance(value, int):
        raise TypeError("text for a number")
    return value


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise TypeError("a number for a message")
    return value


def _text(value: int | bytes) -> str:
    text = _bytes(value).decode()
    if text.startswith("/") or ".." in text.split("/"):
        raise ValueError("a name leads out of the table")
    return text
