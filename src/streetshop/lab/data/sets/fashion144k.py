"""Fashion144k (Simo-Serra and Ishikawa 2016, StyleNet): outfit photos with weak labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import DatasetError
from streetshop.lab.data.intake import Intake
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.tables import find, read_lines

LICENCE: Final = "Non-commercial research only; the pictures belong to the users who posted them"
SIZE: Final = (256, 384)
"""Width and height of the pictures."""


def read(intake: Intake) -> None:
    """Add one ``street`` row per line of photos.txt; row i of the feature files belongs to line i."""
    root = intake.root
    lines = read_lines(find(root, "photos.txt", what="photos.txt"))
    while lines and not lines[-1].strip():
        lines.pop()
    features = {
        "singles": _features(root, "feat_sin.npy", "singles.txt", len(lines)),
        "colours": _features(root, "feat_col.npy", "colours.txt", len(lines)),
    }
    below = (root / "photos").is_dir()
    for i, line in enumerate(lines):
        where = f"photos.txt:{i + 1}"
        intake.offer()
        name = line.split(",", 1)[0].strip().strip('"')
        if not name:
            intake.refuse(where, "malformed line: expected a path")
            continue
        image = name if name.startswith("photos/") or not below else f"photos/{name}"
        size = intake.size(image)
        if size is not None and size != SIZE:
            intake.remark(where, f"not {SIZE[0]} x {SIZE[1]}: {size[0]} x {size[1]}")
        attributes: dict[str, Any] = {
            key: [names[j] for j in np.flatnonzero(values[i])] for key, (values, names) in features.items()
        }
        intake.add(Sample(image, "street", attributes=attributes, group=image), where)


def _features(root: Path, array: str, names: str, lines: int) -> tuple[NDArray[np.generic], list[str]]:
    """((lines, n) 0/1, n names). Raises :class:`DatasetError` when the three files do not fit each other."""
    path = find(root, f"feat/{array}", what=f"feat/{array}")
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DatasetError(f"is no NumPy array ({error})", where=str(path)) from None
    labels = [line.strip() for line in read_lines(find(root, f"feat/{names}", what=f"feat/{names}")) if line.strip()]
    if values.shape != (lines, len(labels)):
        raise DatasetError(
            f"has the shape {values.shape}; photos.txt has {lines} lines and {names} {len(labels)} names",
            where=str(path),
            hint="Sample i belongs to line i: use the files of one download together",
        )
    return values, labels
