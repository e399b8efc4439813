"""Embed pictures into a Parquet file of vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streetshop.core.decoding.pool import DecodePool
from streetshop.core.errors import PhotoError, UsageError
from streetshop.core.files import output_file
from streetshop.core.photo import read_picture_bytes
from streetshop.core.pictures.formats import PICTURE_SUFFIXES
from streetshop.core.records import Block
from streetshop.feeds.refused import Refusal
from streetshop.indexing.parallel import map_in_order
from streetshop.indexing.shots import ShotReader
from streetshop.looks import load_reader
from streetshop.models import load_encoder
from streetshop.models.session import thread_count
from streetshop.search.weights import Weights, check_weights

_CHUNK: Final = 8
"""Pictures per run of the encoder; larger batches are no faster and take gigabytes."""


@dataclass(frozen=True, slots=True)
class EmbedReport:
    """The result of embedding pictures.

    Attributes:
        vectors: number of vectors written.
        dim: length of each.
        refused: the pictures that cannot be used; their ``row`` counts the pictures from 1.
    """

    vectors: int
    dim: int
    refused: list[Refusal]


def find_pictures(sources: Sequence[Path]) -> list[Path]:
    """The files named, and the pictures below the folders named, sorted."""
    found: list[Path] = []
    for source in sources:
        if source.is_dir():
            found += sorted(p for p in source.rglob("*") if p.suffix.lower() in PICTURE_SUFFIXES and p.is_file())
        else:
            found.append(source)
    return found


def default_scaling(blocks: Sequence[Block], weights: Weights | None = None) -> NDArray[np.float32]:
    """Factors that weight the blocks of a vector.

    Args:
        blocks: of the encoder.
        weights: a preset, or those of some blocks; the others keep their defaults.

    Returns:
        (dim,) factors sqrt(weight / sum of weights): the dot product of two scaled vectors of unit blocks is the
        weighted mean of the cosines of their blocks.
    """
    full = check_weights(weights, blocks)
    total = sum(full.values())
    roots = [np.sqrt(full[block.name] / total) for block in blocks]
    return np.repeat(roots, [block.dim for block in blocks]).astype(np.float32)


def embed_pictures(
    pictures: Sequence[Path],
    out: Path,
    *,
    weights: Weights | None = None,
    raw: bool = False,
    encoder: Path | None = None,
    reader: Path | str | None = None,
    threads: int | None = None,
    refuse: Callable[[Refusal], None] = lambda refusal: None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> EmbedReport:
    """Embed the main garment of each picture; write columns ``path`` and ``vector`` to the Parquet file ``out``.

    Unreadable pictures are left out and reported. ``out`` appears only when it is complete.

    Args:
        pictures: files.
        out: the file to write.
        weights: a preset, or those of some blocks; the others keep their defaults.
        raw: leave every block at unit length.
        encoder: bundle; None for the packaged one.
        reader: bundle, or ``none``; None for the packaged one.
        threads: that compute at once; None for one per core.
        refuse: called with every picture that cannot be used.
        progress: called with the number of pictures done and in all.

    Raises:
        UsageError: ``raw`` with ``weights``.
        FileNotWritten: ``out`` cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if raw and weights:
        raise UsageError("--raw leaves no room for weights", hint="Give one of the two")
    workers = thread_count(threads)
    # One thread per run and several runs at a time: decoding then never waits for the network, nor vice versa.
    model, looker = load_encoder(encoder, threads=1), load_reader(reader, threads=1)
    dim = model.dim
    scaling = np.float32(1) if raw else default_scaling(model.blocks, weights)
    schema = pa.schema([("path", pa.string()), ("vector", pa.list_(pa.float32(), dim))])
    refused: list[Refusal] = []
    written = done = 0
    chunks = [[*enumerate(pictures[at : at + _CHUNK], start=at + 1)] for at in range(0, len(pictures), _CHUNK)]
    with (
        output_file(out) as partial,
        pq.ParquetWriter(partial, schema) as writer,
        DecodePool(workers) as decoders,
        ThreadPoolExecutor(workers) as pool,
    ):
        shots = ShotReader(model, looker, thumbnails=False, decode=decoders.decode)
        for chunk in map_in_order(pool, lambda chunk: _embed(chunk, shots), chunks, window=2 * workers):
            for refusal in chunk.refused:
                refuse(refusal)
            refused += chunk.refused
            flat = pa.array((chunk.vectors * scaling).reshape(-1), pa.float32())
            columns = [pa.array(chunk.paths, pa.string()), pa.FixedSizeListArray.from_arrays(flat, dim)]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))
            written += len(chunk.paths)
            done += len(chunk.paths) + len(chunk.refused)
            progress(done, len(pictures))
    return EmbedReport(written, dim, refused)


@dataclass(frozen=True, slots=True, eq=False)
class _Chunk:
    paths: list[str]
    vectors: NDArray[np.float32]
    refused: list[Refusal]


def _embed(chunk: Sequence[tuple[int, Path]], shots: ShotReader) -> _Chunk:
    paths, prepared, refused = [], [], []
    for number, path in chunk:
        try:
            prepared.append(shots.prepare(read_picture_bytes(path), "", str(path)).prepared)
            paths.append(str(path))
        except PhotoError as error:
            refused.append(Refusal(number, "", str(path), str(error)))
    return _Chunk(paths, shots.encoder.encode(prepared), refused)
