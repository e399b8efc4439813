"""Run a reader over a manifest: rows with the boxes that the serving side would cut out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from streetshop.core.errors import DatasetError, PhotoError, UsageError
from streetshop.core.files import output_file
from streetshop.core.geometry import paint_mask
from streetshop.core.photo import Photo
from streetshop.core.records import Garment
from streetshop.indexing.kinds import product_garment
from streetshop.lab.data.article_types import kind_of
from streetshop.lab.data.intake import Reading, Refusal
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.masks import encode_rle
from streetshop.lab.data.sample import Sample
from streetshop.looks import WHOLE_PHOTO, Reader, read_look

Progress = Callable[[int, int], None]
PART: Final = 50
"""Pictures of a part; an interrupt loses no more."""
_ABOUT: Final = "about.json"


def detect_manifest(
    manifest: Manifest, reader: Reader, parts: Path, *, mark: str, workers: int = 2, progress: Progress | None = None
) -> Reading:
    """Give each row the box and the mask of the garment that serving would take for its category.

    The garment is chosen by :func:`streetshop.indexing.kinds.product_garment`, as ``index`` does. Where that is the
    whole picture, the row has no box. The attribute ``detected`` holds the category and the score of the garment, null
    for the whole picture. Rows whose picture cannot be decoded are refused.

    Args:
        manifest: the rows; their own boxes are not looked at.
        reader: finds the garments.
        parts: a folder for what is done, from which an interrupted call resumes. Remove it when the result is kept.
        mark: names the reader; a folder of another one or of another manifest is refused.
        workers: pictures that are read side by side.
        progress: called with the pictures that are done, and their number.

    Raises:
        UsageError: ``parts`` is of another call.
        DatasetError: no picture can be decoded.
    """
    samples = list(manifest)
    rows: dict[str, list[int]] = {}
    for number, sample in enumerate(samples):
        rows.setdefault(sample.image, []).append(number)
    images = list(rows)
    _claim(parts, {"manifest": manifest.fingerprint, "reader": mark})
    found: dict[int, Sample] = {}
    refusals: list[Refusal] = []
    chunks = [images[start : start + PART] for start in range(0, len(images), PART)]
    done = 0
    with ThreadPoolExecutor(workers) as pool:
        for chunk in chunks:
            path = parts / f"{done:08}.json"
            answers = _read_part(path)
            if answers is None:
                wanted = [[samples[number] for number in rows[image]] for image in chunk]
                answers = list(pool.map(lambda there: _detect(there, reader), wanted))
                _write_part(path, answers)
            for image, answer in zip(chunk, answers, strict=True):
                if isinstance(answer, str):
                    refusals += [Refusal(image, answer)] * len(rows[image])
                else:
                    for number, given in zip(rows[image], answer, strict=True):
                        found[number] = _with(samples[number], given)
            done += len(chunk)
            if progress is not None:
                progress(done, len(images))
    if not found:
        raise DatasetError("no picture can be decoded", where=str(manifest.root), hint="Give their folder with --root")
    table = Manifest.from_rows(
        [found[number] for number in sorted(found)], manifest.root, name=manifest.name, licence=manifest.licence
    )
    return Reading(table, len(manifest), tuple(refusals))


def reader_mark(folder: Path) -> str:
    """What tells a reader's bundle from others: 16 hex digits of the SHA-256 of its ``bundle.json``."""
    return hashlib.sha256((folder / "bundle.json").read_bytes()).hexdigest()[:16]


def _detect(rows: Sequence[Sample], reader: Reader) -> list[dict[str, Any]] | str:
    """What is found for each row of one picture, or why it cannot be decoded."""
    try:
        photo = rows[0].load_photo(reader.photo_side)
    except PhotoError as error:
        return error.what
    look = read_look(photo, reader)
    return [_plain(product_garment(look, row.category, kind_of(row.category) or ""), photo) for row in rows]


def _plain(garment: Garment, photo: Photo) -> dict[str, Any]:
    whole = garment.box.width >= photo.width and garment.box.height >= photo.height
    if garment.category == WHOLE_PHOTO and whole and garment.mask is None:
        return {"box": None, "mask": None, "detected": None}
    mask = None
    if garment.mask is not None:
        painted = paint_mask(garment.mask, garment.box, photo.width, photo.height)
        mask = encode_rle(painted) if painted.any() else None
    return {
        "box": list(garment.box.corners),
        "mask": mask,
        "detected": {"category": garment.category, "score": garment.score},
    }


def _with(row: Sample, given: Mapping[str, Any]) -> Sample:
    box = None if given["box"] is None else tuple(given["box"])
    return replace(row, box=box, mask=given["mask"], attributes={**row.attributes, "detected": given["detected"]})


def _claim(parts: Path, about: Mapping[str, str]) -> None:
    known = _read_part(parts / _ABOUT)
    if known is not None and known != about:
        raise UsageError(
            "holds what another reader, or another manifest, was begun with",
            where=str(parts),
            hint="Remove the folder, or choose another --out",
        )
    _write_part(parts / _ABOUT, about)


def _write_part(path: Path, value: Any) -> None:
    with output_file(path) as partial:
        partial.write_text(json.dumps(value), encoding="utf-8")


def _read_part(path: Path) -> Any:
    """None where there is none, or half a one."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
