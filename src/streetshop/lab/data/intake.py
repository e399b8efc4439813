"""The intake of all readers: checks pictures, keeps samples, records what cannot be used."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

from PIL import Image, UnidentifiedImageError

from streetshop.core.errors import DatasetError, PhotoError, StreetshopError
from streetshop.core.photo import Photo
from streetshop.core.pictures.formats import sniff_format
from streetshop.core.pictures.limits import DEFAULT_LIMITS
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample

Check = Literal["header", "full"]
"""How pictures are checked: by their first bytes and size, or by decoding them."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something in a data set that could not be used.

    Attributes:
        where: file and line, picture, or annotation.
        reason: what is wrong with it.
        kept: the row is used without the faulty part, for example its box.
    """

    where: str
    reason: str
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """Result of reading a data set.

    Attributes:
        manifest: the usable rows.
        offered: number of rows that the data set's files list, usable or not.
        refusals: everything that could not be used, in reading order.
    """

    manifest: Manifest
    offered: int
    refusals: tuple[Refusal, ...] = ()

    @property
    def refused(self) -> tuple[Refusal, ...]:
        """Rows that are not in the manifest."""
        return tuple(r for r in self.refusals if not r.kept)

    def summary(self) -> dict[str, Any]:
        """Counts, licence, fingerprint, and the number of each reason; JSON values only."""
        return {
            "name": self.manifest.name,
            "licence": self.manifest.licence,
            "fingerprint": self.manifest.fingerprint,
            "offered": self.offered,
            "refused": len(self.refused),
            "kept_with_remark": len(self.refusals) - len(self.refused),
            **self.manifest.counts(),
            "reasons": dict(Counter(_general(r.reason) for r in self.refusals).most_common()),
        }


@dataclass(slots=True)
class Intake:
    """Collects samples while a reader reads a data set's files.

    Attributes:
        root: the folder that the manifest's paths are relative to.
        check: how pictures are checked.
        progress: called with the number of rows offered so far.
        rows: the samples kept so far.
        refusals: what could not be used so far.
        offered: number of rows listed so far.
    """

    root: Path
    check: Check = "header"
    progress: Callable[[int], None] | None = None
    rows: list[Sample] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    offered: int = 0
    _sizes: dict[str, tuple[int, int] | str] = field(default_factory=dict)
    _seen: set[tuple[Any, ...]] = field(default_factory=set)

    def offer(self) -> None:
        """Count one row that the data set lists."""
        self.offered += 1
        if self.progress is not None and self.offered % 500 == 0:
            self.progress(self.offered)

    def refuse(self, where: str, reason: str) -> None:
        """The row at ``where`` is not used."""
        self.refusals.append(Refusal(where, reason))

    def remark(self, where: str, reason: str) -> None:
        """The row at ``where`` is used without a part of it."""
        self.refusals.append(Refusal(where, reason, kept=True))

    def size(self, image: str) -> tuple[int, int] | None:
        """(width, height) of the upright picture, or None; :meth:`why` gives the reason."""
        found = self._sizes.get(image)
        if found is None:
            found = self._sizes[image] = _look(self.root / image)
        return None if isinstance(found, str) else found

    def why(self, image: str) -> str:
        """Why :meth:`size` is None."""
        found = self._sizes[image]
        return found if isinstance(found, str) else ""

    def add(self, row: Sample, where: str) -> bool:
        """Keep ``row`` unless its picture is unusable, its box empty or outside, or an equal row was kept before.

        The box is clipped to the picture. Returns whether the row was kept.
        """
        size = self.size(row.image)
        if size is None:
            self.refuse(where, self.why(row.image))
            return False
        box = row.box
        if box is not None:
            if box[2] <= box[0] or box[3] <= box[1]:
                self.refuse(where, "empty box")
                return False
            cut = (max(box[0], 0.0), max(box[1], 0.0), min(box[2], float(size[0])), min(box[3], float(size[1])))
            if cut[2] <= cut[0] or cut[3] <= cut[1]:
                self.refuse(where, "the box lies outside the picture")
                return False
            row = replace(row, box=cut)
        key = (row.image, row.product_id, row.category, row.box, row.split, row.role, row.mask)
        if key in self._seen:
            self.refuse(where, "listed before")
            return False
        try:
            row.check()
        except StreetshopError as error:
            self.refuse(where, error.what)
            return False
        self._seen.add(key)
        self.rows.append(row)
        return True

    def finish(self, name: str, licence: str) -> Reading:
        """Finish the reading; with ``check="full"`` every picture is decoded and rows of corrupt ones are refused.

        Raises:
            DatasetError: no row is usable.
        """
        if self.check == "full":
            self._decode_all()
        if not self.rows:
            first = f"; the first refusal: {self.refusals[0].where}: {self.refusals[0].reason}" if self.refusals else ""
            raise DatasetError(
                f"no usable row of {name}{first}",
                where=str(self.root),
                hint="Check that the folder is the data set's root",
            )
        manifest = Manifest.from_rows(self.rows, self.root, name=name, licence=licence)
        return Reading(manifest, self.offered, tuple(self.refusals))

    def _decode_all(self) -> None:
        images = sorted({row.image for row in self.rows})
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:  # decoders release the interpreter lock
            reasons: Iterable[str] = pool.map(lambda image: _decode(self.root / image), images)
            bad: Mapping[str, str] = {image: reason for image, reason in zip(images, reasons, strict=True) if reason}
        for row in self.rows:
            if row.image in bad:
                self.refuse(row.image, bad[row.image])
        self.rows = [row for row in self.rows if row.image not in bad]


_SWAPPED: Final = frozenset({5, 6, 7, 8})
_ORIENTATION: Final = 0x0112


def _look(path: Path) -> tuple[int, int] | str:
    """Upright (width, height) from the header, or the reason why there is none."""
    try:
        with path.open("rb") as file:
            head = file.read(512)
            if not head:
                return "empty file"
            kind = sniff_format(head)
            if kind is None:
                return _what_instead(head)
            file.seek(0)
            with Image.open(file, formats=[kind]) as picture:
                width, height = picture.size
                if kind != "HEIF" and picture.getexif().get(_ORIENTATION) in _SWAPPED:
                    width, height = height, width
    except FileNotFoundError:
        return "missing file"
    except IsADirectoryError:
        return "a folder, not a picture"
    except Image.DecompressionBombError:
        return "more pixels than can be safe"
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, TypeError, KeyError, IndexError) as error:
        return f"unreadable picture ({type(error).__name__})"
    if width * height > DEFAULT_LIMITS.max_pixels:
        return "more pixels than can be safe"
    if min(width, height) < DEFAULT_LIMITS.min_side:
        return f"too small ({width} x {height})"
    return width, height


def _what_instead(head: bytes) -> str:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<!--")):
        return "an HTML page, not a picture"
    if text.startswith(b"version https://git-lfs"):
        return "a git-LFS pointer, not a picture: run `git lfs pull`"
    if text.startswith((b"gif8", b"bm", b"ii*\0", b"mm\0*")):
        return "a picture format that is not read here"
    return "not a picture"


def _decode(path: Path) -> str:
    try:
        Photo.from_path(path)
    except PhotoError as error:
        return error.what
    return ""


def _general(reason: str) -> str:
    """A reason without its numbers and names, for counting."""
    head, _, _ = reason.partition(":")
    return head.partition(" (")[0]
