"""Embedding of batches of manifest rows, on this machine or on Ray workers."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from streetshop.core.errors import CurateError, StreetshopError
from streetshop.core.photo import Photo, read_picture_bytes
from streetshop.core.records import GarmentPicture
from streetshop.lab.curate.alignment import thumbnail_of
from streetshop.lab.curate.encoders import EncoderChoice
from streetshop.lab.data.masks import is_path, split_path
from streetshop.lab.data.pictures import cut_garment
from streetshop.lab.data.sample import Sample

BATCH = 64


@dataclass(frozen=True, slots=True)
class _Row:
    """Result of one row: a reason, or a key and (unless it is known) a picture."""

    key: bytes = b""
    sha256: bytes = b""
    size: int = 0
    picture: GarmentPicture | None = None
    thumbnail: bytes = b""
    reason: str = ""


class Embedder:
    """Turns a table of rows (row, image, box, mask) into one of features.

    Args:
        choice: the encoder.
        root: the folder that image paths are relative to.
        known: keys of existing features; their pictures are hashed but not decoded.
        threads: that read and decode pictures.
    """

    def __init__(self, choice: EncoderChoice, root: str, known: frozenset[bytes], threads: int = 1) -> None:
        self.encoder = choice.open()
        self._root = Path(root)
        self.known = known
        self._pool = ThreadPoolExecutor(threads)

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Embed a batch: columns row, key, picture, pixels, bytes, vector and thumbnail (empty if known), reason."""
        columns = (batch[name].to_pylist() for name in ("image", "box", "mask"))
        rows = list(self._pool.map(self._read, *columns))
        fresh = [row.picture for row in rows if row.picture is not None]
        vectors = iter(self.encoder.encode(fresh) if fresh else ())
        pixels = [row.picture.pixels.shape[0] * row.picture.pixels.shape[1] if row.picture else 0 for row in rows]
        return pa.table(
            {
                "row": batch["row"],
                "key": pa.array([row.key for row in rows], pa.binary()),
                "picture": pa.array([row.sha256 for row in rows], pa.binary()),
                "pixels": pa.array(pixels, pa.int64()),
                "bytes": pa.array([row.size for row in rows], pa.int64()),
                "vector": pa.array([next(vectors) if row.picture else [] for row in rows], pa.list_(pa.float32())),
                "thumbnail": pa.array([row.thumbnail for row in rows], pa.binary()),
                "reason": pa.array([row.reason for row in rows], pa.string()),
            }
        )

    def _read(self, image: str, box: list[float] | None, mask: str | None) -> _Row:
        try:
            data = read_picture_bytes(self._root / image)
            sha256 = hashlib.sha256(data).digest()
            key = row_key(sha256, box, self._mask_content(mask))
            if key in self.known:
                return _Row(key, sha256, len(data))
            picture = self._cut(data, image, box, mask)
            return _Row(key, sha256, len(data), picture, thumbnail_of(picture.pixels).tobytes())
        except StreetshopError as error:
            return _Row(reason=error.what)

    def _mask_content(self, mask: str | None) -> str | None:
        """A mask as part of a key: of a file its content and label, whatever its name."""
        if mask is None or not is_path(mask):
            return mask
        path, label = split_path(mask)
        try:
            content = hashlib.sha256((self._root / path).read_bytes()).hexdigest()
        except OSError:
            content = ""  # cutting the garment out says what is wrong
        return f"{content}#{label}"

    def _cut(self, data: bytes, image: str, box: list[float] | None, mask: str | None) -> GarmentPicture:
        """The garment picture of one row."""
        sample = Sample(
            image, "street", box=(box[0], box[1], box[2], box[3]) if box else None, mask=mask, root=self._root
        )
        return cut_garment(Photo.from_bytes(data, where=image), sample, self.encoder.spec)


def row_key(sha256: bytes, box: list[float] | None, mask: str | None) -> bytes:
    """16 bytes that identify the encoded content: picture, box and mask (JSON, or a file's content)."""
    return hashlib.blake2b(sha256 + f"{box} {mask}".encode(), digest_size=16).digest()


def numbered(table: pa.Table) -> pa.Table:
    """The columns of a manifest that :class:`Embedder` needs."""
    return table.select(["image", "box", "mask"]).add_column(0, "row", pa.array(np.arange(len(table))))


def embed_here(embedder: Embedder, rows: pa.Table, batch: int = BATCH) -> Iterator[pa.Table]:
    """Embed on this machine, batch by batch."""
    for start in range(0, len(rows), batch):
        yield embedder(rows.slice(start, batch))


def embed_on_ray(
    choice: EncoderChoice, root: str, known: frozenset[bytes], rows: pa.Table, address: str, workers: int
) -> Iterator[pa.Table]:
    """Embed on a Ray cluster; batches arrive in any order.

    Args:
        choice: the encoder; each process loads its own.
        root: the folder that image paths are relative to, on a file system that all workers see.
        known: keys of existing features.
        rows: see :func:`numbered`.
        address: ``host:port`` of the cluster, ``auto``, or ``local`` for one on this machine.
        workers: number of processes.

    Raises:
        CurateError: Ray is not installed, or there is no cluster.
    """
    try:
        import ray
    except ImportError:
        raise CurateError("Ray is not installed", hint="pip install 'streetshop[ray]'") from None
    begun = not ray.is_initialized()
    if begun:
        try:
            ray.init(address=None if address == "local" else address, log_to_driver=False, logging_level=logging.ERROR)
        except Exception as error:  # Ray raises ConnectionError, RuntimeError, ValueError and its own
            raise CurateError(
                f"no Ray cluster answers ({str(error).splitlines()[0]})",
                where=address,
                hint="Start one with `ray start --head`, or use --ray local",
            ) from None
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    arguments: dict[str, Any] = {"choice": choice, "root": root, "known": known}
    try:
        # Blocks are made here: a task that makes them would wait for CPUs that the encoders hold.
        size = min(4 * BATCH, max(len(rows) // (2 * workers), 1))
        parts = [rows.slice(start, size).combine_chunks() for start in range(0, len(rows), size)]
        done = ray.data.from_arrow(parts).map_batches(
            Embedder,
            fn_constructor_kwargs=arguments,
            batch_size=BATCH,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(size=workers),
            num_cpus=1,
        )
        yield from done.iter_batches(batch_size=None, batch_format="pyarrow")
    finally:
        if begun:
            ray.shutdown()
