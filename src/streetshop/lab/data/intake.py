"""What every reader hands its rows to: pictures are looked at, rows are kept, and whatever cannot be used is written
down with its reason.
"""

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
from streetshop.core.photo import DEFAULT_LIMITS, Photo, sniff_format
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample

Check = Literal["header", "full"]
"""How closely pictures are looked at: the first bytes and the announced size, or every pixel decoded."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something in a data set that could not be used.

    Attributes:
        where: file and line, picture, or annotation.
        reason: what is wrong with it.
        kept: the row went in nevertheless, without what was wrong (its box, say).
    """

    where: str
    reason: str
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading a data set.

    Attributes:
        offered: rows that the data set's own files list, usable or not.
        refusals: all that could not be used, in the order met.
    """

    manifest: Manifest
    offered: int
    refusals: tuple[Refusal, ...] = ()

    @property
    def refused(self) -> tuple[Refusal, ...]:
        """Rows that did not go in."""
        return tuple(r for r in self.refusals if not r.kept)

    def summary(self) -> dict[str, Any]:
        """Counts, licence, fingerprint, and how often each reason was met; JSON values only."""
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
    """Collects rows while a reader walks a data set's files.

    Attributes:
        root: the folder that the manifest's paths are relative to.
        progress: called with the number of rows offered so far.
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
        """The row at ``where`` is used without something."""
        self.refusals.append(Refusal(where, reason, kept=True))

    def size(self, image: str) -> tuple[int, int] | None:
        """(width, height) of a picture as it is seen (upright), or None; :meth:`why` then says the reason."""
        found = self._sizes.get(image)
        if found is None:
            found = self._sizes[image] = _look(self.root / image)
        return None if isinstance(found, str) else found

    def why(self, image: str) -> str:
        """Why :meth:`size` gave None."""
        found = self._sizes[image]
        return found if isinstance(found, str) else ""

    def add(self, row: Sample, where: str) -> bool:
        """Keep ``row`` unless its picture is unusable, its box empty or outside, or the very same row was kept before.

        A box that reaches over the picture's edge is cut there. Returns whether the row was kept.
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
        """The reading; with ``check="full"`` every picture is decoded first and rows on broken ones are refused."""
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
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:  # decoders let go of the interpreter lock
            reasons: Iterable[str] = pool.map(lambda image: _decode(self.root / image), images)
            bad: Mapping[str, str] = {image: reason for image, reason in zip(images, reasons, strict=True) if reason}
        for row in self.rows:
            if row.image in bad:
                self.refuse(row.image, bad[row.image])
        self.rows = [row for row in self.rows if row.image not in bad]


_SWAPPED: Final = frozenset({5, 6, 7, 8})
_ORIENTATION: Final = 0x0112


def _look(path: Path) -> tuple[int, int] | str:
    """Upright (width, height) from the header, or why the file is no picture."""
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
    """A reason without its particular numbers and names, to count alike ones together."""
    head, _, _ = reason.partition(":")
    return head.partition(" (")[0]
