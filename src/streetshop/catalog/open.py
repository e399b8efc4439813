"""Open, create and restore catalogs. The address chooses the adapter: a path is a LanceDB folder."""

from __future__ import annotations

import re
from pathlib import Path

from streetshop.catalog.store import CatalogMeta, Progress, Repair, Store
from streetshop.core.errors import CatalogUnsupported


def open_catalog(url: str, *, write: bool = False) -> Store:
    """Open the catalog at ``url``.

    Args:
        url: address of the catalog, see ``local_path``.
        write: fail now rather than at the first write if another process is writing.

    Raises:
        CatalogMissing: there is no catalog.
        CatalogDamaged: its files are corrupt.
        CatalogLocked: another process is writing.
        CatalogUnsupported: the address has no adapter.
    """
    from streetshop.catalog.lance.store import LanceStore

    return LanceStore.open(local_path(url), write=write)


def create_catalog(url: str, meta: CatalogMeta) -> Store:
    """Create an empty catalog at ``url`` and open it. Raises CatalogExists, CatalogUnsupported, CatalogDiskFull."""
    from streetshop.catalog.lance.store import LanceStore

    return LanceStore.create(local_path(url), meta)


def restore_snapshot(source: Path, url: str) -> Store:
    """Restore a snapshot as a new catalog at ``url`` and open it.

    Every file is checked while it is copied: a snapshot with a missing, changed or additional file is refused and
    nothing is left at ``url``. Raises CatalogMissing, CatalogDamaged, CatalogExists, CatalogUnsupported.
    """
    from streetshop.catalog.lance.snapshot import restore
    from streetshop.catalog.lance.store import LanceStore

    path = local_path(url)
    restore(source, path)
    return LanceStore.open(path)


def repair_catalog(url: str, progress: Progress | None = None) -> Repair:
    """Make a damaged catalog sound again: what can be read and agrees with its checksums is kept.

    Raises:
        CatalogMissing: there is no catalog.
        CatalogDamaged: ``catalog.json`` or all versions of the table are lost: restore a snapshot.
        CatalogLocked: another process is writing.
    """
    from streetshop.catalog.lance.repair import repair

    return repair(local_path(url), progress)


def local_path(url: str) -> Path:
    """The folder that an address names.

    Raises:
        CatalogUnsupported: the address is not a path, or holds control characters or bytes that are no
            UTF-8, which LanceDB cannot open.
    """
    if re.search(r"^[A-Za-z][A-Za-z0-9+.-]*:/|^\s*$|[\x00-\x1f\x7f\ud800-\udfff]", url):
        raise CatalogUnsupported("not an address of a catalog", where=url, hint="Give a folder, as in shop.catalog")
    return Path(url)
