"""Optimize a LanceDB catalog: compact the table, build the sealed segment, remove old versions.

The work runs in a niced process of its own (``python -m streetshop.catalog.lance.optimize FOLDER GENERATION``): in the
process that serves, it would stall every search for as long as it takes. The two talk in lines of JSON on stdout.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import IO, Any, Final

from streetshop.catalog.lance import rows
from streetshop.catalog.lance.failures import typed_errors
from streetshop.catalog.lance.generation import Generation
from streetshop.catalog.lance.layout import META_FILE, generation_folder, parse_meta, read_meta
from streetshop.catalog.lance.locks import optimize_lock, remove_old_generations, writer_lock
from streetshop.catalog.lance.sealed import (
    Sealed,
    build_sealed,
    read_sealed,
    remove_old_sealed,
    sealed_problem,
    write_sealed,
)
from streetshop.catalog.lance.table import remove_partial_files
from streetshop.catalog.store import Progress
from streetshop.core.errors import CatalogError, StreetshopError

GRACE: Final = timedelta(minutes=10)
"""How long files of old versions are kept for readers that still use them."""
PATIENCE: Final = 30.0
"""Seconds to wait for a moment between the writes of others."""
CHILD_FROM = 5_000
"""Rows from which a process is started; below, the work takes less time than the start."""
KEYED_FROM: Final = 5_000
"""Rows from which LanceDB finds products by an index on their ids."""


def optimize(generation: Generation, progress: Progress | None = None) -> None:
    """Optimize a generation, in this process if it is small, otherwise in a child process that ends with this one."""
    with typed_errors(generation.root, "optimizing"):
        if generation.latest().count_rows() < CHILD_FROM:
            _optimize(generation.root, generation.meta.generation, progress or (lambda what, done, of: None))
            return
    _run_child(generation.root, generation.meta.generation, progress)


def _optimize(root: Path, number: int, report: Progress) -> None:
    present = meta = read_meta(root)
    if number != meta.generation:  # a rebuild, optimized before it is swapped in
        meta = parse_meta((generation_folder(root, number) / META_FILE).read_bytes())
    with optimize_lock(root).hold("optimize"):
        remove_old_generations(root, present.generation)
        generation = Generation(root, meta)
        table = generation.latest()
        generation.check_record()
        # A rebuild holds the writer's lock already.
        writing = writer_lock(root, timeout=PATIENCE).hold if meta == present else nullcontext
        with writing("optimize"):  # a write would undo the work
            remove_partial_files(generation.folder)
            _compact(table, report)
            generation.record()
        sealed = read_sealed(generation.folder)
        if (
            sealed is None
            or sealed.version != int(table.version)
            or not sealed.files
            or sealed_problem(generation.folder, sealed, whole=True)
        ):
            table.checkout(int(table.version))  # writers continue; the segment is of one version
            sealed = build_sealed(generation.folder, table, meta, report)
            write_sealed(generation.folder, sealed)
            with writing("optimize"):
                _remove_tombstones(generation, sealed)
        remove_old_sealed(generation.folder, sealed.folder)


def _compact(table: Any, report: Progress) -> None:
    from lancedb.index import BTree

    report("compacting", 0, None)
    table.checkout_latest()
    # Nobody writes meanwhile: what no version names was left by a process that was killed.
    table.optimize(cleanup_older_than=GRACE, delete_unverified=True)
    if table.count_rows() >= KEYED_FROM and not any(i.columns == ["product_id"] for i in table.list_indices()):
        report("indexing ids", 0, None)
        table.create_index("product_id", config=BTree())
    table.checkout_latest()


def _remove_tombstones(generation: Generation, sealed: Sealed) -> None:
    """Remove the tombstones, which the sealed segment does not need, unless something was written meanwhile."""
    table = generation.latest()
    if int(table.version) == sealed.version and table.count_rows(f"shot = {rows.TOMBSTONE}"):
        table.delete(f"shot = {rows.TOMBSTONE}")
        generation.record()
        write_sealed(generation.folder, replace(sealed, version=int(table.version)))


# --- the parent ---------------------------------------------------------------------------------------------------


def start_child(root: Path, number: int, out: int | IO[str] = subprocess.PIPE) -> subprocess.Popen[str]:
    """Start the process that optimizes a generation. It ends with this one, or when its ``stdin`` is closed.

    Args:
        root: the catalog.
        number: of the generation.
        out: where its reports go.
    """
    command = [sys.executable, "-m", "streetshop.catalog.lance.optimize", str(root), str(number)]
    # A session of its own: Ctrl-C in the terminal reaches this process alone, which then ends the child.
    # This Python, this module, and the folder of an open catalog: nothing that a user could make another program of.
    return subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stdout=out, text=True, start_new_session=True
    )


def _run_child(root: Path, number: int, progress: Progress | None) -> None:
    with start_child(root, number) as child:
        try:
            failure = _follow(child.stdout or (), progress)
            code = child.wait()
        except BaseException:
            child.kill()
            raise
    if failure is not None:
        kinds = {kind.__name__: kind for kind in CatalogError.__subclasses__()}
        raise kinds.get(failure["error"], CatalogError)(failure["what"], where=failure["where"], hint=failure["hint"])
    if code:
        raise CatalogError(f"optimizing ended with exit code {code}", where=str(root), hint="Run it again")


def _follow(lines: Iterable[str], progress: Progress | None) -> dict[str, str] | None:
    """Pass the reports of the child on; returns its failure."""
    failure = None
    for line in lines:
        report = json.loads(line)
        if "error" in report:
            failure = report
        elif progress is not None:
            progress(report["what"], report["done"], report["of"])
    return failure


# --- the child ----------------------------------------------------------------------------------------------------


def _child(root: Path, number: int) -> int:
    os.nice(10)
    threading.Thread(target=_end_with_parent, daemon=True).start()

    def report(what: str, done: int, of: int | None) -> None:
        print(json.dumps({"what": what, "done": done, "of": of}), flush=True)

    try:
        with typed_errors(root, "optimizing"):
            _optimize(root, number, report)
    except StreetshopError as error:
        failure = {"error": type(error).__name__, "what": error.what, "where": error.where, "hint": error.hint}
        print(json.dumps(failure), flush=True)
        return 2
    return 0


def _end_with_parent() -> None:
    os.read(0, 1)
    os._exit(3)


if __name__ == "__main__":
    sys.exit(_child(Path(sys.argv[1]), int(sys.argv[2])))
