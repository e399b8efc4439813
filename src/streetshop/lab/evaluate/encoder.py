"""Vectors of garment views, and retrieval measured on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streetshop.core.records import GarmentPicture
from streetshop.indexing.embed import default_scaling
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.views import Form, draw_view
from streetshop.lab.evaluate.intervals import Estimate, bootstrap
from streetshop.lab.evaluate.metrics import precision
from streetshop.models import Encoder
from streetshop.models.encoder import Side

Degrade = Callable[[GarmentPicture], GarmentPicture]
View = tuple[Sample, Form]


@dataclass(frozen=True, eq=False)
class Embedded:
    """Garments and their vectors.

    Attributes:
        items: the garment of each view.
        vectors: (views, dim) float32, concatenated unit blocks.
        encoder: that made them.
    """

    items: Sequence[Sample]
    vectors: NDArray[np.float32]
    encoder: Encoder

    def weighted(self, weights: Mapping[str, float] | None = None) -> NDArray[np.float32]:
        """Vectors whose dot product is the score of a search with these weights; blocks not named have the default."""
        return self.vectors * default_scaling(self.encoder.blocks, weights)

    def column(self, name: str) -> NDArray[np.str_]:
        """A field or label of all samples."""
        return np.asarray([getattr(item, name) for item in self.items], np.str_)


def embed(
    encoder: Encoder, views: Sequence[View], degrade: Degrade | None = None, *, side: Side = "street"
) -> Embedded:
    """Encode views as the serving side does; boxes are the true ones, masks imperfect."""
    parts = [encoder.encode([], side=side)]
    for start in range(0, len(views), 32):
        prepared = []
        for item, form in views[start : start + 32]:
            rng = np.random.default_rng(len(item.image) + (int(item.box[0]) if item.box else 0))
            picture = draw_view(item, form, encoder.spec, rng, jitter=False)
            prepared.append(encoder.prepare(degrade(picture) if degrade else picture))
        parts.append(encoder.encode(prepared, side=side))
    return Embedded([item for item, _ in views], np.concatenate(parts), encoder)


def label_precision(
    embedded: Embedded,
    label: str,
    weights: Mapping[str, float] | None = None,
    *,
    k: int = 10,
    asking: NDArray[np.bool_] | None = None,
) -> Estimate:
    """Precision@k of a label among garments of *other* senders or photos.

    Queries without a relevant garment are left out. Where there are fewer than ``k`` others, the missing ones count as
    misses. The bootstrap draws whole senders or photos.

    Args:
        embedded: the gallery, and the queries.
        label: an attribute of the items.
        weights: of the blocks; default: the bundle's.
        k: depth.
        asking: (views,) bool, which of them are queries; default: all.
    """
    labels, groups = embedded.column(label), embedded.column("group")
    known = np.flatnonzero(labels != "")
    vectors, labels, groups = embedded.weighted(weights)[known], labels[known], groups[known]
    mine = np.arange(len(known)) if asking is None else np.flatnonzero(asking[known])
    scores = vectors[mine] @ vectors.T
    apart = groups[mine, None] != groups[None]
    scores[~apart] = -np.inf
    relevant = (labels[mine, None] == labels[None]) & apart
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    hits = np.take_along_axis(relevant, order, axis=1)
    hits = np.pad(hits, ((0, 0), (0, k - hits.shape[1])))
    values = precision(hits, relevant.sum(1), k)
    return bootstrap(values, clusters=groups[mine])


def product_hits(queries: Embedded, gallery: Embedded, k: int, weights: Mapping[str, float] | None = None) -> Estimate:
    """Share of queries whose product is among the first ``k`` products of the gallery."""
    scores = queries.weighted(weights) @ gallery.weighted(weights).T
    same = queries.column("product_id")[:, None] == gallery.column("product_id")[None]
    own = np.where(same, scores, -np.inf).max(axis=1, initial=-np.inf)
    better = ((scores > own[:, None]) & ~same).sum(axis=1)
    values = np.where(same.any(axis=1), better < k, np.nan)
    return bootstrap(values, clusters=queries.column("group"))
