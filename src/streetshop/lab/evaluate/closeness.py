"""Fit how a search's similarities become scores, on pairs of garments and products that a person judged.

``data/sets/judged_pairs.csv`` has a row per pair: a garment of a validation photo of Clothing Co-Parsing, by its box in
pixels and the kind it was searched as; a picture of the Clothing data set, with its kind; and whether the two look
``alike``, ``somewhat`` alike, or not (``no``).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streetshop.catalog.store import Store, check_encoder, split_blocks
from streetshop.core.errors import DatasetError
from streetshop.core.geometry import Box
from streetshop.core.photo import Photo
from streetshop.core.progress import say
from streetshop.core.records import Block, Garment, Vector
from streetshop.lab.data.sets.ccp import labelled_names
from streetshop.lab.data.tables import find
from streetshop.looks import PHOTO_SIDE, Reader, garment_picture, read_look
from streetshop.models import Encoder
from streetshop.models.spec import CosineScale
from streetshop.search.closeness import Scale
from streetshop.search.kinds import likely_kinds, other_kinds

JUDGED: Final = Path(__file__).parents[1] / "data" / "sets" / "judged_pairs.csv"
JUDGEMENTS: Final = ("no", "somewhat", "alike")
FOLDS: Final = 3
_SAME_BOX: Final = 0.7
"""Least overlap of a judged garment and one that the reader finds."""
_PRODUCTS: Final = 200
"""Most products of its kind that a garment is paired with at random."""


@dataclass(frozen=True, slots=True)
class JudgedPair:
    """A garment and a product that a person looked at side by side."""

    photo: str
    box: Box
    kind: str
    product: str
    product_kind: str
    judgement: str


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Judged pairs with their cosines.

    Attributes:
        cosines: (n, blocks) float64.
        added: (n,) what the ranking adds for the kinds of the two.
        judgements: (n,) index into ``JUDGEMENTS``.
        photos: (n,) index of the photo.
    """

    cosines: NDArray[np.float64]
    added: NDArray[np.float64]
    judgements: NDArray[np.int64]
    photos: NDArray[np.int64]

    def part(self, mask: NDArray[np.bool_]) -> Pairs:
        """The pairs that a mask selects."""
        return Pairs(self.cosines[mask], self.added[mask], self.judgements[mask], self.photos[mask])


def read_judged(path: Path = JUDGED) -> list[JudgedPair]:
    """The judged pairs, in the order of their photos.

    Raises:
        DatasetError: a row has another judgement than ``JUDGEMENTS``.
    """
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["judgement"] not in JUDGEMENTS:
            raise DatasetError(f"judgement {row['judgement']!r:.40}", where=str(path), hint=f"Use {JUDGEMENTS}")
    return [
        JudgedPair(
            row["photo"],
            Box(*(float(row[name]) for name in ("x0", "y0", "x1", "y1"))),
            row["kind"],
            row["product"],
            row["product_kind"],
            row["judgement"],
        )
        for row in sorted(rows, key=lambda row: row["photo"])
    ]


def read_garments(root: Path, encoder: Encoder, reader: Reader) -> dict[str, list[tuple[Garment, Vector]]]:
    """The garments of the validation photos with their vectors, by the photo's number.

    Args:
        root: of Clothing Co-Parsing.
        encoder: of the vectors.
        reader: that finds the garments.
    """
    found = {}
    names = labelled_names(root, "val")
    for i, name in enumerate(names):
        photo = Photo.from_path(find(root, f"photos/{name}.jpg", what="a photo"), at_least=PHOTO_SIDE)
        garments = read_look(photo, reader).garments
        pictures = [encoder.prepare(garment_picture(photo, garment, encoder.spec)) for garment in garments]
        found[name] = list(zip(garments, encoder.encode(pictures), strict=True))
        if i % 10 == 9:
            say(f"{i + 1} of {len(names)} photos")
    return found


def judged_cosines(
    judged: Sequence[JudgedPair],
    garments: Mapping[str, Sequence[tuple[Garment, Vector]]],
    products: Mapping[str, Vector],
    blocks: Sequence[Block],
) -> Pairs:
    """The cosines of the judged pairs.

    Pairs whose garment the reader does not find, or whose product is not in the catalog, are left out.

    Raises:
        DatasetError: none is left.
    """
    rows, added, judgements, photos = [], [], [], []
    for number, (name, pairs) in enumerate(groupby(judged, key=lambda pair: pair.photo)):
        for pair in pairs:
            vector = _vector_at(pair.box, garments.get(name, ()))
            if vector is None or pair.product not in products:
                continue
            rows.append(cosines(vector, products[pair.product][None], blocks)[0])
            same = pair.kind == pair.product_kind
            added.append(0.0 if same else other_kinds(None, {pair.kind: 1.0})[1][pair.product_kind])
            judgements.append(JUDGEMENTS.index(pair.judgement))
            photos.append(number)
    if not rows:
        raise DatasetError(
            "no judged pair has its garment found and its product in the catalog",
            hint="Index the Clothing data set with the column image as id",
        )
    if len(rows) < len(judged):
        say(f"{len(judged) - len(rows)} of {len(judged)} judged pairs left out: garment not found or product not there")
    return Pairs(np.array(rows), np.array(added), np.array(judgements), np.array(photos))


def random_cosines(
    garments: Mapping[str, Sequence[tuple[Garment, Vector]]],
    products: Mapping[str, Vector],
    kinds: Mapping[str, str],
    blocks: Sequence[Block],
) -> NDArray[np.float64]:
    """(n, blocks) cosines of garments and random products of their kind.

    Args:
        garments: with their vectors, by photo.
        products: vectors by id.
        kinds: of the products, by id.
        blocks: of the vectors.
    """
    ids: dict[str, list[str]] = {}
    for product in sorted(products):
        ids.setdefault(kinds.get(product, ""), []).append(product)
    random = np.random.default_rng(0)
    found = []
    for garment, vector in (pair for pairs in garments.values() for pair in pairs):
        names = ids.get(next(iter(likely_kinds(garment.kinds)), ""), [])
        if names:
            chosen = random.choice(len(names), min(_PRODUCTS, len(names)), replace=False)
            found.append(cosines(vector, np.stack([products[names[i]] for i in chosen]), blocks))
    return np.concatenate(found)


def cosines(vector: Vector, others: NDArray[np.float32], blocks: Sequence[Block]) -> NDArray[np.float64]:
    """(n, blocks) cosines of a vector (dim,) and others (n, dim)."""
    asked, found = split_blocks(vector, blocks), split_blocks(others.T, blocks)
    return np.stack([asked[block.name] @ found[block.name] for block in blocks], axis=1).astype(np.float64)


def fit_scale(pairs: Pairs, random: NDArray[np.float64], blocks: Sequence[Block]) -> CosineScale:
    """Logistic regression of being alike on the standardised similarity under the default weights.

    Args:
        pairs: judged ones.
        random: (n, blocks) cosines of random pairs of one kind.
        blocks: with the default weights.
    """
    from sklearn.linear_model import LogisticRegression

    mean, covariance = random.mean(axis=0), np.cov(random.T)
    share = np.array([block.weight for block in blocks]) / sum(block.weight for block in blocks)
    standardised = (pairs.cosines @ share + pairs.added - share @ mean) / np.sqrt(share @ covariance @ share)
    fitted = LogisticRegression(C=1e3).fit(standardised[:, None], pairs.judgements == JUDGEMENTS.index("alike"))
    return CosineScale(
        mean=tuple(round(float(value), 5) for value in mean),
        covariance=tuple(tuple(round(float(value), 6) for value in row) for row in covariance),
        slope=round(float(fitted.coef_[0, 0]), 4),
        intercept=round(float(fitted.intercept_[0]), 4),
    )


def scores(pairs: Pairs, scale: CosineScale, blocks: Sequence[Block], weights: Mapping[str, float]) -> list[float]:
    """The score of each pair under some weights, as a search gives it."""
    share = np.array([weights[block.name] for block in blocks])
    ranks = pairs.cosines @ (share / share.sum()) + pairs.added
    found = Scale.of(scale, blocks, weights)
    return [found.score(float(rank)) for rank in ranks]


def held_out_scores(pairs: Pairs, random: NDArray[np.float64], blocks: Sequence[Block]) -> NDArray[np.float64]:
    """(n,) scores under the default weights, each by a fit that has not seen the pair's photo."""
    found, weights = np.zeros(len(pairs.photos)), {block.name: block.weight for block in blocks}
    for fold in range(FOLDS):
        held = pairs.photos % FOLDS == fold
        found[held] = scores(pairs.part(held), fit_scale(pairs.part(~held), random, blocks), blocks, weights)
    return found


def product_vectors(store: Store, encoder: Encoder) -> Iterator[tuple[str, str, Vector]]:
    """Id, kind and main vector of each product. Raises CatalogEncoderMismatch."""
    check_encoder(store.meta, encoder.fingerprint, store.url)
    for product_id, entry in store.entries(list(store.ids())).items():
        yield product_id, entry.product.kind, entry.vectors[0]


def _vector_at(box: Box, garments: Sequence[tuple[Garment, Vector]]) -> Vector | None:
    near = max(garments, key=lambda pair: pair[0].box.iou(box), default=None)
    return near[1] if near is not None and near[0].box.iou(box) >= _SAME_BOX else None
