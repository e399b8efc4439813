"""A folder of pictures as a feed: a product for each picture, or for each folder."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from streetshop.core.errors import FeedError, RecordError, RowRefused
from streetshop.core.pictures.formats import PICTURE_SUFFIXES, sniff_format
from streetshop.core.records import Product, Shot
from streetshop.feeds.columns import MAX_SHOTS
from streetshop.feeds.kinds import TAXONOMY, KindWords, Taxonomy, named
from streetshop.feeds.text import unreadable

ARCHIVE_SUFFIXES: Final = frozenset({".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst"})

_NOT_READ: Final = {
    **dict.fromkeys(ARCHIVE_SUFFIXES, "an archive"),
    **dict.fromkeys((".svg", ".eps", ".psd", ".jp2", ".jxl", ".raw", ".dng", ".cr2", ".nef"), "a picture format"),
}
"""Files that users may expect to be indexed, which are therefore refused with a reason."""
_SNIFFED: Final = 512
_NAMED: Final = 5
_FEW: Final = 20
"""Pictures in the folder of a product, at most, for folders to be taken for products."""
_LEAST_FOLDERS: Final = 2


@dataclass
class PictureFolder:
    """The pictures below a folder, sorted by name, without hidden files.

    A picture's id is its relative path without the suffix, its category the name of its folder (none at the top). Where
    each folder holds one product, the folder's path is the id and its name the title. Links to folders are refused, not
    followed: they can leave the folder or form cycles. Files whose suffix names no picture are looked at, and left out
    if their content is none either.

    Attributes:
        root: the folder.
        products: whether each folder with pictures is one product.
        notes: what the user should know.
        rows: pictures, or products, and refused files.
        words: what the names of folders say of the kind of each product.
    """

    root: Path
    products: bool = False
    notes: tuple[str, ...] = ()
    rows: int = 0
    words: list[KindWords] = field(default_factory=list)

    @classmethod
    def open(cls, root: Path, products: bool | None = None) -> PictureFolder:
        """Look through a folder.

        Args:
            root: the folder.
            products: whether each folder is a product; None to find out: folders are, if they hold few pictures each,
                whose names repeat from folder to folder or contain that of the folder, and are no categories.

        Raises:
            FeedError: there are no pictures.
        """
        left_out: Counter[str] = Counter()
        names = [(name, problem) for name, problem in _walk(root, "", left_out)]
        if not names:
            raise FeedError(
                "there are no pictures in this folder",
                where=str(root),
                hint=f"Give a folder with {', '.join(sorted(PICTURE_SUFFIXES))} files, or a feed as a file",
            )
        pictures = [PurePosixPath(name) for name, problem in names if problem is None]
        notes = []
        if left_out:
            kinds = ", ".join(f"{count} {suffix or 'without suffix'}" for suffix, count in left_out.most_common(_NAMED))
            more = ", ..." if len(left_out) > _NAMED else ""
            notes.append(f"{left_out.total()} files are no pictures and were left out: {kinds}{more}")
        found = _are_products(pictures) if products is None else products
        if found and products is None:
            notes.append("each folder is taken for one product, since the names in them repeat; --no-product-folders")
        folder = cls(root, found, tuple(notes))
        folder.rows = sum(1 for _ in folder.iterate())
        parents = dict.fromkeys(path.parent for path in pictures) if found else (path.parent for path in pictures)
        folder.words = [KindWords(categories=_above(parent, found)) for parent in parents]
        return folder

    def iterate(self, taxonomy: Taxonomy = TAXONOMY) -> Iterator[tuple[str, Product | RowRefused]]:
        """The relative path of the first picture, and the product, of each row."""
        names = _walk(self.root, "", Counter())
        for name, found in self._products(names) if self.products else names:
            if isinstance(found, RowRefused):
                yield name, found
                continue
            path = PurePosixPath(name)
            try:
                if found is None:
                    product = Product(id=_stem(path), category=path.parent.name, shots=(Shot(name),))
                else:
                    parent = path.parent
                    shots = tuple(Shot(each) for each in found)
                    product = Product(id=str(parent), title=parent.name, category=parent.parent.name, shots=shots)
                yield name, named(product, _above(path.parent, self.products), taxonomy)
            except RecordError as error:
                yield name, RowRefused(error.what, hint=error.hint)

    def _products(
        self, names: Iterator[tuple[str, RowRefused | None]]
    ) -> Iterator[tuple[str, RowRefused | list[str] | None]]:
        """The pictures of each folder together; those of the top folder are products of their own."""
        groups: dict[str, list[str]] = {}
        for name, problem in names:
            folder = name.rpartition("/")[0]
            if problem is not None or not folder:
                yield name, problem
            else:
                groups.setdefault(folder, []).append(name)
        for group in groups.values():
            if len(group) > MAX_SHOTS:
                reason = RowRefused(f"{len(group)} pictures in a folder", hint=f"A product has at most {MAX_SHOTS}")
                yield group[0], reason
            else:
                yield group[0], group


def _above(folder: PurePosixPath, products: bool) -> tuple[str, ...]:
    """Names of the folders that may say the kind, the nearest first; that of a product is its title."""
    return folder.parts[::-1][1:] if products and len(folder.parts) > 1 else folder.parts[::-1]


def _stem(path: PurePosixPath) -> str:
    """The path without a suffix of pictures and without what addresses have after it."""
    name = path.name.partition("?")[0] or path.name
    bare = PurePosixPath(name)
    if bare.suffix.lower() in PICTURE_SUFFIXES:
        name = bare.stem
    return str(path.with_name(name))


def _are_products(pictures: list[PurePosixPath]) -> bool:
    folders: dict[PurePosixPath, list[str]] = {}
    for path in pictures:
        if path.parent.name:
            folders.setdefault(path.parent, []).append(PurePosixPath(_stem(path)).name.lower())
    inside = sum(len(stems) for stems in folders.values())
    if len(folders) < _LEAST_FOLDERS or inside < len(pictures) or max(map(len, folders.values())) > _FEW:
        return False
    counts = Counter(stem for stems in folders.values() for stem in set(stems))
    repeated = sum(counts[stem] > 1 for stems in folders.values() for stem in stems)
    own = sum(folder.name.lower() in stem for folder, stems in folders.items() for stem in stems)
    categories = sum(bool(TAXONOMY.find(KindWords(categories=(folder.name,))).kind) for folder in folders)
    several = sum(len(stems) > 1 for stems in folders.values())
    return max(repeated, own) >= 0.8 * inside and 2 * several >= len(folders) and 2 * categories < len(folders)


def _walk(folder: Path, prefix: str, left_out: Counter[str]) -> Iterator[tuple[str, RowRefused | None]]:
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
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(folder / entry.name, f"{name}/", left_out)
        elif entry.is_symlink() and Path(entry.path).is_dir():
            yield name, RowRefused("a link to a folder is not followed", hint="Index that folder itself")
        else:
            suffix = PurePosixPath(entry.name.partition("?")[0]).suffix.lower()
            if suffix in PICTURE_SUFFIXES:
                yield name, None
            elif suffix in _NOT_READ:
                what = f"{_NOT_READ[suffix]} that is not read"
                yield name, RowRefused(what, hint="Unpack it, or save it as JPEG or PNG")
            elif _is_picture(Path(entry.path)):
                yield name, None
            else:
                left_out[suffix] += 1


def _is_picture(path: Path) -> bool:
    """Whether the content of a file is a picture in a format that is read."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return sniff_format(file.read(_SNIFFED), more=True) is not None
    except OSError:
        return False
