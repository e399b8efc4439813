"""Verify a LanceDB catalog: compare all files with their checksums, read everything back and check it."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streetshop.catalog.lance import rows
from streetshop.catalog.lance.checksums import difference
from streetshop.catalog.lance.failures import typed_errors
from streetshop.catalog.lance.generation import Generation
from streetshop.catalog.lance.locks import kept, optimize_lock, writable
from streetshop.catalog.lance.record import REPAIR, needed_files
from streetshop.catalog.lance.sealed import read_sealed, sealed_problem
from streetshop.catalog.lance.table import table_folder
from streetshop.catalog.store import UNIT_TOLERANCE, Finding, Progress, row_hash, split_blocks
from streetshop.core.errors import CatalogDamaged, CatalogError, StreetshopError
from streetshop.core.records import Block

_AGAIN: Final = "Index the feed again: only what is wrong is computed again"
_OPTIMIZE: Final = "Run `streetshop catalog optimize`"
_LISTED: Final = 20
"""Findings of one kind that are listed; the others are counted."""


class _Findings:
    def __init__(self) -> None:
        self.found: list[Finding] = []
        self.kinds: Counter[str] = Counter()

    def add(self, kind: str, what: str, hint: str = _AGAIN) -> None:
        self.kinds[kind] += 1
        if self.kinds[kind] <= _LISTED:
            self.found.append(Finding(f"{kind}: {what}", hint))

    def all(self) -> list[Finding]:
        more = [(kind, n - _LISTED) for kind, n in self.kinds.items() if n > _LISTED]
        return [*self.found, *(Finding(f"{kind}: {n} more", _AGAIN) for kind, n in more)]


def verify(generation: Generation, progress: Progress | None = None) -> list[Finding]:
    """Everything that is wrong with a generation; an unreadable file is a finding too.

    If nothing is wrong, files that a killed process left without a checksum get one.
    """
    findings = _Findings()
    with kept(optimize_lock(generation.root), "verify"):
        try:
            with typed_errors(generation.root, "reading everything back"):
                _files(generation, findings, progress)
                _searched(generation, _rows(generation, findings, progress), findings)
            with typed_errors(generation.root, "recording the checksums"):
                if not findings.kinds and writable(generation.root):
                    generation.record()
        except CatalogError as error:
            if not findings.kinds or not isinstance(error, CatalogDamaged):
                findings.add("unreadable", error.what, error.hint)
    return findings.all()


def _files(generation: Generation, findings: _Findings, progress: Progress | None) -> None:
    """Compare all files with their checksums."""
    last, version = generation.recorded(), generation.view().version
    for what in generation.warnings():
        findings.add("damage", what, REPAIR)
    names = needed_files(generation.folder, last, version)
    for done, name in enumerate(names):
        if progress is not None:
            progress("comparing files", done, len(names))
        if problem := difference(table_folder(generation.folder) / name, last.files[name], whole=True):
            findings.add("file", f"{table_folder(generation.folder).name}/{name} {problem}", REPAIR)


def _rows(generation: Generation, findings: _Findings, progress: Progress | None) -> _Sum:
    table, meta, written = generation.latest(), generation.meta, _Sum()
    if int(table.version) < generation.view().version:
        findings.add(
            "rows", f"LanceDB opens version {table.version}, the newest is {generation.view().version}", REPAIR
        )
    total, done = int(table.count_rows("shot >= 0")), 0
    seen: dict[str, list[int]] = {}
    shots: dict[str, int] = {}
    for batch in table.search().where("shot >= 0").to_batches(batch_size=1024):
        part = {name: batch.column(name).to_pylist() for name in ("product_id", "shot", "product", "row_hash")}
        vectors = rows.matrix(batch.column("vector"), meta.dim)
        _digests(rows.sound_rows(batch, meta.dim), part["product_id"], findings)
        _vectors(vectors, meta.blocks, part["product_id"], findings)
        for i, (name, shot) in enumerate(zip(part["product_id"], part["shot"], strict=True)):
            seen.setdefault(name, []).append(shot)
            written.add(name, shot, vectors[i], part["product"][i])
            if shot == 0:
                shots[name] = _product(name, part["product"][i], part["row_hash"][i], findings)
            problem = _picture(batch.column("thumbnail")[i].as_py())
            if problem:
                findings.add("thumbnail", f"of product {name!r}, shot {shot}: {problem}")
        done += len(vectors)
        if progress is not None:
            progress("verifying", done, total)
    for name, numbers in seen.items():
        if sorted(numbers) != list(range(len(numbers))):
            findings.add("shots", f"product {name!r} has shots {sorted(numbers)}")
        elif shots[name] not in (len(numbers), -1):
            findings.add("shots", f"product {name!r} has {len(numbers)} vectors for {shots[name]} shots")
    if done != total:
        findings.add("rows", f"{total} are announced, {done} could be read")
    return written


def _digests(sound: list[bool | None], names: list[str], findings: _Findings) -> None:
    for name, same in zip(names, sound, strict=True):
        if same is False:
            findings.add("row", f"of product {name!r} is not what was written", REPAIR)


def _vectors(vectors: NDArray[np.float32], blocks: Sequence[Block], names: list[str], findings: _Findings) -> None:
    finite = np.isfinite(vectors).all(axis=1)
    for i in np.flatnonzero(~finite):
        findings.add("vector", f"of product {names[i]!r} is not finite")
    for block, part in split_blocks(vectors.T, blocks).items():
        wrong = finite & (np.abs(np.linalg.norm(part, axis=0) - 1) > UNIT_TOLERANCE)
        for i in np.flatnonzero(wrong):
            findings.add("vector", f"of product {names[i]!r}: block {block!r} is not of length 1")


def _product(name: str, text: str | None, digest: str | None, findings: _Findings) -> int:
    """The number of shots of a product according to its JSON; -1 if that cannot be read."""
    try:
        product = rows.product_from_json(text or "")
    except (ValueError, TypeError, KeyError, StreetshopError) as error:
        findings.add("product", f"{name!r} cannot be read ({error})")
        return -1
    if product.id != name:
        findings.add("product", f"{name!r} calls itself {product.id!r}")
    if row_hash(product) != digest:
        findings.add("product", f"{name!r} does not match its hash")
    return len(product.shots)


def _picture(content: bytes | None) -> str:
    """What is wrong with a thumbnail; empty if nothing is, or if there is none."""
    from PIL import Image

    if not content:
        return ""
    try:
        with Image.open(io.BytesIO(content), formats=["JPEG"]) as picture:
            picture.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        return str(error) or type(error).__name__
    return ""


def _searched(generation: Generation, written: _Sum, findings: _Findings) -> None:
    """Check that the segments, sealed and in memory, hold the rows of the table."""
    sealed = read_sealed(generation.folder)
    problem = "" if sealed is None else sealed_problem(generation.folder, sealed, whole=True)
    if problem and not generation.warnings():
        findings.add("index", problem, _OPTIMIZE)
        return
    view, found = generation.view(), _Sum()
    for segment, alive in zip(view.segments, view.alive, strict=True):
        names = segment.products.column("id").to_pylist()
        texts = segment.products.column("product")
        for at in np.flatnonzero(alive[segment.owner]).tolist():
            row, shot = int(segment.owner[at]), int(segment.shot[at])
            found.add(names[row], shot, segment.vectors[at], None if shot else texts[row].as_py())
    if found.value != written.value:
        findings.add("index", "what is searched is not what the table holds", _OPTIMIZE)


class _Sum:
    """Sum of the hashes of rows, independent of their order."""

    def __init__(self) -> None:
        self.value = 0

    def add(self, name: str, shot: int, vector: NDArray[np.float32], text: str | None) -> None:
        self.value += hash((name, shot, vector.tobytes(), text))
