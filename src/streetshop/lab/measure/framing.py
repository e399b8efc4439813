"""Measure a framing head beside the rule on the keypoints, on labelled photos and on drawn pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from streetshop.core.photo import Photo
from streetshop.lab.core.progress import Progress
from streetshop.lab.data.framing import FramedPicture, draw_pages, read_labelled
from streetshop.lab.data.sets import ccp as ccp_set
from streetshop.lab.evaluate.report import Dataset, Figure, Report, Section, fingerprint_files
from streetshop.lab.evaluate.views import Shown, confusion, page_choices, shares, shown
from streetshop.lab.measure.public import measured_on, report_of
from streetshop.looks.read import read_look
from streetshop.looks.reader import OnnxReader
from streetshop.models.framing import FramingHead
from streetshop.models.reader import DEFAULT_READER, Reading

PAGES: Final = 60
"""Drawn pages that are measured on."""
DRAWING: Final = 9902
"""Seed of the studio for these pages; no other pages are drawn from it."""
_ROWS: Final = ("view", "full shot", "eyes on backs", "filtered", "ranked")
_NAMES: Final = {
    "view": "views that are right",
    "full shot": "full shots that are right",
    "eyes on backs": "backs with both eyes reported (0 is best)",
    "filtered": "pages whose front picture alone is a front full shot",
    "ranked": "pages whose front picture is the most probable front full shot",
}


def measure_framing(bundle: Path, photos: Path, cache: Path, *, threads: int = 2) -> Report:
    """Measure a framing head.

    Args:
        bundle: its folder.
        photos: the folder of photos of Clothing Co-Parsing.
        cache: where the pages are drawn.
        threads: of the network.
    """
    real = read_labelled(photos, "test")
    pages = draw_pages(cache / f"views-{DRAWING}-{PAGES}", PAGES, DRAWING)
    reader = _Once(DEFAULT_READER, threads=threads, framing=None)
    heads = {"head": FramingHead(bundle), "rule on keypoints": None}
    tables, columns = [], {}
    for where, pictures in (("photos", real), ("drawn pages", pages)):
        found = _read_by_all(reader, heads, pictures, where)
        for name, read in found.items():
            choices = page_choices(read) if where == "drawn pages" else {}
            columns[f"{name}, {where}"] = shares(read) | choices
            about = f"{len(read)} pictures; rows are true views."
            tables.append(confusion(read, f"Views by the {name}, {where}", about))
    data = (
        Dataset(
            name="Clothing Co-Parsing",
            use=f"measured on {len(real)} parts of {len({one.group for one in real})} other photos",
            licence=ccp_set.STATED_LICENCE,
            fingerprint=fingerprint_files({one.path for one in real}),
        ),
        Dataset(
            name="studio",
            use=f"measured on {PAGES} drawn pages of other products (seed {DRAWING})",
            fingerprint=fingerprint_files({one.path for one in pages}),
        ),
    )
    measured = "On photos and pages that the head was not fitted to; the reader was trained on 80 % of the photos."
    return measured_on(report_of(bundle), data, measured, [_summary(columns), *tables])


class _Once(OnnxReader):
    """Runs the network once for each photo, however often the photo is read."""

    _last: tuple[Photo, Reading] | None = None

    def see(self, photo: Photo) -> Reading:
        """Run the network, or return what it said of the same photo."""
        if self._last is None or self._last[0] is not photo:
            self._last = (photo, super().see(photo))
        return self._last[1]


def _read_by_all(
    reader: _Once, heads: Mapping[str, FramingHead | None], pictures: Sequence[FramedPicture], where: str
) -> dict[str, list[Shown]]:
    """What each head reads in all pictures."""
    found: dict[str, list[Shown]] = {name: [] for name in heads}
    with Progress(where, len(pictures)) as progress:
        for picture in pictures:
            photo = picture.load()
            for name, head in heads.items():
                reader.framing = head
                found[name].append(shown(picture, read_look(photo, reader)))
            progress.advance()
    return found


def _summary(columns: dict[str, dict[str, Figure]]) -> Section:
    return Section(
        title="Framing",
        about="95 % bootstrap intervals over photos or products.",
        columns=tuple(columns),
        rows={_NAMES[row]: tuple(figures.get(row) for figures in columns.values()) for row in _ROWS},
    )
