"""Several photos of one garment as one query: which garment of each photo it is, and the mean of their vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streetshop.catalog.store import split_blocks
from streetshop.core.errors import RequestInvalid
from streetshop.core.records import Block, Garment, Look, Vector
from streetshop.looks import WHOLE_PHOTO
from streetshop.search.closeness import Scale

MAX_PHOTOS: Final = 8
"""The most photos of one garment."""
MAX_GARMENTS_EACH: Final = 8
"""Garments of each photo that are compared."""
LEAST_SCORE: Final = 0.05
"""Least score of two pictures of one garment; below it the photos are refused."""

LEAST_COMMON: Final = 0.1
"""The same for an encoder without scores: the least probability that the kinds of two garments have in common."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The garment in one of several photos.

    Attributes:
        name: of the photo.
        look: what was read in it.
        index: of the garment in the look.
        garment: the garment.
        similarity: of its vector and the mean of all, -1 to 1.
    """

    name: str
    look: Look
    index: int
    garment: Garment
    similarity: float


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """A photo with the garments that may be the one searched for.

    Attributes:
        name: of the photo.
        look: what was read in it.
        garments: of the look, at least one.
        vectors: (garments, dim).
    """

    name: str
    look: Look
    garments: Sequence[Garment]
    vectors: NDArray[np.float32]

    @property
    def nothing(self) -> bool:
        """Whether a reader found nothing, and the whole photo stands for a garment."""
        whole = all(garment.category == WHOLE_PHOTO and garment.mask is None for garment in self.garments)
        return whole and self.look.reader is not None


def check_photos(count: int, *, boxed: bool) -> None:
    """Check how many photos of one garment are given.

    Raises:
        RequestInvalid: one or more than ``MAX_PHOTOS``, or boxes are given with them.
    """
    if count < 2:
        raise RequestInvalid(
            f"{count or 'no'} photo of one garment is given", where="photo", hint=f"Give 2 to {MAX_PHOTOS}"
        )
    if count > MAX_PHOTOS:
        raise RequestInvalid(
            f"{count} photos of one garment are given", where="photo", hint=f"Give at most {MAX_PHOTOS}"
        )
    if boxed:
        raise RequestInvalid(
            "a box is given with several photos",
            where="box",
            hint="Crop the photos to the garment instead, or name its index in the first photo with garment",
        )


def same_garment(
    photos: Sequence[Candidates], blocks: Sequence[Block], weights: Mapping[str, float], scale: Scale | None
) -> tuple[tuple[View, ...], Vector]:
    """The garment that all photos show, and the mean of its vectors.

    Of the garments of the first photo it is the one to which the others have the most similar ones. Kinds are compared
    only where there are no scores: a reader may name one thing differently in each photo.

    Args:
        photos: two or more.
        blocks: of the vectors.
        weights: of the blocks.
        scale: makes scores of similarities; None when the encoder is not calibrated.

    Returns:
        The garment in each photo, and (dim,) the mean with every block of unit length.

    Raises:
        RequestInvalid: the photos show different garments, or one shows none.
    """
    first, *others = photos
    share = np.array([weights[block.name] for block in blocks])
    factors = np.repeat(share / share.sum(), [block.dim for block in blocks]).astype(np.float32)
    likeness = [(first.vectors * factors) @ other.vectors.T for other in others]
    if scale is None:
        for matrix, other in zip(likeness, others, strict=True):
            matrix[~_may_be_one(first, other)] = -np.inf
    nearest = np.stack([matrix.max(axis=1) for matrix in likeness])  # (other photos, garments of the first)
    chosen = int(np.argmax(nearest.mean(axis=0)))
    for other, similarity in zip(others, nearest[:, chosen].tolist(), strict=True):
        alike = similarity > -np.inf and (scale is None or scale.score(similarity) >= LEAST_SCORE)
        empty = next((photo.name for photo in (other, first) if photo.nothing), None)
        if not alike and empty is not None:
            raise RequestInvalid(f"no garment was found in {empty}", where="photo", hint="Leave it out, or crop it")
        if not alike:
            raise RequestInvalid(
                f"{first.name} and {other.name} show different garments",
                where="photo",
                hint="Search with each photo alone, or name the garment of the first photo by its index",
            )
    places = [chosen, *(int(np.argmax(matrix[chosen])) for matrix in likeness)]
    vectors = np.stack([photo.vectors[place] for photo, place in zip(photos, places, strict=True)])
    mean = mean_vector(vectors, blocks)
    views = tuple(
        View(photo.name, photo.look, _index(photo, place), photo.garments[place], float((vector * factors) @ mean))
        for photo, place, vector in zip(photos, places, vectors, strict=True)
    )
    return views, mean


def mean_vector(vectors: NDArray[np.float32], blocks: Sequence[Block]) -> Vector:
    """(dim,) the mean of (n, dim) vectors, every block of unit length; of the first where a mean is zero."""
    mean: Vector = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    own = split_blocks(vectors[0], blocks)
    for name, part in split_blocks(mean, blocks).items():
        norm = float(np.linalg.norm(part))
        part[:] = part / norm if norm > 1e-6 else own[name]
    return mean


def mean_kinds(garments: Sequence[Garment]) -> dict[str, float]:
    """The mean probability of each kind over the garments whose kinds are known."""
    known = [garment.kinds for garment in garments if garment.kinds]
    names = {kind for kinds in known for kind in kinds}
    return {name: sum(kinds.get(name, 0.0) for kinds in known) / len(known) for name in sorted(names)}


def _may_be_one(photo: Candidates, other: Candidates) -> NDArray[np.bool_]:
    """(garments, garments of the other photo) whether two may be of one kind."""

    def common(one: Garment, theirs: Garment) -> float:
        if not one.kinds or not theirs.kinds:
            return 1.0
        return sum(min(p, theirs.kinds.get(kind, 0.0)) for kind, p in one.kinds.items())

    if photo.nothing != other.nothing:
        return np.zeros((len(photo.garments), len(other.garments)), np.bool_)
    return np.array([[common(one, theirs) >= LEAST_COMMON for theirs in other.garments] for one in photo.garments])


def _index(photo: Candidates, place: int) -> int:
    return next(i for i, garment in enumerate(photo.look.garments) if garment is photo.garments[place])
