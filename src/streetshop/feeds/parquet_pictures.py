"""Pictures inside Parquet files, as Hugging Face writes them: bytes, or structures of ``bytes`` and ``path``."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, quote, unquote, urlencode

from streetshop.core.errors import PhotoMissing, RowRefused
from streetshop.core.pictures.formats import sniff_format

SCHEME: Final = "parquet:"
"""Sources of pictures inside a Parquet file begin so: ``parquet:shop.parquet?column=image&row=12``."""

PICTURE_ROWS: Final = 16
"""Rows of pictures that are unpacked at one time."""
_HELD: Final = 128 * 2**20
"""Bytes of pictures that are held for rows that are read out of order."""
_LOOKED_AT: Final = 64


@dataclass(frozen=True, slots=True)
class PictureColumn:
    """A column of a Parquet file that holds pictures.

    Attributes:
        name: of the column.
        data: path of the leaf with the bytes.
        beside: path of another leaf of the same structure, which says where there are pictures; empty if there is none.
        listed: whether a row has a list of them.
    """

    name: str
    data: str
    beside: str
    listed: bool

    def sources(self, file: str, row: int, value: object) -> object:
        """The sources of a row's pictures.

        Args:
            file: its name.
            row: number of the row, from 1.
            value: what the other leaf has.
        """
        if self.beside and value is None:
            return None
        name = f"{SCHEME}{quote(file)}?"
        if not self.listed:
            return name + urlencode({"column": self.name, "row": row})
        items = range(len(value)) if isinstance(value, list) else range(0)
        return [name + urlencode({"column": self.name, "row": row, "item": item}) for item in items]


def picture_columns(file: Any) -> list[PictureColumn]:
    """The columns of an open Parquet file that hold pictures: by their structure, or by the first bytes in them."""
    import pyarrow as pa

    paths = [file.metadata.schema.column(index).path for index in range(file.metadata.num_columns)]
    found = []
    for column in file.schema_arrow:
        leaves = [path for path in paths if path == column.name or path.startswith(f"{column.name}.")]
        listed = pa.types.is_list(column.type) or pa.types.is_large_list(column.type)
        inner = column.type.value_type if listed else column.type
        if pa.types.is_struct(inner):
            data = next((leaf for leaf in leaves if leaf.endswith(".bytes")), "")
            beside = next((leaf for leaf in leaves if leaf.endswith(".path")), "")
            position = inner.get_field_index("bytes")
            if data and position >= 0 and _is_binary(inner.field(position).type) and (beside or not listed):
                found.append(PictureColumn(column.name, data, beside, listed))
        elif _is_binary(inner) and not listed and _looks_like_pictures(file, column.name):
            found.append(PictureColumn(column.name, column.name, "", listed))
    return found


def _is_binary(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _looks_like_pictures(file: Any, column: str) -> bool:
    batches = file.iter_batches(PICTURE_ROWS, columns=[column])
    for batch, _ in zip(batches, range(_LOOKED_AT), strict=False):
        first = next((value.as_py() for value in batch.column(0) if value.is_valid), None)
        if first is not None:
            return sniff_format(first[:512], more=True) is not None
    return False


@dataclass
class ParquetPictures:
    """Reads the pictures that sources name; thread-safe.

    Rows are unpacked in the order of the file. Threads that read at different places of it at one time share what was
    unpacked lately.

    Attributes:
        root: folder of the files.
    """

    root: Path
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _readers: dict[tuple[str, str], _Reader] = field(default_factory=dict)

    def read(self, source: str) -> bytes | str:
        """The bytes of a picture; if the file has only its path, that.

        Raises:
            RowRefused: the source is malformed.
            PhotoMissing: there is no picture.
        """
        name, _, query = source.removeprefix(SCHEME).partition("?")
        asked = {key: values[-1] for key, values in parse_qs(query).items()}
        name, column = unquote(name), asked.get("column", "")
        try:
            row, item = int(asked["row"]), int(asked["item"]) if "item" in asked else None
        except (KeyError, ValueError):
            row, item = 0, None
        if not name or "/" in name or name.startswith(".") or not column or row < 1:
            raise RowRefused(f"{source[:200]!r} names no picture", hint="Index the Parquet file again")
        with self._lock:
            try:
                reader = self._readers.get((name, column))
                if reader is None:
                    reader = self._readers[name, column] = _Reader(self.root / name, column)
                value = reader.value(row - 1)
            except Exception as error:  # Arrow raises many kinds for a file that has changed
                raise PhotoMissing(
                    f"cannot be read ({str(error)[:200]})", where=source[:200], hint="Index the Parquet file again"
                ) from None
        if item is not None:
            value = value[item] if isinstance(value, list) and item < len(value) else None
        data = value.get("bytes") or value.get("path") if isinstance(value, Mapping) else value
        if not data:
            raise PhotoMissing("there is no picture", where=source[:200], hint="Fill the column of pictures")
        return bytes(data) if isinstance(data, (bytes, bytearray)) else str(data)


class _Reader:
    """The values of a column by the number of the row."""

    def __init__(self, path: Path, column: str) -> None:
        import pyarrow.parquet as pq

        self._file = pq.ParquetFile(path, pre_buffer=False)
        self._column = column
        metadata = self._file.metadata
        self._starts = [0]
        for group in range(metadata.num_row_groups):
            self._starts.append(self._starts[-1] + metadata.row_group(group).num_rows)
        self._batches: Iterator[Any] = iter(())
        self._next = self._end = 0
        self._values: OrderedDict[int, Any] = OrderedDict()
        self._held = 0

    def value(self, row: int) -> Any:
        """The value of a row, from 0. Raises IndexError, and what Arrow raises."""
        while row not in self._values:
            if not self._next <= row < self._end:
                group = next(
                    number for number, start in enumerate(self._starts[:-1]) if start <= row < self._starts[number + 1]
                )
                self._next, self._end = self._starts[group], self._starts[group + 1]
                self._batches = self._file.iter_batches(PICTURE_ROWS, row_groups=[group], columns=[self._column])
            self._hold(next(self._batches).column(0).to_pylist(), row)
        return self._values[row]

    def _hold(self, values: list[Any], wanted: int) -> None:
        for value in values:
            self._values[self._next] = value
            self._held += _size(value)
            self._next += 1
        while self._held > _HELD and len(self._values) > 1:
            oldest = next(number for number in self._values if number != wanted)
            self._held -= _size(self._values.pop(oldest))


def _size(value: Any) -> int:
    if isinstance(value, Mapping):
        return sum(_size(inside) for inside in value.values())
    if isinstance(value, list):
        return sum(_size(inside) for inside in value)
    return len(value) if isinstance(value, (bytes, str)) else 0
