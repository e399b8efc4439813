"""Measure a reader or a detector bundle on the boxes of a manifest, beside others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from streetshop.core.errors import MeasureError
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.splits import Split, assign_splits
from streetshop.lab.evaluate.detector import classes_section, kinds_section, read_all, truth_of
from streetshop.lab.evaluate.report import Dataset, Report
from streetshop.lab.measure.public import measured_on, report_of
from streetshop.looks import Reader, load_reader
from streetshop.looks.reader import DetectorReader
from streetshop.models.reader import DEFAULT_READER


def measure_detection(
    subject: Path,
    data: Path,
    *,
    split: Split = "test",
    beside: Sequence[Path] = (),
    root: Path | None = None,
    threads: int = 2,
) -> Report:
    """AP50, AP and milliseconds, by kind, and by the classes of the subject.

    Args:
        subject: the bundle. The packaged reader stands beside it.
        data: the manifest. One without splits is split as training splits it.
        split: of its rows.
        beside: more bundles.
        root: folder of the manifest's pictures, if they have moved.
        threads: of the networks.

    Raises:
        BundleError, ManifestError: one of them cannot be used.
        MeasureError: no picture of the split has boxes.
    """
    folders = list(dict.fromkeys(path.resolve() for path in (subject, DEFAULT_READER, *beside)))
    readers: dict[str, Reader] = {}
    for folder in folders:
        reader = load_reader(folder, threads=threads)
        readers[_unused(reader.name or folder.name, readers)] = reader
    manifest = Manifest.read(data, root=root)
    if not (manifest.column("split") != "").any():
        manifest = assign_splits(manifest)
    rows = manifest.take(np.flatnonzero(manifest.column("split") == split))
    if not len(rows):
        raise MeasureError(f"no row is of the split {split!r}", where=str(data), hint="Give another --split")
    pictures = truth_of(list(rows))
    found = read_all(readers, pictures)
    sections = [kinds_section(found, pictures)]
    name, first = next(iter(readers.items()))
    if isinstance(first, DetectorReader) and set(first.spec.classes) != set(first.spec.kinds.values()):
        finer = classes_section(name, first.spec.classes, found[name], pictures)
        sections += [finer] if finer is not None else []
    measured = Dataset(
        name=manifest.name or data.stem,
        use=f"measured on {len(pictures)} {split} pictures",
        licence=manifest.licence,
        fingerprint=manifest.fingerprint,
    )
    return measured_on(report_of(subject), [measured], f"On the {split} pictures of a manifest.", sections)


def _unused(name: str, taken: dict[str, Reader]) -> str:
    return next(n for n in (name, *(f"{name} ({i})" for i in range(2, 99))) if n not in taken)
