"""The manifest: a table of samples, the common format of all data sets.

Arrow in memory, Parquet on disk. The schema's metadata hold the data set's name, its licence line and the root folder
that image and mask paths are relative to.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from streetshop.core.errors import ManifestError
from streetshop.core.files import atomic_file
from streetshop.lab.data.sample import DOMAINS, ROLES, SPLITS, VIEWS, Sample, check_box, check_relative, label_text

SCHEMA: Final = pa.schema(
    [
        pa.field("image", pa.string(), nullable=False),
        pa.field("product_id", pa.string(), nullable=False),
        pa.field("domain", pa.string(), nullable=False),
        pa.field("category", pa.string(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
        pa.field("role", pa.string(), nullable=False),
        pa.field("box", pa.list_(pa.float32(), 4), nullable=True),
        pa.field("view", pa.string(), nullable=False),
        pa.field("attributes", pa.string(), nullable=False),
        pa.field("group", pa.string(), nullable=False),
        pa.field("mask", pa.string(), nullable=True),
    ]
)
"""The columns of every manifest, in this order."""

VERSION: Final = "1"
_STRINGS: Final = ("image", "product_id", "domain", "category", "split", "role", "view", "attributes", "group")


@dataclass(frozen=True, eq=False)
class Manifest:
    """A checked table of :data:`SCHEMA` with its data set's name, licence line and root folder.

    Build one with :meth:`from_rows` or :meth:`read`; both raise :class:`ManifestError` on anything malformed.
    """

    table: pa.Table
    root: Path
    name: str = ""
    licence: str = ""

    @classmethod
    def from_rows(cls, rows: Iterable[Sample], root: str | Path, *, name: str = "", licence: str = "") -> Manifest:
        """Build from samples, which are checked; ``root`` is made absolute."""
        columns: dict[str, list[Any]] = {name: [] for name in SCHEMA.names}
        for row in rows:
            row.check()
            for column in ("image", "product_id", "domain", "category", "split", "role", "view", "group", "mask"):
                columns[column].append(getattr(row, column))
            columns["box"].append(None if row.box is None else list(row.box))
            columns["attributes"].append(_attributes_text(row))
        return cls(pa.table(columns, schema=SCHEMA), Path(root).resolve(), name, licence)

    @classmethod
    def read(cls, path: str | Path, *, root: str | Path | None = None) -> Manifest:
        """Read a Parquet file; ``root`` replaces the recorded folder when the pictures have moved.

        Raises:
            ManifestError: the file is missing, malformed or no manifest.
        """
        where = str(path)
        try:
            table = pq.read_table(path)
        except FileNotFoundError:
            raise ManifestError(
                "there is no such file", where=where, hint="Make it with `streetshop lab data`"
            ) from None
        except (pa.ArrowInvalid, OSError) as error:
            raise ManifestError(
                f"is no Parquet file ({_first_line(error)})", where=where, hint="Make it with `streetshop lab data`"
            ) from None
        metadata = {k.decode(): v.decode() for k, v in (table.schema.metadata or {}).items()}
        if metadata.get("streetshop.manifest") != VERSION:
            raise ManifestError(
                "is a Parquet file but no manifest of this version",
                where=where,
                hint=f"Expected version {VERSION} in its metadata; make it with `streetshop lab data`",
            )
        if table.schema.names != SCHEMA.names:
            raise ManifestError(
                f"has the columns {', '.join(table.schema.names)}",
                where=where,
                hint=f"A manifest has {', '.join(SCHEMA.names)}",
            )
        try:
            # Nullable first: validate() reports a null with its row.
            table = table.replace_schema_metadata(None).cast(pa.schema([f.with_nullable(True) for f in SCHEMA]))
        except (pa.ArrowInvalid, ValueError, TypeError) as error:
            raise ManifestError(f"has a column of the wrong type ({_first_line(error)})", where=where) from None
        recorded = Path(root) if root is not None else Path(metadata.get("root", "."))
        manifest = cls(table, recorded.resolve(), metadata.get("name", ""), metadata.get("licence", ""))
        manifest.validate(where=where)
        return manifest._with(table.cast(SCHEMA))

    def write(self, path: str | Path) -> None:
        """Write a Parquet file in one step. Raises :class:`ManifestError` when it cannot be written."""
        target = Path(path)
        metadata = {
            "streetshop.manifest": VERSION,
            "root": str(self.root),
            "name": self.name,
            "licence": self.licence,
            "fingerprint": self.fingerprint,
        }
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with atomic_file(target) as partial:
                pq.write_table(self.table.replace_schema_metadata(metadata), partial, compression="zstd")
        except OSError as error:
            raise ManifestError(f"cannot be written ({error.strerror or error})", where=str(path)) from None

    def validate(self, where: str = "manifest") -> None:
        """Check every value; raise :class:`ManifestError` with the first bad row (0-based) of a bad column."""
        for name in _STRINGS:
            if self.table[name].null_count:
                self._refuse(pc.is_null(self.table[name]), where, f"{name} is null", 'Unknown text is ""')
        for name, allowed in (("domain", DOMAINS), ("split", SPLITS), ("role", ROLES), ("view", VIEWS)):
            bad = pc.invert(pc.is_in(self.table[name], pa.array(allowed)))
            if pc.any(bad).as_py():
                self._refuse(bad, where, f"{name} is unknown", f"Use one of {', '.join(map(repr, allowed))}")
        for name, check in (("image", check_relative), ("attributes", _check_object)):
            for value in self.table[name].unique().to_pylist():
                try:
                    check(value)
                except ManifestError as error:
                    self._refuse(pc.equal(self.table[name], value), where, error.what, error.hint)
        for start, boxes in self._boxes():
            bad = ~np.isfinite(boxes).all(axis=1) | (boxes[:, 2] <= boxes[:, 0]) | (boxes[:, 3] <= boxes[:, 1])
            if bad.any():
                row = start[int(np.argmax(bad))]
                check_box(boxes[bad][0].tolist(), f"{where} row {row}")

    def _refuse(self, bad: pa.ChunkedArray, where: str, what: str, hint: str) -> None:
        row = int(pc.index(bad, True).as_py())
        image = self.table["image"][row].as_py()
        raise ManifestError(what, where=f"{where} row {row} ({image})", hint=hint)

    def _boxes(self) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float32]]]:
        """(row numbers, (n, 4) corners) of the rows that have a box, by chunk."""
        offset = 0
        for chunk in self.table["box"].chunks:
            present = np.flatnonzero(np.asarray(chunk.is_valid()))
            corners = np.asarray(chunk.drop_null().flatten().to_numpy(zero_copy_only=False), dtype=np.float32)
            yield offset + present, corners.reshape(-1, 4)
            offset += len(chunk)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __iter__(self) -> Iterator[Sample]:
        for batch in self.table.to_batches(max_chunksize=4096):
            for values in batch.to_pylist():
                yield self._sample(values)

    def row(self, index: int) -> Sample:
        """Row ``index``, 0-based."""
        return self._sample(self.table.slice(index, 1).to_pylist()[0])

    def _sample(self, values: dict[str, Any]) -> Sample:
        box = values["box"]
        values["box"] = None if box is None else tuple(box)
        values["attributes"] = json.loads(values["attributes"])
        return Sample(**values, root=self.root, source=self.name)

    def column(self, name: str) -> NDArray[Any]:
        """A text column as a (rows,) array of ``str`` objects."""
        if name not in _STRINGS:
            raise ManifestError(f"there is no text column {name!r}", hint=f"There are {', '.join(_STRINGS)}")
        return np.asarray(self.table[name].to_pylist(), dtype=object)

    def attribute(self, name: str) -> NDArray[Any]:
        """(rows,) the value of one attribute as text, ``""`` where a row lacks it."""
        values = (json.loads(text).get(name) for text in self.table["attributes"].to_pylist())
        return np.asarray([label_text(value) for value in values], dtype=object)

    def take(self, indices: Sequence[int] | NDArray[np.intp]) -> Manifest:
        """The rows at ``indices``, in that order."""
        return self._with(self.table.take(pa.array(np.asarray(indices, dtype=np.int64))))

    def where(self, keep: Callable[[Sample], bool]) -> Manifest:
        """The rows that ``keep`` accepts."""
        return self.take([i for i, row in enumerate(self) if keep(row)])

    def with_split(self, split: Sequence[str]) -> Manifest:
        """The same rows with another split column."""
        unknown = sorted(set(split) - set(SPLITS))
        if unknown or len(split) != len(self):
            raise ManifestError(
                f"{len(split)} splits {unknown or ''} for {len(self)} rows", hint=f"One of {SPLITS} for each row"
            )
        index = SCHEMA.get_field_index("split")
        return self._with(self.table.set_column(index, SCHEMA.field(index), pa.array(split, pa.string())))

    @cached_property
    def fingerprint(self) -> str:
        """First 16 hex digits of the SHA-256 of all rows, sorted.

        It does not depend on the order of rows, on the root folder or on how the file is compressed.
        """
        digest = hashlib.sha256(VERSION.encode())
        lines = sorted(json.dumps(v, sort_keys=True, ensure_ascii=False) for v in self.table.to_pylist())
        for line in lines:
            digest.update(line.encode("utf-8", "surrogatepass"))
            digest.update(b"\n")
        return digest.hexdigest()[:16]

    def counts(self) -> dict[str, Any]:
        """Rows, pictures, products and categories; rows by domain and by split."""
        return {
            "rows": len(self),
            "pictures": len(set(self.table["image"].to_pylist())),
            "products": len(set(self.table["product_id"].to_pylist()) - {""}),
            "categories": len(set(self.table["category"].to_pylist()) - {""}),
            "groups": len(set(self.table["group"].to_pylist()) - {""}),
            "by_domain": self._tally("domain"),
            "by_split": self._tally("split"),
        }

    def _tally(self, column: str) -> dict[str, int]:
        tally = self.table[column].value_counts().to_pylist()
        return {entry["values"]: entry["counts"] for entry in sorted(tally, key=lambda e: str(e["values"]))}

    def _with(self, table: pa.Table) -> Manifest:
        return Manifest(table, self.root, self.name, self.licence)


def picture_digest(manifest: Manifest) -> str:
    """First 16 hex digits of the SHA-256 of the bytes of all pictures.

    Raises:
        ManifestError: a picture is missing.
    """
    digest = hashlib.sha256()
    for image in sorted(set(manifest.table["image"].to_pylist())):
        try:
            content = (manifest.root / image).read_bytes()
        except OSError as error:
            raise ManifestError(
                f"cannot be read ({error.strerror})", where=image, hint="Check the root folder"
            ) from None
        digest.update(f"{image}\n{hashlib.sha256(content).hexdigest()}\n".encode())
    return digest.hexdigest()[:16]


def _attributes_text(row: Sample) -> str:
    try:
        return json.dumps(dict(row.attributes), sort_keys=True, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ManifestError(f"attributes are no JSON ({error})", where=row.image) from None


def _check_object(text: str) -> None:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ManifestError(f"attributes {text!r} are no JSON object", where="attributes", hint="Write {} for none")


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120]
