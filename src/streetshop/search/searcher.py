"""Photo in, products out: prepare, encode, match. Several photos of one garment are one query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from streetshop.catalog.filters import Has
from streetshop.catalog.store import Store, check_encoder
from streetshop.core.errors import RequestInvalid
from streetshop.core.photo import Photo
from streetshop.core.records import Garment, Look, Match, Vector
from streetshop.looks import Reader, WholePhotoReader, boxed_garment, garment_picture, read_look
from streetshop.models import Encoder, Prepared
from streetshop.search.closeness import SIMILAR
from streetshop.search.groups import check_together, kind_of, within_group
from streetshop.search.heatmap import Covered, cover, draw_heatmap, sensitivity
from streetshop.search.kinds import likely_kinds, of_kinds
from streetshop.search.match import nearest
from streetshop.search.request import SearchRequest, check_whole
from streetshop.search.together import (
    MAX_GARMENTS_EACH,
    Candidates,
    View,
    check_photos,
    mean_kinds,
    same_garment,
)

MAX_OTHERS: Final = 6
"""The most products of other kinds that are offered when there are no matches."""


Lacking: TypeAlias = Literal["", "kind", "filter", "min_score", "closeness"]


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """A photo that is ready for the encoder.

    Attributes:
        look: what was read in the photo; without garments if boxes were given.
        garments: what is searched for.
        pictures: of the garments, as the encoder takes them.
    """

    look: Look
    garments: tuple[Garment, ...]
    pictures: tuple[Prepared, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a search by a vector found; the attributes are those of :class:`GarmentAnswer`."""

    matches: tuple[Match, ...]
    kinds: Mapping[str, float]
    lacking: Lacking = ""
    others: tuple[Match, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class GarmentAnswer:
    """A garment of the photo and the products nearest to it.

    Attributes:
        garment: what was searched for.
        vector: (dim,) of the garment.
        matches: nearest first.
        kinds: that were searched, with their probabilities; empty when all were.
        lacking: why there are no matches: ``kind`` when the shop has no product that is known to be of these kinds,
            ``filter`` when none of them passes the filter, ``min_score`` when none has the least score; ``closeness``
            when there are matches, but the best is only loosely similar. Empty otherwise, and on further pages.
        others: when something is lacking, the nearest products of other and of unknown kinds; for ``closeness`` only
            similar ones.
        views: the garment in each photo, when several photos of one garment were given.
    """

    garment: Garment
    vector: Vector
    matches: tuple[Match, ...]
    kinds: Mapping[str, float] = field(default_factory=dict)
    lacking: Lacking = ""
    others: tuple[Match, ...] = ()
    views: tuple[View, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a photo search found. ``weights`` are those of every block, as used."""

    look: Look
    garments: tuple[GarmentAnswer, ...]
    weights: Mapping[str, float]


class Searcher:
    """A catalog with the models that fill it. Calls are safe from several threads.

    Raises:
        CatalogEncoderMismatch: the catalog's vectors are of another encoder.
    """

    def __init__(self, store: Store, encoder: Encoder, reader: Reader = WholePhotoReader()) -> None:
        check_encoder(store.meta, encoder.fingerprint, store.url)
        self.store = store
        self.encoder = encoder
        self.reader = reader

    def search(self, photo: Photo, request: SearchRequest) -> Answer:
        """Products for every garment of the photo that the request is about."""
        query = self.prepare(photo, request)
        return self.match(query, self.encoder.encode(query.pictures), request)

    def search_together(self, photos: Sequence[Photo], request: SearchRequest, names: Sequence[str]) -> Answer:
        """Products for the one garment that several photos show.

        Args:
            photos: 2 to ``MAX_PHOTOS`` (``streetshop.search.together``).
            request: its garment is that of the first photo.
            names: of the photos, for messages.

        Raises:
            RequestInvalid: too few or too many photos, boxes are given, or the photos show different garments, or none.
        """
        check_photos(len(photos), boxed=bool(request.boxes))
        queries = [self.prepare_together(photo, request, number) for number, photo in enumerate(photos)]
        vectors = self.encoder.encode([picture for query in queries for picture in query.pictures])
        return self.match_together(queries, vectors, request, names)

    def prepare_together(self, photo: Photo, request: SearchRequest, number: int) -> Query:
        """The first stage for one of several photos, counted from 0.

        Raises:
            RequestInvalid: the encoder has groups.
        """
        check_together(self.encoder)
        return self.prepare(photo, request if number == 0 else replace(request, garment=None), MAX_GARMENTS_EACH)

    def match_together(
        self, queries: Sequence[Query], vectors: NDArray[np.float32], request: SearchRequest, names: Sequence[str]
    ) -> Answer:
        """The last stage for several photos of one garment; ``vectors`` are those of all pictures, in order.

        Raises:
            RequestInvalid: the photos show different garments, or none.
        """
        ends = np.cumsum([len(query.pictures) for query in queries])[:-1].tolist()
        candidates = [
            Candidates(name, query.look, query.garments, part)
            for name, query, part in zip(names, queries, np.split(vectors, ends), strict=True)
        ]
        views, mean = same_garment(candidates, self.encoder.blocks, request.weights, request.scale)
        found = self.near(mean, request, likely_kinds(mean_kinds([view.garment for view in views])))
        garment = GarmentAnswer(views[0].garment, mean, found.matches, found.kinds, found.lacking, found.others, views)
        return Answer(queries[0].look, (garment,), request.weights)

    def prepare(self, photo: Photo, request: SearchRequest, max_garments: int | None = None) -> Query:
        """The first stage: read the photo, or take the boxes of the request, and cut the garments out.

        Args:
            photo: decoded to at least ``PHOTO_SIDE`` (``streetshop.looks``).
            request: which garments, or which boxes.
            max_garments: take only the first ones of the look; None for all.

        Raises:
            RequestInvalid: the photo has no garment of that index.
            GeometryError: a box lies outside the photo.
        """
        if request.boxes:
            look = Look(photo.width, photo.height, (), reader=self.reader.name)
            garments = self._boxed(photo, request)
        else:
            look = read_look(photo, self.reader)
            garments = _chosen(look, request.garment)[:max_garments]
        pictures = (
            self.encoder.prepare(garment_picture(photo, garment, self.encoder.spec), kind_of(garment, request.kinds))
            for garment in garments
        )
        return Query(look, garments, tuple(pictures))

    def _boxed(self, photo: Photo, request: SearchRequest) -> tuple[Garment, ...]:
        """The boxes of the request; without kinds in the request, each with those that the reader sees in it."""
        boxes = [box.clip(photo.width, photo.height) for box in request.boxes]
        kinds = self.reader.kinds_in(photo, boxes) if request.kinds is None else ({},) * len(boxes)
        return tuple(replace(boxed_garment(box), kinds=names) for box, names in zip(boxes, kinds, strict=True))

    def match(self, query: Query, vectors: NDArray[np.float32], request: SearchRequest) -> Answer:
        """The last stage: the products nearest to each garment's vector."""
        garments = []
        for garment, vector in zip(query.garments, vectors, strict=True):
            found = self.near(vector, request, likely_kinds(garment.kinds), kind_of(garment, request.kinds))
            garments.append(GarmentAnswer(garment, vector, found.matches, found.kinds, found.lacking, found.others))
        return Answer(query.look, tuple(garments), request.weights)

    def near(self, vector: Vector, request: SearchRequest, kinds: Mapping[str, float], kind: str = "") -> Found:
        """The products nearest to a vector, or why there are none and what comes nearest of other kinds.

        Args:
            vector: (dim,) of a garment.
            request: how many products, which, and how the blocks count; its kinds, if it has any, are searched.
            kinds: else searched, with their probabilities; empty for all.
            kind: by which the vector was encoded; it matters to an encoder with groups, whose kinds alone are searched.

        Raises:
            RequestInvalid: kinds of several groups are asked for, and their vectors do not compare.
        """
        if self.encoder.grouped:
            request, kinds = within_group(self.encoder, request, kinds, kind)
        if request.kinds is not None:
            kinds = dict.fromkeys(request.kinds, 1.0)
        matches = nearest(self.store, vector, request, kinds)
        lacking: Lacking = "" if request.offset else self._lacking(matches, vector, request, kinds)
        if not lacking or not kinds or self.encoder.grouped:
            return Found(() if lacking == "kind" else matches, kinds, lacking)
        least = max(request.min_score, SIMILAR) if lacking == "closeness" else request.min_score
        elsewhere = replace(request, k=min(request.k, MAX_OTHERS), min_score=least)
        others = nearest(self.store, vector, elsewhere, kinds, apart=True)
        return Found(() if lacking == "kind" else matches, kinds, lacking, others)

    def _lacking(
        self, matches: tuple[Match, ...], vector: Vector, request: SearchRequest, kinds: Mapping[str, float]
    ) -> Lacking:
        """What is lacking among the first matches of these kinds."""
        sold = any(match.product.kind for match in matches)
        if kinds and not sold:
            sold = self.store.count(of_kinds(None, tuple(kinds), unknown=False)) > 0
            if not sold and self._knows_kinds():
                return "kind"
        if matches:
            best = max((match.score for match in matches if match.score is not None), default=SIMILAR)
            return "closeness" if best < SIMILAR else ""
        if request.min_score and nearest(self.store, vector, replace(request, k=1, min_score=0.0), kinds):
            return "min_score"
        return "filter" if kinds or request.where is not None else ""

    def _knows_kinds(self) -> bool:
        """Whether the kinds of most products are known: only then does the shop lack what it has no product of."""
        return 2 * self.store.count(Has("kind")) > self.store.count()

    def cover(self, photo: Photo, request: SearchRequest) -> Covered:
        """The first garment that the request is about, with its patches covered: the first stage of a heat map.

        Raises:
            RequestInvalid: the photo has no such garment.
        """
        garments = self.prepare(photo, request, 1).garments
        if not garments:
            raise RequestInvalid("the photo has no garment", hint="Give a box")
        picture = garment_picture(photo, garments[0], self.encoder.spec)
        return cover(self.encoder, picture, kind_of(garments[0], request.kinds))

    def heatmap(
        self, covered: Covered, vectors: NDArray[np.float32], product_id: str, request: SearchRequest, shot: int = 0
    ) -> bytes:
        """A PNG of the garment that shows where the similarity to a product's shot comes from: the last stage.

        Args:
            covered: from :meth:`cover`.
            vectors: of its pictures.
            product_id: of the match.
            request: its weights count.
            shot: of the match.

        Raises:
            ProductMissing: there is no such product.
            RequestInvalid: it has no such shot.
        """
        falls = sensitivity(vectors, self._shot(product_id, shot), self.encoder, request.weights)
        return draw_heatmap(covered.picture, falls)

    def _shot(self, product_id: str, shot: int) -> Vector:
        """(dim,) vector of a shot."""
        vectors, shot = self.store.vectors(product_id), check_whole("shot", shot)
        if not 0 <= shot < len(vectors):
            raise RequestInvalid(f"product {product_id!r} has {len(vectors)} shots, no number {shot}")
        found: Vector = vectors[shot]
        return found

    def similar(self, product_id: str, request: SearchRequest, shot: int = 0) -> tuple[Match, ...]:
        """The products nearest to a shot of a product, without that product.

        Raises:
            ProductMissing: there is no such product.
            RequestInvalid: it has no such shot.
        """
        vector = self._shot(product_id, shot)
        request = replace(request, without=product_id)
        if request.kinds is None:
            (product,) = self.store.get([product_id])
            request = replace(request, kinds=(product.kind,) if product is not None and product.kind else ())
        if self.encoder.grouped:
            request, _ = within_group(self.encoder, request, {}, request.kinds[0] if request.kinds else "")
        return nearest(self.store, vector, request)


def _chosen(look: Look, garment: int | None) -> tuple[Garment, ...]:
    if garment is None:
        return look.garments
    if not 0 <= garment < len(look.garments):
        raise RequestInvalid(
            f"there is no garment {garment}", hint=f"The photo has {len(look.garments)}, counted from 0"
        )
    return (look.garments[garment],)
