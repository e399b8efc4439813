"""Markers inside the true mask of their garment: ours against the middle of the box, on labelled and drawn photos.

    python benchmarks/hotspots.py [--ccp FOLDER] [--split test] [--studio FOLDER] [--json]

``--ccp`` is the folder of Clothing Co-Parsing, ``--studio`` one that ``streetshop studio`` wrote. A garment counts when
it is found: its box overlaps the box around the true mask of its kind by an IoU of 0.5. Both markers are of the same
box, so that only the rule differs. Shares have 95 % intervals by bootstrap over photos.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streetshop.core.geometry import box_of_mask
from streetshop.core.kinds import KINDS
from streetshop.core.photo import Photo
from streetshop.core.records import Product
from streetshop.feeds.kinds import named
from streetshop.lab.data.classes import CLASSES
from streetshop.lab.data.sets import ccp
from streetshop.lab.data.splits import Split
from streetshop.looks import PHOTO_SIDE, load_reader
from streetshop.looks.hotspots import LEAST_APART, closest
from streetshop.studio import decode_mask
from streetshop.studio.truth import from_json

LEAST_IOU = 0.5
REPEATS = 2000

Truth = tuple[Photo, dict[str, NDArray[np.bool_]]]
"""A photo, and by kind the pixels that are of it."""


def labelled(root: Path, split: Split) -> Iterator[Truth]:
    """The photos of a split that have pixel labels."""
    for name in ccp.labelled_names(root, split):
        labels = ccp.class_labels(root, name)
        masks = {kind: labels == CLASSES.index(kind) for kind in KINDS}
        photo = Photo.from_path(root / "photos" / f"{name}.jpg", at_least=PHOTO_SIDE)
        yield photo, {kind: mask for kind, mask in masks.items() if mask.any()}


def drawn(root: Path) -> Iterator[Truth]:
    """The drawn pictures of worn garments."""
    for path in sorted((root / "truth").glob("*.json")):
        truth = from_json(path.read_text())
        if not truth.persons:
            continue
        masks: dict[str, NDArray[np.bool_]] = {}
        for garment in truth.garments:
            kind = named(Product("x", category=garment.category)).kind
            mask = decode_mask(garment.mask, truth.height, truth.width)
            if kind:
                masks[kind] = masks.get(kind, np.zeros_like(mask)) | mask
        yield Photo.from_path(root / truth.image, at_least=PHOTO_SIDE), masks


def measure(photos: Iterator[Truth]) -> list[list[tuple[str, bool, bool]]]:
    """For each photo and each garment found: its kind, and whether our marker and the box's middle are on it."""
    reader, rows = load_reader(), []
    near = wanted = 0
    for photo, masks in photos:
        look = reader.read(photo)
        row = []
        for garment in look.garments:
            mask = masks.get(garment.category)
            if mask is not None and garment.box.iou(box_of_mask(mask)) >= LEAST_IOU:
                hits = [bool(mask[int(y), int(x)]) for x, y in (garment.hotspot, garment.box.center)]
                row.append((garment.category, hits[0], hits[1]))
        rows.append(row)
        wanted += len(look.garments) > 1
        near += closest([garment.hotspot for garment in look.garments]) < LEAST_APART
    print(f"{near} of {wanted} photos have two markers less than {LEAST_APART:g} px apart", file=sys.stderr)
    return rows


def share(rows: Sequence[Sequence[tuple[str, bool, bool]]], which: int, kind: str | None = None) -> list[float]:
    """Share of markers on their garment with its interval, and the number of garments."""
    counts = np.array(
        [[sum(g[which] for g in r if kind in (None, g[0])), sum(kind in (None, g[0]) for g in r)] for r in rows]
    )
    rng = np.random.default_rng(0)
    drawn = counts[rng.integers(0, len(rows), (REPEATS, len(rows)))].sum(axis=1)
    low, high = np.percentile(drawn[:, 0] / np.maximum(drawn[:, 1], 1), [2.5, 97.5])
    return [round(float(v), 3) for v in (counts[:, 0].sum() / counts[:, 1].sum(), low, high)] + [
        int(counts[:, 1].sum())
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--ccp", type=Path)
    parser.add_argument("--split", default="test", choices=["train", "val", "test"])
    parser.add_argument("--studio", type=Path)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    sources = []
    if asked.ccp:
        sources.append((f"CCP {asked.split}", labelled(asked.ccp, asked.split)))
    if asked.studio:
        sources.append(("studio", drawn(asked.studio)))
    if not sources:
        parser.error("give --ccp or --studio")
    for name, photos in sources:
        rows = [row for row in measure(photos) if row]
        kinds = sorted({garment[0] for row in rows for garment in row}, key=KINDS.index)
        table = {kind or "all": [share(rows, 1, kind), share(rows, 2, kind)] for kind in (None, *kinds)}
        if asked.json:
            print(json.dumps({name: {kind: {"ours": ours, "box": box} for kind, (ours, box) in table.items()}}))
            continue
        print(f"{name}, {len(rows)} photos: share of markers on their garment, ours | middle of the box | garments")
        for kind, (ours, box) in table.items():
            text = [f"{middle:.3f} [{low:.3f}, {high:.3f}]" for middle, low, high, _ in (ours, box)]
            print(f"{kind:10} {' | '.join(text)} | {ours[3]}")


if __name__ == "__main__":
    main()
