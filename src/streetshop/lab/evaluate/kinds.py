"""Are the products found for worn garments of the right kind? Searches of a shop whose products' kinds are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streetshop.catalog.filters import And, Equals, Has, Not
from streetshop.core.geometry import paint_mask
from streetshop.core.kinds import KINDS
from streetshop.core.photo import Photo
from streetshop.core.records import Garment, Match
from streetshop.lab.core.progress import Progress
from streetshop.lab.data.sets.ccp import class_labels
from streetshop.lab.evaluate.intervals import Estimate, bootstrap
from streetshop.lab.evaluate.reader import true_garments
from streetshop.lab.evaluate.report import Figure, Section
from streetshop.looks.reader import PHOTO_SIDE
from streetshop.search import Query, Searcher, SearchRequest
from streetshop.search.searcher import GarmentAnswer

MODES: Final = ("any", "auto")
"""What is searched: all kinds, and the kinds that the garment probably is."""
_RASTER: Final = 352
"""Height in pixels of the raster on which garments are compared."""
_COVERED: Final = 0.5
"""A true garment is found when a found garment covers this share of its pixels."""
_FIRST: Final = 10
_DEEP: Final = 40
"""Products asked for, since those without a true kind are passed over."""
ABOUT: Final = (
    "A true garment is found when a found garment covers half of its pixels; the one that covers most is searched "
    "for. Products without a true kind are passed over. 95 % bootstrap intervals over photos."
)


@dataclass(frozen=True)
class Sought:
    """A true garment of a photo, and what the searches answer.

    Attributes:
        photo: its name.
        kind: true.
        named: kind that the reader gives the garment that covers it; empty when it is missed.
        probability: of that kind.
        sold: whether the shop has products of the true kind.
        first: by mode, whether the first product is of the kind, 0 or 1; empty unless it is found and sold.
        ten: by mode, the share of the first ten.
        honest: whether a shop without products of the kind, and of unknown kind, says so; None when it is missed.
        main: whether it is the largest true garment that the found one covers.
    """

    photo: str
    kind: str
    named: str = ""
    probability: float = 0.0
    sold: bool = False
    first: Mapping[str, float] = field(default_factory=dict)
    ten: Mapping[str, float] = field(default_factory=dict)
    honest: bool | None = None
    main: bool = False


def seek(searcher: Searcher, root: Path, names: Sequence[str], truth: Mapping[str, str]) -> list[Sought]:
    """Search for every true garment of some photos.

    Args:
        searcher: the shop, with the models that are measured.
        root: of Clothing Co-Parsing.
        names: numbers of the photos.
        truth: kind of the products, by id; others are passed over.
    """
    sought = []
    with Progress("searching", len(names)) as progress:
        for name in names:
            photo = Photo.from_path(root / "photos" / f"{name}.jpg", at_least=PHOTO_SIDE)
            sought += seek_in(searcher, photo, name, true_garments(class_labels(root, name)), truth)
            progress.advance()
    return sought


def seek_in(
    searcher: Searcher, photo: Photo, name: str, true: Sequence[Garment], truth: Mapping[str, str]
) -> list[Sought]:
    """Search for the true garments of one photo; see :func:`seek`."""
    sold = set(truth.values())
    asked = {mode: _request(searcher, mode) for mode in MODES}
    query = searcher.prepare(photo, asked["auto"])
    vectors = searcher.encoder.encode(query.pictures)
    answers = {mode: searcher.match(query, vectors, request).garments for mode, request in asked.items()}
    places = covered_by(true, query.garments, photo.width, photo.height)
    areas = [_area(garment) for garment in true]
    found = []
    for garment, number, area in zip(true, places, areas, strict=True):
        kind, is_sold = garment.category, garment.category in sold
        if number is None:
            found.append(Sought(name, kind, sold=is_sold))
            continue
        mine = {mode: _kinds(answers[mode][number].matches, truth) for mode in MODES} if is_sold else {}
        read = query.garments[number]
        found.append(
            Sought(
                name,
                kind,
                read.category,
                read.kinds.get(read.category, 0.0),
                is_sold,
                {mode: float(kinds[:1] == [kind]) for mode, kinds in mine.items()},
                {mode: float(np.mean([k == kind for k in kinds])) if kinds else 0.0 for mode, kinds in mine.items()},
                bool(_without(searcher, query, vectors, number, kind).lacking),
                area == max(a for a, place in zip(areas, places, strict=True) if place == number),
            )
        )
    return found


def covered_by(true: Sequence[Garment], found: Sequence[Garment], width: int, height: int) -> list[int | None]:
    """For each true garment, which found one covers most of its pixels, if it covers half of them.

    Args:
        true: garments of one photo; those without a mask fill their box.
        found: those of its reading.
        width: of the photo in pixels.
        height: of the photo in pixels.
    """
    if not true or not found:
        return [None] * len(true)
    size = (max(round(width * _RASTER / height), 1), _RASTER)
    scale = (size[0] / width, size[1] / height)
    one, other = (np.stack([_raster(g, size, scale) for g in some]) for some in (true, found))
    shares = (one @ other.T) / np.maximum(one.sum(axis=1, keepdims=True), 1)
    return [int(row.argmax()) if row.max() >= _COVERED else None for row in shares]


def calibration_error(sought: Sequence[Sought], bins: int = 10) -> float:
    """Expected calibration error of the probabilities of the named kinds, over bins of equally many found garments."""
    rows = np.asarray([(s.probability, s.named == s.kind) for s in sought if s.main], np.float64).reshape(-1, 2)
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    parts = [part for part in np.array_split(rows, bins) if len(part)]
    return sum(len(part) * abs(float(part[:, 0].mean() - part[:, 1].mean())) for part in parts) / max(len(rows), 1)


def sections(sought: Sequence[Sought]) -> tuple[Section, ...]:
    """The tables: of all garments together, and by true kind."""
    found = [s for s in sought if s.named]
    searched = [s for s in found if s.sold]
    whole = {
        "true garments found": _share(sought, lambda s: float(bool(s.named))),
        "found garments named right": _share(found, lambda s: float(s.named == s.kind)),
        "found garments of sold kinds named right": _share(searched, lambda s: float(s.named == s.kind)),
    }
    for mode in MODES:
        whole[f"first product of the right kind, kinds={mode}"] = _share(searched, _value("first", mode))
        whole[f"first ten of the right kind, kinds={mode}"] = _share(searched, _value("ten", mode))
    whole["a shop without the kind says so"] = _share(found, lambda s: float(bool(s.honest)))
    rows = {name: (Figure.of(estimate), Figure.of(estimate.queries, digits=0)) for name, estimate in whole.items()}
    rows["expected calibration error of the named kinds"] = (
        Figure.of(calibration_error(sought)),
        Figure.of(sum(s.main for s in sought), digits=0),
    )
    return (
        Section(title="Kinds of the products found", about=ABOUT, columns=("value", "garments"), rows=rows),
        Section(
            title="By true kind",
            columns=("garments", "found", "named right", *(f"first, {mode}" for mode in MODES), "ten, auto"),
            rows={kind: _row(sought, kind) for kind in KINDS if any(s.kind == kind for s in sought)},
        ),
    )


def _row(sought: Sequence[Sought], kind: str) -> tuple[Figure | None, ...]:
    mine = [s for s in sought if s.kind == kind]
    found = [s for s in mine if s.named]
    searched = [s for s in found if s.sold]
    cells: list[Figure | None] = [
        Figure.of(len(mine), digits=0),
        Figure.of(len(found) / len(mine), digits=2),
        Figure.of(sum(s.named == kind for s in found) / len(found), digits=2) if found else None,
    ]
    for name, mode in (*(("first", mode) for mode in MODES), ("ten", "auto")):
        cells.append(Figure.of(float(np.mean([getattr(s, name)[mode] for s in searched])), 2) if searched else None)
    return tuple(cells)


def _value(name: str, mode: str) -> Callable[[Sought], float]:
    return lambda sought: float(getattr(sought, name)[mode])


def _share(sought: Sequence[Sought], value: Callable[[Sought], float]) -> Estimate:
    return bootstrap([value(s) for s in sought], clusters=[s.photo for s in sought])


def _request(searcher: Searcher, mode: str, without: str = "") -> SearchRequest:
    where = And((Has("kind"), Not(Equals("kind", (without,))))) if without else None
    return SearchRequest.check(searcher.store, searcher.encoder.blocks, k=_DEEP, kinds=mode, where=where)


def _without(searcher: Searcher, query: Query, vectors: NDArray[np.float32], number: int, kind: str) -> GarmentAnswer:
    """The answer for one garment when products of its kind and of unknown kind are hidden."""
    alone = Query(query.look, (query.garments[number],), (query.pictures[number],))
    return searcher.match(alone, vectors[number : number + 1], _request(searcher, "auto", kind)).garments[0]


def _kinds(matches: Sequence[Match], truth: Mapping[str, str]) -> list[str]:
    """True kinds of the first products that have one."""
    return [truth[match.product.id] for match in matches if match.product.id in truth][:_FIRST]


def _area(garment: Garment) -> float:
    return garment.box.area * (1.0 if garment.mask is None else float(garment.mask.mean()))


def _raster(garment: Garment, size: tuple[int, int], scale: tuple[float, float]) -> NDArray[np.float32]:
    mask = np.ones((1, 1), np.bool_) if garment.mask is None else garment.mask
    return paint_mask(mask, garment.box.scale(*scale), *size).ravel().astype(np.float32)
