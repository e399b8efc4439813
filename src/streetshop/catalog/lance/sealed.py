"""The sealed segment: files written by ``optimize``, which readers map into memory.

    g0001/base.json          names the folder in use, the version of the table it was made of, and the checksums of
                             its files; replaced atomically
    g0001/base-000012/       the segment of version 12:
      products.arrow         products sorted by id, with filter columns
      owner.npy shot.npy     for each shot the row of its product and its number there
      vectors.f32            (shots, dim) little-endian float32
      words.lance/           full-text index of the products
      codes.faiss            compressed vectors, 4 bits per part; absent in a small segment

Everything in it is derived from the table and can be built again.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streetshop.catalog.lance import words
from streetshop.catalog.lance.checksums import (
    Checksum,
    checksum_of,
    difference,
    pack,
    parse_checked,
    unpack,
    write_checked,
)
from streetshop.catalog.lance.codes import compress
from streetshop.catalog.lance.rows import matrix
from streetshop.catalog.lance.segment import FEW, Segment, owners, product_table
from streetshop.catalog.lance.table import read_rows
from streetshop.catalog.store import CatalogMeta, Progress
from streetshop.core.files import atomic_folder

POINTER: Final = "base.json"
_FOLDER: Final = re.compile(r"base-\d{6,}")
_BATCH: Final = 4096


@dataclass(frozen=True, slots=True)
class Sealed:
    """The content of ``base.json``.

    Attributes:
        folder: name of the folder with the files.
        version: of the table; later rows are not in the segment.
        stamp: the largest stamp in it.
        products: number of products.
        shots: number of shots.
        recall: at 20, of the compressed vectors with exact re-ranking against exact search; None without them.
        files: checksums of the files by name; empty if streetshop 0.1 wrote them.
    """

    folder: str
    version: int
    stamp: int
    products: int
    shots: int
    recall: float | None
    files: Mapping[str, Checksum] = field(default_factory=dict)


def read_sealed(folder: Path) -> Sealed | None:
    """Read ``base.json`` of a generation; None if there is none, or if it is corrupt (``optimize`` rebuilds it)."""
    try:
        content, checked = parse_checked((folder / POINTER).read_bytes())
        if checked != ("files" in content):
            return None
        sealed = Sealed(**content | {"files": unpack(content.get("files", {}))})
        return sealed if _FOLDER.fullmatch(sealed.folder) else None
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def pointer_problem(folder: Path) -> str:
    """What is wrong with ``base.json`` of a generation; empty if nothing is, or if there is none."""
    broken = (folder / POINTER).exists() and read_sealed(folder) is None
    return f"{POINTER} is damaged" if broken else ""


def write_sealed(folder: Path, sealed: Sealed) -> None:
    """Replace ``base.json`` of a generation, atomically and durably."""
    write_checked(folder / POINTER, asdict(sealed) | {"files": pack(sealed.files)})


def sealed_problem(folder: Path, sealed: Sealed, *, whole: bool) -> str:
    """How the files of a segment differ from their checksums; empty if they do not.

    Args:
        folder: of the generation.
        sealed: the content of its ``base.json``.
        whole: read large files whole, not only their edges.
    """
    for name, wanted in sealed.files.items():
        if problem := difference(folder / sealed.folder / name, wanted, whole=whole):
            return f"{sealed.folder}/{name} {problem}"
    return ""


def open_sealed(folder: Path, sealed: Sealed, dim: int) -> Segment | str:
    """Map the files of a segment; or what is wrong if one is missing, corrupt or of the wrong size."""
    problem = sealed_problem(folder, sealed, whole=False)
    try:
        return problem or _open(folder / sealed.folder, sealed, dim)
    except (OSError, ValueError, RuntimeError) as error:  # pyarrow raises ValueErrors, faiss RuntimeErrors
        return f"{sealed.folder} cannot be read ({error})"


def _open(folder: Path, sealed: Sealed, dim: int) -> Segment:
    products = _products(folder)
    owner, shot = (np.load(folder / name, mmap_mode="r") for name in ("owner.npy", "shot.npy"))
    sizes = (len(products), len(owner), len(shot), (folder / "vectors.f32").stat().st_size)
    if sizes != (sealed.products, sealed.shots, sealed.shots, sealed.shots * dim * 4):
        raise ValueError("the files do not fit together")
    if len(owner) and (owner.min() < 0 or owner.max() >= len(products) or shot.min() < 0):
        raise ValueError("a shot of no product")
    if not sealed.files:  # without checksums, a changed offset could lead out of the memory of the file
        products.validate(full=True)
    vectors: NDArray[np.float32] = np.zeros((0, dim), np.float32)
    if sealed.shots:
        vectors = np.asarray(np.memmap(folder / "vectors.f32", np.dtype("<f4"), "r", shape=(sealed.shots, dim)))
    codes = None
    if sealed.recall is not None:
        import faiss

        codes = faiss.read_index(str(folder / "codes.faiss"))
        if codes.ntotal != sealed.shots:
            raise ValueError("the compressed vectors are of other shots")
    return Segment(products, np.asarray(owner), np.asarray(shot), vectors, codes, folder)


def build_sealed(folder: Path, table: Any, meta: CatalogMeta, report: Progress) -> Sealed:
    """Write the segment of the checked-out version of the table. ``base.json`` is left to the caller."""
    import pyarrow.compute as pc

    version = int(table.version)
    name = f"base-{version:06d}"
    shutil.rmtree(folder / name, ignore_errors=True)
    stamp = pc.max(read_rows(table, ["stamp"]).column("stamp")).as_py() or 0
    with atomic_folder(folder / name) as partial:
        products, shots = _write(partial, table, meta.dim, report)
        sealed = Sealed(partial.name, version, stamp, products, shots, None)
        if shots > 4 * FEW:
            import faiss

            segment = open_sealed(folder, sealed, meta.dim)
            if isinstance(segment, str):
                raise RuntimeError(f"could not be read back: {segment}")
            codes, recall = compress(segment, meta.blocks, report)
            faiss.write_index(codes, str(partial / "codes.faiss"))
            sealed = replace(sealed, recall=recall)
        report("indexing words", 0, None)
        words.write(partial, _products(partial))
        written = sorted(path for path in partial.rglob("*") if path.is_file())
        files = {path.relative_to(partial).as_posix(): checksum_of(path) for path in written}
    return replace(sealed, folder=name, files=files)


def _products(folder: Path) -> Any:
    """The products of the segment in a folder, mapped."""
    import pyarrow as pa

    with pa.memory_map(str(folder / "products.arrow")) as source:
        return pa.ipc.open_file(source).read_all()


def _write(folder: Path, table: Any, dim: int, report: Progress) -> tuple[int, int]:
    """Write all but the compressed vectors; returns the numbers of products and shots."""
    import pyarrow as pa

    first = read_rows(table, ["product_id", "row_hash", "product"], "shot = 0")
    products = product_table(first.sort_by("product_id"))
    del first
    with (
        pa.OSFile(str(folder / "products.arrow"), "wb") as sink,
        pa.ipc.new_file(sink, products.schema) as writer,
    ):
        writer.write_table(products)
    owner, shot, done = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)], 0
    total = int(table.count_rows("shot >= 0"))
    with (folder / "vectors.f32").open("wb") as file:
        query = table.search().where("shot >= 0").select(["product_id", "shot", "vector"])
        for batch in query.to_batches(batch_size=_BATCH):
            report("copying vectors", done, total)
            part = pa.Table.from_batches([batch])
            owner.append(owners(part.column("product_id"), products))
            shot.append(part.column("shot").to_numpy().astype(np.int32))
            file.write(matrix(part.column("vector"), dim).astype("<f4", copy=False).tobytes())
            done += len(part)
    np.save(folder / "owner.npy", np.concatenate(owner))
    np.save(folder / "shot.npy", np.concatenate(shot))
    return len(products), done


def remove_old_sealed(folder: Path, present: str) -> None:
    """Remove the folders of earlier segments; processes that have one mapped keep its content."""
    for child in folder.iterdir():  # and what an interrupted build left, ".base-000012..."
        if child.name.startswith(("base-", ".base-")) and child.name != present:
            shutil.rmtree(child, ignore_errors=True)
