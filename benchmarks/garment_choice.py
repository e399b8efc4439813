"""Which of a photo's garments is taken for a label: rules beside each other, on photos with true boxes.

    python benchmarks/garment_choice.py MANIFEST [--split val --split test] [--reader BUNDLE]

For each row of a manifest with boxes, the reader's garments are read and each rule chooses one for the row's category;
right is a box with an IoU of at least 0.5 with the true one. Intervals are bootstrapped over photos.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from streetshop.core.geometry import Box
from streetshop.core.progress import say
from streetshop.core.records import Garment
from streetshop.feeds.kinds import last_words
from streetshop.lab.data.article_types import kind_of
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample
from streetshop.lab.evaluate.detector import truth_of
from streetshop.lab.evaluate.intervals import bootstrap
from streetshop.looks import Reader, load_reader, read_look, whole_photo


def size(garment: Garment) -> float:
    """Area of the box times score."""
    return garment.score * garment.box.area


def confidence(garment: Garment) -> float:
    """The score."""
    return garment.score


Rule = tuple[Callable[[Garment], float], str]
RULES: dict[str, Rule] = {
    "largest of the label, else largest of all": (size, "any"),
    "most confident of the label, else largest of all": (confidence, "any"),
    "most confident of the label, else the whole picture (method 4)": (confidence, "whole"),
    "largest of the label, else the whole picture": (size, "whole"),
}


def fitting(garments: tuple[Garment, ...], category: str) -> list[Garment]:
    """The garments of the category's kind, or of its last word."""
    kind, words = kind_of(category), last_words(category)
    found = [
        g
        for g in garments
        if kind and (g.category == kind or max(g.kinds, key=g.kinds.__getitem__, default="") == kind)
    ]
    return found or [g for g in garments if words and last_words(g.category)[-1:] == words[-1:]]


def judge(reader: Reader, pictures: dict[str, list[Sample]]) -> list[dict[str, object]]:
    """A record for each row: its photo, whether its label was found, and the IoU of each rule's box."""
    records: list[dict[str, object]] = []
    for number, (image, rows) in enumerate(pictures.items()):
        photo = rows[0].load_photo(reader.photo_side)
        garments = read_look(photo, reader).garments
        for row in rows:
            if row.box is None or kind_of(row.category) is None:
                continue
            fit, true = fitting(garments, row.category), Box(*row.box)
            record: dict[str, object] = {"photo": image, "found": len(fit)}
            for name, (key, fallback) in RULES.items():
                other = max(garments, key=size) if fallback == "any" else whole_photo(photo)
                record[name] = (max(fit, key=key) if fit else other).box.iou(true)
            records.append(record)
        if number % 25 == 24:
            say(f"{number + 1} of {len(pictures)} photos")
    return records


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--split", action="append", help="default: val and test, which the packaged reader did not see")
    parser.add_argument("--reader", type=Path)
    options = parser.parse_args()
    manifest = Manifest.read(options.manifest)
    wanted = np.isin(manifest.column("split").astype(str), options.split or ["val", "test"])
    pictures = truth_of(list(manifest.take(np.flatnonzero(wanted))))
    records = judge(load_reader(options.reader, threads=2), pictures)
    shares = {
        "all": records,
        "several of the label": [r for r in records if r["found"] > 1],
        "none of the label": [r for r in records if r["found"] == 0],
    }
    out = sys.stdout
    out.write(f"{len(records)} garments in {len(pictures)} photos; manifest {manifest.fingerprint}\n\n")
    out.write("| rule | garments | IoU >= .5 | mean IoU | mean IoU less the first rule's |\n|---|---|---|---|---|\n")
    for title, some in shares.items():
        for name in RULES:
            if not some:
                continue
            overlap = np.asarray([r[name] for r in some], float)
            photos = [str(r["photo"]) for r in some]
            less = overlap - np.asarray([r[next(iter(RULES))] for r in some], float)
            values = ((overlap >= 0.5).astype(float), overlap, less)
            estimates = [bootstrap(v, clusters=photos) for v in values]
            cells = " | ".join(f"{e.mean:.3f} [{e.low:.3f}, {e.high:.3f}]" for e in estimates)
            out.write(f"| {name} | {title}, {len(some)} | {cells} |\n")


if __name__ == "__main__":
    main()
