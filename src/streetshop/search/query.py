"""Ask a catalog: a vector and the shopper's weights in, products out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from streetshop.catalog.filters import Filter
from streetshop.catalog.store import Hit, Store, split_blocks
from streetshop.core.errors import CatalogEncoderMismatch, RequestInvalid, VectorError, WeightsError
from streetshop.core.geometry import Box
from streetshop.core.photo import Photo
from streetshop.core.records import Block, Garment, Look, Match, Product, Vector
from streetshop.looks import Reader, WholePhotoReader, boxed_garment, garment_picture, read_look
from streetshop.models import Encoder, Prepared

MAX_K: Final = 200
"""More products than this are never answered at once."""


@dataclass(frozen=True, slots=True)
class GarmentAnswer:
    """A garment of the photo and the products nearest to it, nearest first."""

    garment: Garment
    matches: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a photo search found."""

    look: Look
    garments: tuple[GarmentAnswer, ...]


def check_weights(weights: Mapping[str, float] | None, blocks: Sequence[Block]) -> dict[str, float]:
    """Weight of every block: the given ones, the defaults for the others.

    Raises :class:`WeightsError` for an unknown block, a weight that is negative or not finite, or all zero.
    """
    names = [block.name for block in blocks]
    for name, value in (weights or {}).items():
        if name not in names:
            raise WeightsError(f"no block is called {name!r}", hint=f"This encoder has {', '.join(names)}")
        if not math.isfinite(value) or not 0 <= value <= 100:
            raise WeightsError(f"weight {name}={value}", hint="Weights are numbers from 0 to 100")
    full = {block.name: (weights or {}).get(block.name, block.weight) for block in blocks}
    if not any(full.values()):
        raise WeightsError("all weights are zero", hint="Give at least one block a weight above 0")
    return full


def weigh(vector: Vector, blocks: Sequence[Block], weights: Mapping[str, float]) -> Vector:
    """The query: each block times its weight. Its dot product with a stored vector is the weighted sum of cosines."""
    factors = np.repeat([weights[block.name] for block in blocks], [block.dim for block in blocks])
    query: Vector = (vector * factors).astype(np.float32)
    return query


def search_vector(
    store: Store,
    vector: Vector,
    k: int,
    where: Filter | None = None,
    weights: Mapping[str, float] | None = None,
    *,
    without: str | None = None,
    exact: bool = False,
) -> list[Match]:
    """The ``k`` products nearest to ``vector``, each by its best shot.

    Args:
        vector: (dim,) concatenation of unit blocks.
        without: id of a product to leave out (the one whose like is asked for).

    Returns:
        Highest score first, ties by product id; fewer than ``k`` only when fewer pass the filter.
    """
    if not 1 <= k <= MAX_K:
        raise RequestInvalid(f"k is {k}", hint=f"Ask for 1 to {MAX_K} products")
    blocks = store.meta.blocks
    if vector.shape != (store.meta.dim,) or not np.isfinite(vector).all():
        raise VectorError(f"a query needs {store.meta.dim} finite numbers, not {vector.shape}")
    full = check_weights(weights, blocks)
    query = weigh(vector, blocks, full)
    wanted = k + (without is not None)
    depth = wanted * 2
    while True:
        hits = store.search(query, depth, where, exact=exact)
        best = _best_per_product(hits, without)
        if len(best) >= k or len(hits) < depth:
            break
        depth *= 4  # many shots of few products came first: look deeper
    best = best[:k]
    products = store.get([hit.product_id for hit in best])
    total = sum(full.values())
    matches = [
        _match(product, hit, vector, blocks, full, total)
        for hit, product in zip(best, products, strict=True)
        if product is not None  # deleted between the two calls
    ]
    # The store ranks by the weighted dot product, whose last bits may differ from the score that is shown.
    return sorted(matches, key=lambda match: (-match.score, match.product.id))


def search_similar(
    store: Store,
    product_id: str,
    k: int,
    where: Filter | None = None,
    weights: Mapping[str, float] | None = None,
    *,
    shot: int = 0,
) -> list[Match]:
    """Products nearest to a shot of a product of the catalog, without that product. Raises ProductMissing."""
    vectors = store.vectors(product_id)
    if not 0 <= shot < len(vectors):
        raise RequestInvalid(f"product {product_id!r} has {len(vectors)} shots, no number {shot}")
    return search_vector(store, vectors[shot], k, where, weights, without=product_id)


def _best_per_product(hits: Sequence[Hit], without: str | None) -> list[Hit]:
    best: dict[str, Hit] = {}
    for hit in hits:  # best first, so a product's first hit is its best shot
        if hit.product_id != without:
            best.setdefault(hit.product_id, hit)
    return list(best.values())


def _match(
    product: Product, hit: Hit, vector: Vector, blocks: Sequence[Block], weights: Mapping[str, float], total: float
) -> Match:
    asked, found = split_blocks(vector, blocks), split_blocks(hit.vector, blocks)
    cosines = {name: float(asked[name] @ found[name]) for name in asked}
    score = sum(weights[name] * cosine for name, cosine in cosines.items()) / total
    return Match(product, score, hit.shot, cosines)


class Searcher:
    """A catalog with the models that fill it: photo in, products out. Calls are safe from several threads.

    Raises :class:`CatalogEncoderMismatch` when the catalog's vectors come from another encoder.
    """

    def __init__(self, store: Store, encoder: Encoder, reader: Reader = WholePhotoReader()) -> None:
        check_encoder(store, encoder)
        self.store = store
        self.encoder = encoder
        self.reader = reader

    def read(self, photo: Photo) -> Look:
        """The garments of the photo."""
        return read_look(photo, self.reader)

    def prepare(self, photo: Photo, garment: Garment) -> Prepared:
        """A garment of the photo, ready for the encoder."""
        return self.encoder.prepare(garment_picture(photo, garment, self.encoder.spec))

    def search(
        self,
        photo: Photo,
        k: int = 12,
        where: Filter | None = None,
        weights: Mapping[str, float] | None = None,
        *,
        garment: int | None = None,
        box: Box | None = None,
        without: str | None = None,
    ) -> Answer:
        """Products for every garment of the photo, or for one.

        Args:
            garment: index of the one garment to search for; None for all.
            box: search for what is in this box instead, in pixels of the upright photo.
            without: id of a product to leave out: the one whose own picture is searched with.
        """
        look = self.read(photo)
        garments = choose_garments(photo, look, garment, box)
        vectors = self.encoder.encode([self.prepare(photo, chosen) for chosen in garments])
        found = [tuple(search_vector(self.store, vector, k, where, weights, without=without)) for vector in vectors]
        return Answer(look, tuple(GarmentAnswer(*pair) for pair in zip(garments, found, strict=True)))


def choose_garments(photo: Photo, look: Look, garment: int | None, box: Box | None) -> list[Garment]:
    """The garments a request is about: all of the look, one by index, or a box drawn by hand."""
    if box is not None:
        if garment is not None:
            raise RequestInvalid("both a garment and a box were given", hint="Give one of them")
        return [boxed_garment(box.clip(photo.width, photo.height))]
    if garment is None:
        return list(look.garments)
    if not 0 <= garment < len(look.garments):
        raise RequestInvalid(
            f"there is no garment {garment}", hint=f"The photo has {len(look.garments)}, counted from 0"
        )
    return [look.garments[garment]]


def check_encoder(store: Store, encoder: Encoder) -> None:
    """Refuse to compare vectors of different encoders. Raises :class:`CatalogEncoderMismatch`."""
    if store.meta.fingerprint != encoder.fingerprint:
        raise CatalogEncoderMismatch(
            f"its vectors come from the encoder {store.meta.encoder}, not from {encoder.name}",
            where=store.url,
            hint=f"Index it anew: streetshop index FEED --catalog {store.url} --rebuild",
        )
