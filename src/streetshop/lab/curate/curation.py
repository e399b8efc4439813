"""The folder of one curation: its manifest, the results of each step, and the rows that remain."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from streetshop.core.errors import CurateError
from streetshop.core.files import atomic_file, write_json
from streetshop.lab.data.manifest import Manifest

STEPS: Final = ("features", "clusters", "noise", "duplicates", "pairs", "split")
"""In this order; each step sees only the rows that the steps before it kept."""

_MARKER: Final = "curation.json"
_MANIFEST: Final = "manifest.parquet"
_DROPS: Final = pa.schema([("row", pa.int64()), ("reason", pa.string())])


@dataclass(frozen=True, eq=False)
class Curation:
    """One manifest under curation.

    Attributes:
        folder: holds ``manifest.parquet`` (a copy), ``steps/`` (summaries), ``drops/`` (rows and reasons),
            ``decisions/`` (verdicts by hand) and the steps' own files.
        fingerprint: of the manifest.
    """

    folder: Path
    fingerprint: str

    @classmethod
    def create(cls, folder: Path, manifest: Manifest) -> Curation:
        """Start a curation in ``folder``, or open the one of the same manifest there.

        Raises:
            CurateError: the folder holds another curation or something else.
        """
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
        # A manifest without a marker: an interrupted start.
        if folder.exists() and (
            not folder.is_dir() or {path.name for path in folder.iterdir() if path.suffix != ".part"} - {_MANIFEST}
        ):
            raise CurateError("holds something else", where=str(folder), hint="Choose an empty or new folder")
        folder.mkdir(parents=True, exist_ok=True)
        manifest.write(folder / _MANIFEST)
        write_json(marker, {"version": 1, "fingerprint": manifest.fingerprint, "rows": len(manifest)})
        return cls(folder, manifest.fingerprint)

    @classmethod
    def open(cls, folder: Path) -> Curation:
        """Open the curation in ``folder``. Raises :class:`CurateError` when there is none."""
        found = read_json(folder / _MARKER, "Begin with `streetshop lab curate features FOLDER --data MANIFEST`")
        if found.get("version") != 1 or not isinstance(found.get("fingerprint"), str):
            raise CurateError("is no curation of this version", where=str(folder / _MARKER))
        return cls(folder, found["fingerprint"])

    @cached_property
    def manifest(self) -> Manifest:
        """All rows of the manifest."""
        return Manifest.read(self.folder / _MANIFEST)

    def file(self, name: str) -> Path:
        """Path of a file of the folder; its parent folder is made."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def done(self, step: str) -> bool:
        """Whether ``step`` has finished since any earlier step last ran."""
        return (self.folder / "steps" / f"{step}.json").is_file()

    def require(self, step: str) -> dict[str, Any]:
        """Summary of ``step``. Raises :class:`CurateError` when it was not run."""
        if not self.done(step):
            raise CurateError(
                f"the step {step} has not been run", where=str(self.folder), hint=f"streetshop lab curate {step} FOLDER"
            )
        return self.summary(step)

    def summary(self, step: str) -> dict[str, Any]:
        """Summary of ``step``; empty when it was not run."""
        path = self.folder / "steps" / f"{step}.json"
        return read_json(path, f"Run the step {step} again") if path.exists() else {}

    def finish(self, step: str, summary: Mapping[str, Any], drops: Mapping[int, str]) -> list[str]:
        """Save the result of a step and delete the results of later steps, which saw other rows.

        Args:
            step: name of the step.
            summary: numbers of the step; JSON values only.
            drops: reason by dropped row.

        Returns:
            Names of the later steps whose results were deleted.
        """
        later = [name for name in STEPS[STEPS.index(step) + 1 :] if self.done(name)]
        for name in [step, *later]:
            (self.folder / "steps" / f"{name}.json").unlink(missing_ok=True)
            (self.folder / "drops" / f"{name}.parquet").unlink(missing_ok=True)
        rows = sorted(drops)
        table = pa.table([pa.array(rows, pa.int64()), pa.array([drops[r] for r in rows], pa.string())], schema=_DROPS)
        with atomic_file(self.file(f"drops/{step}.parquet")) as partial:
            pq.write_table(table, partial)
        # Last: a step whose summary is there is finished.
        write_json(self.file(f"steps/{step}.json"), {**summary, "dropped": len(rows)})
        return later

    def drops(self, step: str) -> dict[int, str]:
        """Reason by row for the rows that ``step`` dropped."""
        path = self.folder / "drops" / f"{step}.parquet"
        if not path.exists():
            return {}
        table = pq.read_table(path)
        return dict(zip(table["row"].to_pylist(), table["reason"].to_pylist(), strict=True))

    def remaining(self, before: str | None = None) -> NDArray[np.bool_]:
        """(rows,) whether a row was kept by the steps before ``before`` (None: by all steps)."""
        left = np.ones(len(self.manifest), dtype=np.bool_)
        for step in STEPS if before is None else STEPS[: STEPS.index(before)]:
            left[list(self.drops(step))] = False
        return left


def spare_last(
    products: NDArray[np.object_], left: NDArray[np.bool_], drop: NDArray[np.bool_], badness: NDArray[np.floating[Any]]
) -> NDArray[np.intp]:
    """The best row of each product that would lose its last picture.

    Args:
        products: (rows,) product ids; rows with ``""`` are never spared.
        left: (rows,) whether the row remains before this step.
        drop: (rows,) whether this step would drop the row.
        badness: (rows,) the row with the smallest value is spared.
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


def read_json(path: Path, hint: str) -> dict[str, Any]:
    """Read a JSON object. Raises :class:`CurateError` with ``hint`` when it is missing or corrupt."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CurateError("there is no such file", where=str(path), hint=hint) from None
    except (OSError, ValueError) as error:
        raise CurateError(f"cannot be read ({error})", where=str(path), hint=hint) from None
    if not isinstance(value, dict):
        raise CurateError("is no JSON object", where=str(path), hint=hint)
    return value
