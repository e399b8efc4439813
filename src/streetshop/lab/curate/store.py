"""Features on disk by content: a picture is embedded once, whatever manifest it is in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import CurateError
from streetshop.core.files import write_json
from streetshop.lab.curate.alignment import SIDE, Thumbnails
from streetshop.lab.curate.curation import read_json
from streetshop.lab.curate.encoders import FeatureEncoder, Vectors

RECORD: Final = np.dtype([("key", "V16"), ("picture", "V32"), ("pixels", "<u4"), ("bytes", "<u8")])
"""Beside each feature: ``key`` names picture, box and mask; ``picture`` is the SHA-256 of the file; ``pixels`` is the
area of what was encoded, ``bytes`` the size of the file."""


class FeatureStore:
    """Three files that only grow: ``vectors.f32``, ``thumbnails.u8`` and ``records.bin``.

    A record is written last. After an interrupted run, opening cuts the files back to complete entries.

    Args:
        folder: where the files are.
        encoder: makes a new store, or must be that of the store; None opens a store for reading.

    Raises:
        CurateError: the folder holds features of another encoder.
    """

    def __init__(self, folder: Path, encoder: FeatureEncoder | None = None) -> None:
        self.folder = folder
        marker = folder / "store.json"
        if encoder is not None and not marker.exists():
            folder.mkdir(parents=True, exist_ok=True)
            write_json(marker, {"fingerprint": encoder.fingerprint, "name": encoder.name, "dim": encoder.dim})
        about = read_json(marker, "Run `streetshop lab curate features` first")
        self.name, self.fingerprint, self.dim = str(about["name"]), str(about["fingerprint"]), int(about["dim"])
        if encoder is not None and encoder.fingerprint != self.fingerprint:
            raise CurateError(
                f"holds features of {self.name}, not of {encoder.name}",
                where=str(folder),
                hint="Use that encoder, or another --cache folder",
            )
        self._files = (folder / "vectors.f32", folder / "thumbnails.u8", folder / "records.bin")
        if encoder is not None:
            self._cut_back()
        self._places = {key.tobytes(): place for place, key in enumerate(self.records["key"])}

    def _cut_back(self) -> None:
        sizes = (4 * self.dim, SIDE * SIDE * 3, RECORD.itemsize)
        for path in self._files:
            path.touch()
        whole = min(path.stat().st_size // size for path, size in zip(self._files, sizes, strict=True))
        for path, size in zip(self._files, sizes, strict=True):
            os.truncate(path, whole * size)

    def __len__(self) -> int:
        return len(self._places)

    @property
    def records(self) -> NDArray[np.void]:
        """(n,) :data:`RECORD`."""
        return np.fromfile(self._files[-1], RECORD)

    @property
    def vectors(self) -> Vectors:
        """(n, dim) memory map."""
        return self._mapped(self._files[0], np.float32, (self.dim,))

    @property
    def thumbnails(self) -> Thumbnails:
        """(n, 48, 48, 3) memory map."""
        return self._mapped(self._files[1], np.uint8, (SIDE, SIDE, 3))

    def _mapped(self, path: Path, kind: type, shape: tuple[int, ...]) -> Any:
        count = self._files[-1].stat().st_size // RECORD.itemsize
        return np.memmap(path, kind, "r", shape=(count, *shape)) if count else np.empty((0, *shape), kind)

    def place(self, key: bytes) -> int | None:
        """Index of the feature of ``key``, or None."""
        return self._places.get(key)

    def keys(self) -> frozenset[bytes]:
        """All keys."""
        return frozenset(self._places)

    def append(self, vectors: Vectors, thumbnails: Thumbnails, records: NDArray[np.void]) -> None:
        """Append features; they are on the disk when this returns."""
        contents: tuple[NDArray[Any], ...] = (
            np.asarray(vectors, np.float32),
            np.asarray(thumbnails, np.uint8),
            records,
        )
        for path, content in zip(self._files, contents, strict=True):
            with path.open("ab") as file:
                file.write(content.tobytes())
                file.flush()
                os.fsync(file.fileno())
        for key in records["key"]:
            self._places[key.tobytes()] = len(self._places)
