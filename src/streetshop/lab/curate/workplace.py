"""The folder of one curation: its manifest, what every step left there, and which rows are still in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from streetshop.core.errors import CurateError
from streetshop.lab.data.manifest import Manifest

STEPS: Final = ("features", "clusters", "noise", "duplicates", "pairs", "split")
"""In this order; each sees only the rows that those before it left in."""

_MARKER: Final = "curation.json"
_MANIFEST: Final = "manifest.parquet"
_DROPS: Final = pa.schema([("row", pa.int64()), ("reason", pa.string())])


@dataclass(frozen=True, eq=False)
class Curation:
    """One manifest under curation.

    Attributes:
        folder: holds ``manifest.parquet`` (a copy), ``steps/`` (what each step counted), ``drops/`` (rows and reasons),
            ``decisions/`` (what people decided) and the steps' own files.
        fingerprint: of the manifest.
    """

    folder: Path
    fingerprint: str

    @classmethod
    def create(cls, folder: Path, manifest: Manifest) -> Curation:
        """Begin in ``folder``, or go on with what was begun there. Raises :class:`CurateError` for another manifest."""
        if not len(manifest):
            raise CurateError("the manifest has no rows", where=manifest.name or "manifest", hint="Give another one")
        marker = folder / _MARKER
        if marker.exists():
            curation = cls.open(folder)
            if curation.fingerprint != manifest.fingerprint:
                raise CurateError(
                    f"holds the curation of another manifest ({curation.fingerprint}, not {manifest.fingerprint})",
                    where=str(folder),
                    hint="Choose another folder; --cache lets it share the features",
                )
            return curation
        # A manifest and no marker: broken off between the two.
        ours = {_MANIFEST, f"{_MANIFEST}.part"}
        if folder.exists() and (not folder.is_dir() or {path.name for path in folder.iterdir()} - ours):
            raise CurateError("holds something else", where=str(folder), hint="Choose an empty or new folder")
        folder.mkdir(parents=True, exist_ok=True)
        manifest.write(folder / _MANIFEST)
        write_json(marker, {"version": 1, "fingerprint": manifest.fingerprint, "rows": len(manifest)})
        return cls(folder, manifest.fingerprint)

    @classmethod
    def open(cls, folder: Path) -> Curation:
        """The curation begun in ``folder``. Raises :class:`CurateError` when there is none."""
        found = read_json(folder / _MARKER, "Begin with `streetshop lab curate features FOLDER --data MANIFEST`")
        if found.get("version") != 1 or not isinstance(found.get("fingerprint"), str):
            raise CurateError("is no curation of this version", where=str(folder / _MARKER))
        return cls(folder, found["fingerprint"])

    @cached_property
    def manifest(self) -> Manifest:
        """All rows, as they came."""
        return Manifest.read(self.folder / _MANIFEST)

    def file(self, name: str) -> Path:
        """A file of the folder; its parent is made."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def done(self, step: str) -> bool:
        """Whether ``step`` has finished (and no earlier one was run again since)."""
        return (self.folder / "steps" / f"{step}.json").is_file()

    def require(self, step: str) -> dict[str, Any]:
        """What ``step`` counted. Raises :class:`CurateError` when it was not run yet."""
        if not self.done(step):
            raise CurateError(
                f"the step {step} has not been run", where=str(self.folder), hint=f"streetshop lab curate {step} FOLDER"
            )
        return self.summary(step)

    def summary(self, step: str) -> dict[str, Any]:
        """What ``step`` counted; empty when it was not run."""
        path = self.folder / "steps" / f"{step}.json"
        return read_json(path, f"Run the step {step} again") if path.exists() else {}

    def finish(self, step: str, summary: Mapping[str, Any], drops: Mapping[int, str]) -> list[str]:
        """Keep what a step found; what later steps had found from other rows is dropped. Returns those steps' names.

        Args:
            drops: reason by row.
        """
        later = [name for name in STEPS[STEPS.index(step) + 1 :] if self.done(name)]
        for name in [step, *later]:
            (self.folder / "steps" / f"{name}.json").unlink(missing_ok=True)
            (self.folder / "drops" / f"{name}.parquet").unlink(missing_ok=True)
        rows = sorted(drops)
        table = pa.table([pa.array(rows, pa.int64()), pa.array([drops[r] for r in rows], pa.string())], schema=_DROPS)
        target = self.file(f"drops/{step}.parquet")
        partial = target.with_name(target.name + ".part")
        pq.write_table(table, partial)
        partial.replace(target)
        # Last: a step whose summary is there is finished.
        write_json(self.file(f"steps/{step}.json"), {**summary, "dropped": len(rows)})
        return later

    def drops(self, step: str) -> dict[int, str]:
        """Reason by row that ``step`` dropped."""
        path = self.folder / "drops" / f"{step}.parquet"
        if not path.exists():
            return {}
        table = pq.read_table(path)
        return dict(zip(table["row"].to_pylist(), table["reason"].to_pylist(), strict=True))

    def remaining(self, before: str | None = None) -> NDArray[np.bool_]:
        """(rows,) which rows the steps before ``before`` (None: all steps) left in."""
        left = np.ones(len(self.manifest), dtype=np.bool_)
        for step in STEPS if before is None else STEPS[: STEPS.index(before)]:
            left[list(self.drops(step))] = False
        return left


def spare_last(
    products: NDArray[np.object_], left: NDArray[np.bool_], drop: NDArray[np.bool_], badness: NDArray[np.floating[Any]]
) -> NDArray[np.intp]:
    """Rows of ``drop`` that would take the last picture from a product: for each such product its least bad row.

    Args:
        products: (rows,) product ids, ``""`` where unknown; those rows are never spared.
        left: (rows,) rows in before this drop.
        drop: (rows,) rows about to be dropped.
        badness: (rows,) the smaller, the rather spared.
    """
    survivors = set(products[left & ~drop].tolist())
    spared: dict[str, int] = {}
    for row in np.flatnonzero(left & drop).tolist():
        product = products[row]
        if product and product not in survivors:
            best = spared.get(product)
            if best is None or badness[row] < badness[best]:
                spared[product] = row
    return np.array(sorted(spared.values()), dtype=np.intp)


def write_json(path: Path, value: Any) -> None:
    """All of it or nothing."""
    partial = path.with_name(path.name + ".part")
    partial.write_text(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    partial.replace(path)


def read_json(path: Path, hint: str) -> dict[str, Any]:
    """A JSON object. Raises :class:`CurateError` with ``hint`` when it is missing or damaged."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CurateError("there is no such file", where=str(path), hint=hint) from None
    except (OSError, ValueError) as error:
        raise CurateError(f"cannot be read ({error})", where=str(path), hint=hint) from None
    if not isinstance(value, dict):
        raise CurateError("is no JSON object", where=str(path), hint=hint)
    return value


def rounded(values: Sequence[float], digits: int = 4) -> list[float]:
    """Numbers short enough to read in a file."""
    return [round(float(v), digits) for v in values]
