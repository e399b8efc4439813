"""Checksums of files, and small JSON files that hold their own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Final

from streetshop.core.files import write_json

SMALL: Final = 32 << 20
"""Files of up to so many bytes are read whole when they are opened; of larger ones, the edges."""
EDGE: Final = 64 << 10
"""Bytes at each edge."""


# --- one file -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a file holds.

    Attributes:
        size: bytes.
        sha256: of the content.
        edges: SHA-256 of the first and last 64 KiB, which can be compared without reading a large file.
    """

    size: int
    sha256: str
    edges: str


def checksum_of(path: Path) -> Checksum:
    """The checksum of a file. Raises OSError if it cannot be read."""
    return Checksum(path.stat().st_size, _digest(path), _edges(path))


def difference(path: Path, wanted: Checksum, *, whole: bool) -> str:
    """How a file differs from its checksum; empty if it does not.

    Args:
        path: the file.
        wanted: its checksum.
        whole: compare all content of a large file too, not only its edges.
    """
    try:
        size = path.stat().st_size
        if size != wanted.size:
            return f"has {size} bytes, not {wanted.size}"
        same = _digest(path) == wanted.sha256 if whole or size <= SMALL else _edges(path) == wanted.edges
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return "" if same else "was changed"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _edges(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256(file.read(EDGE))
        file.seek(max(path.stat().st_size - EDGE, 0))
        digest.update(file.read(EDGE))
    return digest.hexdigest()


def file_stamp(path: Path) -> tuple[int, int, int] | None:
    """Changes when a file is replaced; None without the file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_ino, found.st_mtime_ns, found.st_size)


# --- small files that hold their own checksum -----------------------------------------------------------------------


def write_checked(path: Path, content: Mapping[str, Any], *, indent: int | None = 1) -> None:
    """Replace a JSON file, atomically and durably; the key ``sha256`` is added."""
    write_json(path, {**content, "sha256": _json_digest(content)}, indent=indent, durable=True)


def parse_checked(text: bytes) -> tuple[dict[str, Any], bool]:
    """Parse what ``write_checked`` wrote.

    Returns:
        The content, and whether it holds its checksum; files of streetshop 0.1 hold none.

    Raises:
        ValueError: the text is no JSON object, or it is not what was written.
    """
    content = json.loads(text)
    if not isinstance(content, dict):
        raise ValueError("no JSON object")
    digest = content.pop("sha256", None)
    if digest is not None and digest != _json_digest(content):
        raise ValueError("its own checksum is wrong")
    return content, digest is not None


def _json_digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def pack(files: Mapping[str, Checksum]) -> dict[str, Any]:
    """Checksums by file name as JSON."""
    return {name: list(astuple(found)) for name, found in files.items()}


def unpack(content: Mapping[str, Any]) -> dict[str, Checksum]:
    """The inverse of ``pack``. Raises ValueError, TypeError, AttributeError for something else."""
    return {str(name): Checksum(int(size), str(sha), str(edges)) for name, (size, sha, edges) in content.items()}
