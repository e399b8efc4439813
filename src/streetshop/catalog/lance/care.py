"""Keeping a LanceDB catalog fast: compaction, indexes, old versions; and figures about it.

The work runs in a niced process of its own (``python -m streetshop.catalog.lance.care FOLDER GENERATION``): inside the
process that serves, it would stall every search for as long as it takes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from streetshop.catalog.lance import files, rows
from streetshop.catalog.lance.base import (
    Base,
    build_base,
    open_base,
    read_base,
    remove_old_bases,
    write_pointer,
)
from streetshop.catalog.store import Progress, StoreInfo
from streetshop.core.errors import CatalogError, StreetshopError

if TYPE_CHECKING:
    from streetshop.catalog.lance.store import Generation

GRACE: Final = timedelta(minutes=10)
"""How long files of old versions are kept for readers that still use them."""
CHILD_FROM = 5_000
"""Rows from which a process is started; below, the work takes less time than that."""
_KEYED_FROM: Final = 5_000
"""Rows from which LanceDB finds products by an index on their ids."""


def describe(root: Path, generation: Generation) -> StoreInfo:
    """Figures about a generation."""
    with files.typed_errors(root, "reading figures"):
        view, base = generation.view(), read_base(generation.folder)
        return StoreInfo(
            products=view.count(None),
            shots=view.shots,
            bytes=files.folder_bytes(generation.folder),
            indexed=int(view.alive[0][view.segments[0].owner].sum()),
            recall=base.recall if base else None,
            extra={
                "store": "lancedb",
                "generation": generation.meta.generation,
                "version": view.version,
            },
        )


def optimize(root: Path, generation: Generation, progress: Progress | None) -> None:
    """Do the work: here where it is little, otherwise in a child process, which ends when this one does."""
    with files.typed_errors(root, "optimizing"):
        if generation.latest().count_rows() < CHILD_FROM:
            _work(root, generation.meta.generation, progress or (lambda what, done, of: None))
            return
    _run_child(root, generation.meta.generation, progress)


def _run_child(root: Path, generation: int, progress: Progress | None) -> None:
    command = [sys.executable, "-m", "streetshop.catalog.lance.care", str(root), str(generation)]
    pipe = subprocess.PIPE
    # A session of its own: Ctrl-C in the terminal is for this process, which ends the child in good order.
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, start_new_session=True) as child:
        try:
            failure = _follow(child.stdout, progress) if child.stdout else None
            code = child.wait()
        except BaseException:
            child.kill()
            raise
    if failure is not None:
        kind, message = failure
        raise _error_of(kind)(message["what"], where=message["where"], hint=message["hint"])
    if code:
        raise CatalogError(
            f"optimizing ended with exit code {code}",
            where=str(root),
            hint="Run it again",
        )


def _follow(lines: Any, progress: Progress | None) -> tuple[str, dict[str, str]] | None:
    failure = None
    for line in lines:
        report = json.loads(line)
        if "error" in report:
            failure = (report["error"], report)
        elif progress is not None:
            progress(report["what"], report["done"], report["of"])
    return failure


def _error_of(name: str) -> type[CatalogError]:
    kinds = {kind.__name__: kind for kind in CatalogError.__subclasses__()}
    return kinds.get(name, CatalogError)


# --- the child ----------------------------------------------------------------------------------------------------


def _child(root: Path, number: int) -> int:
    os.nice(10)
    threading.Thread(target=_end_with_parent, daemon=True).start()

    def report(what: str, done: int, of: int | None) -> None:
        print(json.dumps({"what": what, "done": done, "of": of}), flush=True)

    try:
        with files.typed_errors(root, "optimizing"):
            _work(root, number, report)
    except StreetshopError as error:
        message = {
            "error": type(error).__name__,
            "what": error.what,
            "where": error.where,
            "hint": error.hint,
        }
        print(json.dumps(message), flush=True)
        return 2
    return 0


def _end_with_parent() -> None:
    os.read(0, 1)
    os._exit(3)


def _work(root: Path, number: int, report: Progress) -> None:
    from lancedb.index import BTree

    from streetshop.catalog.lance.store import Generation

    present = meta = files.read_meta(root)
    if number != meta.generation:  # a rebuild, optimized before it is swapped in
        meta = files.parse_meta((files.generation_folder(root, number) / files.META_FILE).read_bytes())
    with files.FileLock(root / "locks" / "optimize").hold("optimize"):
        files.remove_old_generations(root, present.generation)
        generation = Generation(root, meta)
        folder, table = generation.folder, generation.latest()
        report("compacting", 0, None)
        table.optimize(cleanup_older_than=GRACE)
        if table.count_rows() >= _KEYED_FROM and not any(i.columns == ["product_id"] for i in table.list_indices()):
            report("indexing ids", 0, None)
            table.create_index("product_id", config=BTree())
        table.checkout_latest()
        base = read_base(folder)
        if base is None or base.version != int(table.version) or open_base(folder, base, meta.dim) is None:
            table.checkout(int(table.version))  # writers go on; the base is of one version
            base = build_base(folder, table, meta, report)
            write_pointer(folder, base)
            with files.FileLock(root / "locks" / "writer").hold("optimize") if meta == present else nullcontext():
                _forget_deleted(folder, generation.latest(), base)
        remove_old_bases(folder, base.folder)


def _forget_deleted(folder: Path, table: Any, base: Base) -> None:
    """Remove the rows of deleted products, which are not in the base, unless something was written meanwhile."""
    if int(table.version) == base.version and table.count_rows(f"shot = {rows.GONE}"):
        table.delete(f"shot = {rows.GONE}")
        write_pointer(folder, replace(base, version=int(table.version)))


if __name__ == "__main__":
    sys.exit(_child(Path(sys.argv[1]), int(sys.argv[2])))
