"""A folder of pictures as a feed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from streetshop.core.errors import FeedError, RecordError, RowRefused
from streetshop.core.pictures.formats import PICTURE_SUFFIXES
from streetshop.core.records import Product, Shot
from streetshop.feeds.kinds import TAXONOMY, KindWords, Taxonomy, named
from streetshop.feeds.text import unreadable

ARCHIVE_SUFFIXES: Final = frozenset({".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst"})

_NOT_READ: Final = {
    **dict.fromkeys(ARCHIVE_SUFFIXES, "an archive"),
    **dict.fromkeys((".gif", ".bmp", ".tif", ".tiff", ".svg", ".eps", ".psd", ".jp2", ".jxl"), "a picture format"),
}
"""Files that users may expect to be indexed, which are therefore refused with a reason; all others are ignored."""


def folder_rows(root: Path, taxonomy: Taxonomy = TAXONOMY) -> Iterator[tuple[str, Product | RowRefused]]:
    """Relative path and product of every picture below ``root``, sorted by name, without hidden files.

    The id is the relative path without its suffix, the category the name of its folder (none at the top). Links to
    folders are refused, not followed: they can leave the folder or form cycles. Each folder above a picture may name
    its kind.
    """
    for name, problem in _walk(root, ""):
        if problem is not None:
            yield name, problem
            continue
        path = PurePosixPath(name)
        try:
            product = Product(id=str(path.with_suffix("")), category=path.parent.name, shots=(Shot(name),))
            yield name, named(product, path.parent.parts[::-1], taxonomy)
        except RecordError as error:
            yield name, RowRefused(error.what, hint=error.hint)


def folder_words(root: Path) -> Iterator[KindWords]:
    """What the names of folders say of the kind of every picture below ``root``."""
    for name, problem in _walk(root, ""):
        if problem is None:
            yield KindWords(categories=PurePosixPath(name).parent.parts[::-1])


def _walk(folder: Path, prefix: str) -> Iterator[tuple[str, RowRefused | None]]:
    try:
        with os.scandir(folder) as scan:
            entries = sorted(scan, key=lambda entry: entry.name)
    except OSError as error:
        if not prefix:
            raise unreadable(folder, error) from None
        yield prefix.rstrip("/"), RowRefused(f"the folder cannot be read ({error.strerror})", hint="Check permissions")
        return
    for entry in entries:
        name = prefix + entry.name
        suffix = PurePosixPath(entry.name).suffix.lower()
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(folder / entry.name, f"{name}/")
        elif entry.is_symlink() and Path(entry.path).is_dir():
            yield name, RowRefused("a link to a folder is not followed", hint="Index that folder itself")
        elif suffix in PICTURE_SUFFIXES:
            yield name, None
        elif suffix in _NOT_READ:
            yield name, RowRefused(f"{_NOT_READ[suffix]} that is not read", hint="Unpack it, or save it as JPEG or PNG")


def check_has_pictures(root: Path) -> int:
    """The number of rows of ``folder_rows``. Raises :class:`FeedError` if there are none."""
    rows = sum(1 for _ in _walk(root, ""))
    if rows == 0:
        raise FeedError(
            "there are no pictures in this folder",
            where=str(root),
            hint=f"Give a folder with {', '.join(sorted(PICTURE_SUFFIXES))} files, or a feed as a file",
        )
    return rows
