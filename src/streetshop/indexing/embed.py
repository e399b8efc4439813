"""Pictures to a Parquet file of vectors."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import PhotoError, UsageError
from streetshop.core.photo import PICTURE_SUFFIXES, Photo
from streetshop.core.records import Block
from streetshop.indexing.shots import product_garment
from streetshop.looks import Reader, garment_picture, load_reader, read_look
from streetshop.models import Encoder, load_encoder
from streetshop.models.session import available_cores
from streetshop.search.weights import check_weights

T = TypeVar("T")
R = TypeVar("R")

_CHUNK: Final = 8
"""Pictures a thread holds at once; larger batches are no faster and take gigabytes."""
_REPORT_EVERY: Final = 500


@dataclass(frozen=True, slots=True)
class EmbedReport:
    """What was written: vectors and their length, and the pictures refused, each with its reason."""

    vectors: int
    dim: int
    refused: list[dict[str, str]]


def find_pictures(sources: Sequence[Path]) -> list[Path]:
    """The pictures named, and those below the folders named, in order."""
    found: list[Path] = []
    for source in sources:
        if source.is_dir():
            found += sorted(p for p in source.rglob("*") if p.suffix.lower() in PICTURE_SUFFIXES and p.is_file())
        else:
            found.append(source)
    return found


def default_scaling(blocks: Sequence[Block], weights: Mapping[str, float] | None = None) -> NDArray[np.float32]:
    """(dim,) factors for vectors of unit blocks: the dot product of two scaled ones is their weighted mean cosine."""
    full = check_weights(weights, blocks)
    total = sum(full.values())
    roots = [np.sqrt(full[block.name] / total) for block in blocks]
    return np.repeat(roots, [block.dim for block in blocks]).astype(np.float32)


def embed_pictures(
    pictures: Sequence[Path],
    out: Path,
    *,
    weights: Mapping[str, float] | None = None,
    raw: bool = False,
    encoder: Path | None = None,
    reader: Path | str | None = None,
    threads: int | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> EmbedReport:
    """Embed the main garment of each picture; write columns ``path`` and ``vector`` to the Parquet file ``out``.

    Args:
        weights: of the blocks; the encoder's defaults for those not named.
        raw: leave every block at unit length.
        say: is told of refused pictures and of progress.

    Unreadable pictures are left out and reported. ``out`` appears only when it is complete.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if raw and weights:
        raise UsageError("--raw leaves no room for weights", hint="Give one of the two")
    workers = threads or available_cores()
    # One thread a run and several runs at a time: decoding then never waits for the network, nor the other way round.
    model = load_encoder(encoder, threads=1)
    looker = load_reader(reader, threads=1)
    scaling = np.float32(1) if raw else default_scaling(model.blocks, weights)
    schema = pa.schema([("path", pa.string()), ("vector", pa.list_(pa.float32(), model.dim))])
    refused: list[dict[str, str]] = []
    written = seen = 0
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(out.name + ".partial")
    try:
        with pq.ParquetWriter(partial, schema) as writer, ThreadPoolExecutor(workers) as pool:
            chunks = (pictures[i : i + _CHUNK] for i in range(0, len(pictures), _CHUNK))
            for chunk, (vectors, bad) in _windowed(pool, lambda c: _embed_chunk(c, model, looker), chunks, 2 * workers):
                for path, reason in bad.items():
                    say(f"refused: {reason}")
                    refused.append({"path": str(path), "reason": reason})
                paths = [str(path) for path in chunk if path not in bad]
                flat = pa.array((vectors * scaling).reshape(-1), pa.float32())
                column = pa.FixedSizeListArray.from_arrays(flat, model.dim)
                writer.write_table(pa.Table.from_arrays([pa.array(paths, pa.string()), column], schema=schema))
                written += len(paths)
                before, seen = seen, seen + len(chunk)
                if seen // _REPORT_EVERY > before // _REPORT_EVERY:
                    say(f"{seen} of {len(pictures)} pictures")
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    return EmbedReport(written, model.dim, refused)


def _embed_chunk(
    chunk: Sequence[Path], encoder: Encoder, reader: Reader
) -> tuple[NDArray[np.float32], dict[Path, str]]:
    prepared, bad = [], {}
    geometry = encoder.spec.input
    for path in chunk:
        try:
            photo = Photo.from_path(path, at_least=max(reader.photo_side, geometry.width, geometry.height))
        except PhotoError as error:
            bad[path] = str(error)
            continue
        garment = product_garment(read_look(photo, reader), "")
        prepared.append(encoder.prepare(garment_picture(photo, garment, encoder.spec)))
    return encoder.encode(prepared), bad


def _windowed(
    pool: ThreadPoolExecutor, work: Callable[[T], R], items: Iterator[T], window: int
) -> Iterator[tuple[T, R]]:
    """Results in the order of ``items``, never more than ``window`` of them under way."""
    waiting: deque[tuple[T, Future[R]]] = deque()
    for item in items:
        waiting.append((item, pool.submit(work, item)))
        if len(waiting) >= window:
            first, future = waiting.popleft()
            yield first, future.result()
    while waiting:
        first, future = waiting.popleft()
        yield first, future.result()
