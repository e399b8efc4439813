"""The files from which a catalog's products are searched, written by ``optimize`` and mapped into memory by readers.

    g0001/base.json          names the folder in use and says of which version of the table it is; replaced atomically
    g0001/base-000012/       of version 12:
      products.arrow         products in order of id, with filter columns
      owner.npy shot.npy     for each shot the row of its product and its number there
      vectors.f32            (shots, dim) little-endian float32
      codes.faiss            vectors compressed to 4 bits per part, absent where there are few shots

All of it is made from the table, and can be made again: the table alone is the truth.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streetshop.catalog.lance import files
from streetshop.catalog.lance.segment import FEW, Segment, matrix, owners, product_table
from streetshop.catalog.store import CatalogMeta, Progress, split_blocks

POINTER: Final = "base.json"
_FOLDER: Final = re.compile(r"base-\d{6,}")
_PARTS: Final = 128
"""Parts of at least two dimensions that a vector is compressed to, 4 bits each; half as many from ``_MANY`` shots on,
where reading the compressed vectors is what takes the time."""
_MANY: Final = 300_000
_TRAINING: Final = 20_000
_PROBES: Final = 100
_K: Final = 20


@dataclass(frozen=True, slots=True)
class Base:
    """What ``base.json`` says.

    Attributes:
        folder: its name.
        version: of the table; the table's rows of a newer version must be asked for.
        stamp: the greatest in it.
        recall: at 20, of the compressed vectors with exact comparison against exact search alone; None without.
    """

    folder: str
    version: int
    stamp: int
    products: int
    shots: int
    recall: float | None


def read_base(folder: Path) -> Base | None:
    """The base in use; None where there is none, or none that can be read (it will be made again)."""
    try:
        base = Base(**json.loads((folder / POINTER).read_bytes()))
        return base if _FOLDER.fullmatch(base.folder) else None
    except (OSError, ValueError, TypeError):
        return None


def write_pointer(folder: Path, base: Base) -> None:
    files.replace_file(folder / POINTER, json.dumps(asdict(base)).encode())


def open_base(folder: Path, base: Base, dim: int) -> Segment | None:
    """Map the files; None where they are missing or of the wrong size."""
    import pyarrow as pa

    at = folder / base.folder
    try:
        with pa.memory_map(str(at / "products.arrow")) as source:
            products = pa.ipc.open_file(source).read_all()
        owner, shot = (
            np.load(at / "owner.npy", mmap_mode="r"),
            np.load(at / "shot.npy", mmap_mode="r"),
        )
        sizes = (
            len(products),
            len(owner),
            len(shot),
            (at / "vectors.f32").stat().st_size,
        )
        if sizes != (base.products, base.shots, base.shots, base.shots * dim * 4):
            return None
        vectors: NDArray[np.float32] = np.zeros((0, dim), np.float32)
        if base.shots:
            vectors = np.asarray(np.memmap(at / "vectors.f32", np.dtype("<f4"), "r", shape=(base.shots, dim)))
        codes = None
        if base.recall is not None:
            import faiss

            codes = faiss.read_index(str(at / "codes.faiss"))
            if codes.ntotal != base.shots:
                return None
    except (
        OSError,
        ValueError,
        RuntimeError,
    ):  # pyarrow's errors are ValueErrors, faiss' are RuntimeErrors
        return None
    return Segment(products, np.asarray(owner), np.asarray(shot), vectors, codes)


def build_base(folder: Path, table: Any, meta: CatalogMeta, report: Progress) -> Base:
    """Write the base of the version of the table that is checked out. ``base.json`` is left to the caller."""
    import pyarrow as pa
    import pyarrow.compute as pc

    version = int(table.version)
    name = f"base-{version:06d}"
    at = folder / name
    shutil.rmtree(at, ignore_errors=True)
    at.mkdir()
    first = table.search().where("shot = 0").select(["product_id", "row_hash", "product"]).to_arrow()
    products = product_table(first.sort_by("product_id"))
    del first
    with (
        pa.OSFile(str(at / "products.arrow"), "wb") as sink,
        pa.ipc.new_file(sink, products.schema) as writer,
    ):
        writer.write_table(products)
    parts, shots, done = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)], 0
    total = int(table.count_rows("shot >= 0"))
    with (at / "vectors.f32").open("wb") as file:
        query = table.search().where("shot >= 0").select(["product_id", "shot", "vector"])
        for batch in query.to_batches(batch_size=4096):
            report("copying vectors", done, total)
            part = pa.Table.from_batches([batch])
            parts.append(owners(part.column("product_id"), products))
            shots.append(part.column("shot").to_numpy().astype(np.int32))
            file.write(matrix(part.column("vector"), meta.dim).astype("<f4", copy=False).tobytes())
            done += len(part)
    np.save(at / "owner.npy", np.concatenate(parts))
    np.save(at / "shot.npy", np.concatenate(shots))
    stamp = pc.max(table.search().select(["stamp"]).to_arrow().column("stamp")).as_py() or 0
    base = Base(name, version, stamp, len(products), done, None)
    recall = _compress(at, folder, base, meta, report) if done > 4 * FEW else None
    for path in at.iterdir():
        with path.open("rb") as written:
            os.fsync(written.fileno())
    files.sync_folder(at)
    return Base(name, version, stamp, len(products), done, recall)


def remove_old_bases(folder: Path, present: str) -> None:
    """Processes that have one mapped keep what they have."""
    for child in folder.iterdir():
        if _FOLDER.fullmatch(child.name) and child.name != present:
            shutil.rmtree(child, ignore_errors=True)


# --- compressed vectors -------------------------------------------------------------------------------------------


def _compress(at: Path, folder: Path, base: Base, meta: CatalogMeta, report: Progress) -> float:
    """Write ``codes.faiss`` and measure its recall.

    Product quantization (Jégou et al., PAMI 2011), 16 centroids a part, scanned in registers (André et al., VLDB
    2015): every vector is looked at, so recall does not depend on how vectors cluster or on the query's weights.
    """
    segment = open_base(folder, base, meta.dim)
    if segment is None:
        raise RuntimeError(f"{at.name} could not be read back")
    import faiss

    faiss.omp_set_num_threads(1)  # in the background: the cores belong to the searches
    most = _PARTS if base.shots < _MANY else _PARTS // 2
    width = max(2, -(-meta.dim // most))
    parts = -(-meta.dim // width)
    codes = faiss.IndexPQFastScan(parts * width, parts, 4, faiss.METRIC_INNER_PRODUCT)
    rng = np.random.default_rng(0)
    sample = np.sort(rng.choice(base.shots, min(_TRAINING, base.shots), replace=False))
    report("compressing", 0, base.shots)
    codes.train(_padded(segment.vectors[sample], codes.d))
    for start in range(0, base.shots, 1 << 15):
        report("compressing", start, base.shots)
        codes.add(_padded(segment.vectors[start : start + (1 << 15)], codes.d))
    faiss.write_index(codes, str(at / "codes.faiss"))
    compressed = Segment(segment.products, segment.owner, segment.shot, segment.vectors, codes)
    return _recall(compressed, meta, rng, report)


def _padded(vectors: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    padded = np.zeros((len(vectors), width), np.float32)
    padded[:, : vectors.shape[1]] = vectors
    return padded


def _recall(
    segment: Segment,
    meta: CatalogMeta,
    rng: np.random.Generator,
    report: Progress,
) -> float:
    """Of the 20 nearest by exact search, the share found; stored vectors as queries, every other one with weights."""
    found = 0
    for done, at in enumerate(rng.choice(len(segment.vectors), _PROBES, replace=False)):
        report("measuring recall", done, _PROBES)
        query = np.array(segment.vectors[at])
        for part in split_blocks(query, meta.blocks).values() if done % 2 else ():
            part *= rng.uniform(0.1, 1)
        near, true = (_top(*segment.nearest(query, _K, None, exact)) for exact in (False, True))
        found += len(near & true)
    report("measuring recall", _PROBES, _PROBES)
    return found / (_PROBES * _K)


def _top(chosen: NDArray[np.int64], scores: NDArray[np.float32]) -> set[int]:
    return set(chosen[np.lexsort((chosen, -scores))[:_K]].tolist())
