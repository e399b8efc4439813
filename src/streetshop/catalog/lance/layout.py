"""The folder of a LanceDB catalog and its metadata file.

shop.catalog/
catalog.json        format, encoder, blocks, current generation, its own checksum; replaced atomically
g0001/              a generation: the LanceDB database with the table ``shots``, and the sealed segment
locks/              see ``locks``
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final

from streetshop.catalog.lance.checksums import parse_checked, write_checked
from streetshop.catalog.store import CatalogMeta
from streetshop.core.errors import CatalogDamaged, CatalogError, CatalogExists, CatalogMissing
from streetshop.core.records import Block

FORMAT: Final = 2
"""Version of the layout, in ``catalog.json``."""
READ_FORMATS: Final = (1, FORMAT)
"""1 is of streetshop 0.1, whose products have no kind and no design."""

META_FILE: Final = "catalog.json"
_KEYS: Final = frozenset({"format", "encoder", "fingerprint", "blocks", "generation", "reader"})
_GENERATION: Final = re.compile(r"g(\d{4,9})")


def generation_folder(root: Path, generation: int) -> Path:
    """The folder of a generation."""
    return root / f"g{generation:04d}"


def generations(root: Path) -> dict[int, Path]:
    """The folders of all generations, by number; empty if ``root`` cannot be read."""
    with suppress(OSError):
        return {int(found[1]): child for child in root.iterdir() if (found := _GENERATION.fullmatch(child.name))}
    return {}


def _holds_rows(root: Path) -> bool:
    """Whether a generation has data files, which LanceDB writes with the first rows."""
    return any(any(folder.glob("*/data/*")) for folder in generations(root).values())


def read_meta(root: Path) -> CatalogMeta:
    """Read ``catalog.json``.

    Raises:
        CatalogMissing: there is no catalog, or its creation was interrupted.
        CatalogDamaged: the file is corrupt, or missing from a catalog that has rows.
    """
    try:
        text = (root / META_FILE).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        if _holds_rows(root):
            raise CatalogDamaged(
                f"{META_FILE} is missing",
                where=str(root),
                hint="Restore a snapshot, or index the feed into a new folder",
            ) from None
        raise CatalogMissing(
            "there is no catalog here", where=str(root), hint=f"Create one: streetshop index FEED --catalog {root}"
        ) from None
    except OSError as error:
        raise CatalogError(f"{META_FILE} cannot be read: {error.strerror}", where=str(root)) from error
    try:
        return parse_meta(text)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CatalogDamaged(
            f"{META_FILE} is not readable ({error})",
            where=str(root),
            hint="Restore a snapshot, or index the feed again with --rebuild",
        ) from error


def parse_meta(text: bytes) -> CatalogMeta:
    """The metadata in the content of a ``catalog.json``.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: the content is something else.
    """
    data, _ = parse_checked(text)
    if data["format"] not in READ_FORMATS:
        raise ValueError(f"format {data['format']!r}, this version of streetshop reads 1 to {FORMAT}")
    if unknown := data.keys() - _KEYS:
        raise ValueError(f"unknown key {min(unknown)!r}")
    blocks = tuple(Block(str(b["name"]), int(b["dim"]), float(b["weight"])) for b in data["blocks"])
    reader = str(data.get("reader", ""))  # absent in catalogs of streetshop 0.1
    meta = CatalogMeta(str(data["encoder"]), str(data["fingerprint"]), blocks, int(data["generation"]), reader)
    if not blocks or any(block.dim < 1 for block in blocks) or meta.generation < 1:
        raise ValueError("impossible blocks or generation")
    return meta


def write_meta(folder: Path, meta: CatalogMeta) -> None:
    """Replace ``catalog.json`` in ``folder``, atomically and durably."""
    write_checked(folder / META_FILE, {"format": FORMAT, **asdict(meta)}, indent=2)


def holds_checksum(root: Path) -> bool:
    """Whether ``catalog.json`` holds its checksum: those of streetshop 0.1 do not, and have no record of their table.

    Raises:
        OSError, ValueError: it cannot be read.
    """
    return parse_checked((root / META_FILE).read_bytes())[1]


def check_vacant(root: Path) -> None:
    """Raise CatalogExists unless ``root`` is free, or holds a catalog whose creation was interrupted."""
    if root.is_symlink() or (root.exists() and not root.is_dir()):
        raise CatalogExists("there is a file where the catalog should go", where=str(root))
    names = {child.name for child in root.iterdir()} if root.is_dir() else set()
    if META_FILE in names:
        raise CatalogExists("there is a catalog already", where=str(root), hint="Open it, or give another folder")
    if any(not (name == "locks" or name.startswith(".") or _GENERATION.fullmatch(name)) for name in names):
        raise CatalogExists("the folder holds other things", where=str(root), hint="Give a new or empty folder")
    if _holds_rows(root):
        raise CatalogExists(f"there is a catalog without {META_FILE}", where=str(root), hint="Give another folder")


def folder_bytes(folder: Path) -> int:
    """Bytes of all files below a folder; files that vanish meanwhile do not count."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += Path(parent, name).lstat().st_size
    return total
