"""Text formats of data sets, and their folders."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from streetshop.core.errors import DatasetError
from streetshop.lab.data.intake import Intake


def find(root: Path, *candidates: str, what: str) -> Path:
    """The first of ``candidates`` (relative paths, may hold ``*``) below ``root``. Raises :class:`DatasetError`."""
    if not root.is_dir():
        raise DatasetError("there is no such folder", where=str(root), hint="Give the data set's root folder")
    for candidate in candidates:
        found = sorted(root.glob(candidate)) if "*" in candidate else [root / candidate]
        if found and found[0].exists():
            return found[0]
    raise DatasetError(
        f"{what} is missing",
        where=str(root),
        hint=f"Looked for {', '.join(candidates)}; give the data set's root folder",
    )


def read_lines(path: Path) -> list[str]:
    """Lines of a text file; undecodable bytes are replaced.

    Raises:
        DatasetError: the file cannot be read, or is a git-LFS pointer.
    """
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise DatasetError(f"cannot be read ({error.strerror})", where=str(path)) from None
    if text.startswith("version https://git-lfs"):
        raise DatasetError(
            "is a git-LFS pointer, not the file",
            where=str(path),
            hint="Install git-lfs and run `git lfs pull` in the clone",
        )
    return text.splitlines()


def read_json(path: Path) -> Any:
    """Read a JSON file. Raises :class:`DatasetError`, see :func:`read_lines`."""
    text = "\n".join(read_lines(path))
    try:
        return json.loads(text)
    except ValueError as error:
        raise DatasetError(f"is no JSON ({error})", where=str(path)) from None


def cuhk_rows(path: Path, intake: Intake, *, columns: bool = True) -> Iterator[tuple[str, list[str]]]:
    """(where, fields) of each row of a CUHK text file.

    Line 1 is a count, line 2 the column names, then follow rows whose fields are separated by runs of white space. A
    number of rows other than the count is recorded as a remark.

    Args:
        path: the file.
        intake: records the remark.
        columns: False for item lists, which lack line 2.

    Raises:
        DatasetError: line 1 is no count.
    """
    lines = read_lines(path)
    if not lines or not lines[0].strip().isdigit():
        raise DatasetError("line 1 is no count", where=str(path), hint="A CUHK list begins with the number of its rows")
    rows = 0
    for number, line in enumerate(lines[1 + columns :], start=2 + columns):
        if line.strip():
            rows += 1
            yield f"{path.name}:{number}", line.split()
    if rows != int(lines[0]):
        intake.remark(path.name, f"the number of rows is not the one announced: {rows}, not {int(lines[0])}")


def numbers(fields: Sequence[str]) -> list[float] | None:
    """The fields as finite numbers, or None when one is not."""
    try:
        values = [float(f) for f in fields]
    except ValueError:
        return None
    return values if all(math.isfinite(v) for v in values) else None


def corners(fields: Sequence[str]) -> tuple[float, float, float, float] | None:
    """Four fields as a box, or None when they are not four finite numbers."""
    values = numbers(fields)
    return (values[0], values[1], values[2], values[3]) if values is not None and len(values) == 4 else None
