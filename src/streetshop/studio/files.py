"""The output folder of the studio: its settings, its finished pictures, and writing them."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from streetshop.core.errors import StudioError
from streetshop.core.files import atomic_file
from streetshop.core.photo import encode_jpeg
from streetshop.studio.framing import Picture
from streetshop.studio.truth import PictureTruth, from_json, to_json

MARKER = "studio.json"
VERSION = 1
"""Version of the drawings; it changes when the same seed gives other bytes."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def claim(out: Path, settings: Mapping[str, Any]) -> None:
    """Prepare ``out`` for drawings with these settings, or accept a folder that was begun with the same settings.

    Args:
        out: the folder.
        settings: everything that decides the bytes; kept in ``studio.json``.

    Raises:
        StudioError: ``out`` is a file, or holds other files or drawings with other settings.
    """
    wanted = {"version": VERSION, **settings}
    marker = out / MARKER
    if out.exists() and not out.is_dir():
        raise StudioError("this is a file, not a folder", where=str(out), hint="Choose another --out")
    if marker.exists():
        try:
            found = json.loads(marker.read_text("utf-8"))
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise StudioError(f"{MARKER} is corrupt", where=str(out), hint="Choose an empty folder")
        if found != wanted:
            other = ", ".join(f"{k} {found.get(k)!r}" for k in wanted if found.get(k) != wanted[k])
            raise StudioError(
                f"holds drawings with other settings ({other})",
                where=str(out),
                hint="Choose another folder, or the same settings to resume",
            )
        return
    if out.exists() and any(out.iterdir()):
        raise StudioError("the folder holds other files", where=str(out), hint="Choose an empty or new folder")
    with _errors_of(out):
        for part in ("images/shop", "images/street", "truth"):
            (out / part).mkdir(parents=True, exist_ok=True)
    write(marker, json.dumps(wanted, indent=1, sort_keys=True).encode())


def write(path: Path, data: bytes) -> None:
    """Write a file in one step.

    Raises:
        StudioError: it cannot be written.
    """
    with writable(path) as partial:
        partial.write_bytes(data)


@contextmanager
def writable(path: Path) -> Iterator[Path]:
    """A path to write to, which becomes ``path`` when the body ends; see :func:`streetshop.core.files.atomic_file`.

    Raises:
        StudioError: it cannot be written.
    """
    with _errors_of(path), atomic_file(path) as partial:
        yield partial


@contextmanager
def _errors_of(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StudioError(
                "no space left on the disk",
                where=str(path),
                hint="Free some space and run the command again: finished pictures are kept",
            ) from None
        raise StudioError(
            f"cannot be written ({error.strerror or error})", where=str(path), hint="Choose a writable folder"
        ) from None


def truth_path(out: Path, image: str) -> Path:
    """The file with the ground truth of a picture."""
    return out / "truth" / (Path(image).stem + ".json")


def finished(out: Path, image: str) -> bool:
    """Whether the picture and its ground truth, which is written last, exist."""
    return truth_path(out, image).exists() and (out / image).exists()


def keep(out: Path, picture: Picture) -> None:
    """Write a picture, then its ground truth."""
    from PIL import Image

    write(out / picture.truth.image, encode_jpeg(Image.fromarray(picture.pixels), picture.quality))
    write(truth_path(out, picture.truth.image), to_json(picture.truth).encode())


def read_truth(out: Path, image: str) -> PictureTruth:
    """Read the ground truth that :func:`keep` wrote.

    Raises:
        StudioError: it is missing or corrupt.
    """
    path = truth_path(out, image)
    try:
        return from_json(path.read_text("utf-8"))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise StudioError(
            f"cannot be read ({error})", where=str(path), hint="Delete it and run the command again"
        ) from None
