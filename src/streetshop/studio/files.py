"""The folder the studio writes: whose it is, what is finished in it, and writing it without half files."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streetshop.core.errors import StudioError
from streetshop.core.photo import encode_jpeg
from streetshop.studio.framing import Picture
from streetshop.studio.truth import PictureTruth, from_json, to_json

MARKER = "studio.json"
VERSION = 1
"""Of the drawings: raised whenever the same seed draws other bytes."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def claim(out: Path, settings: Mapping[str, Any]) -> None:
    """Take ``out`` for drawings with these settings, or go on with ones begun there.

    Raises:
        StudioError: it is a file, holds something else, or drawings with other settings.
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
            raise StudioError(f"{MARKER} is damaged", where=str(out), hint="Choose an empty folder")
        if found != wanted:
            other = ", ".join(f"{k} {found.get(k)!r}" for k in wanted if found.get(k) != wanted[k])
            raise StudioError(
                f"holds drawings with other settings ({other})",
                where=str(out),
                hint="Choose another folder, or the same settings to go on",
            )
        return
    if out.exists() and any(out.iterdir()):
        raise StudioError("the folder holds something else", where=str(out), hint="Choose an empty or new folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
        for part in ("images/shop", "images/street", "truth"):
            (out / part).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(out, error) from None
    write(marker, json.dumps(wanted, indent=1, sort_keys=True).encode())


def write(path: Path, data: bytes) -> None:
    """All of ``data`` or nothing. Raises :class:`StudioError` when it cannot be written."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise unwritable(path, error) from None


def unwritable(path: Path, error: OSError) -> StudioError:
    if error.errno in _FULL:
        return StudioError(
            "no space left on the disk", where=str(path), hint="Make room and run it again: finished pictures are kept"
        )
    return StudioError(
        f"cannot be written ({error.strerror or error})", where=str(path), hint="Choose a folder you may write to"
    )


def truth_path(out: Path, image: str) -> Path:
    """Where the truth of a picture is."""
    return out / "truth" / (Path(image).stem + ".json")


def finished(out: Path, image: str) -> bool:
    """Picture and truth are both there; the truth is written last."""
    return truth_path(out, image).exists() and (out / image).exists()


def keep(out: Path, picture: Picture) -> None:
    """Write a picture, then its truth."""
    from PIL import Image

    write(out / picture.truth.image, encode_jpeg(Image.fromarray(picture.pixels), picture.quality))
    write(truth_path(out, picture.truth.image), to_json(picture.truth).encode())


def read_truth(out: Path, image: str) -> PictureTruth:
    """What :func:`keep` wrote. Raises :class:`StudioError` when it is damaged."""
    path = truth_path(out, image)
    try:
        return from_json(path.read_text("utf-8"))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise StudioError(f"cannot be read ({error})", where=str(path), hint="Delete it and run again") from None
