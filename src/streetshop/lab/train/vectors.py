"""Vectors of many rows, and how well they find each other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from streetshop.lab.core.devices import Place
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.pictures import Pictures
from streetshop.lab.evaluate.evaluation import evaluate, roles
from streetshop.lab.evaluate.protocols import Protocol, RowRule
from streetshop.lab.nets import Streams
from streetshop.lab.train.recipe import EmbeddingRecipe, ValidationPart

Rows = NDArray[np.int64]


def to_pixels(pictures: Pictures, rows: Rows, device: torch.device) -> Tensor:
    """(b, 3, h, w) float32 pixels from 0 to 255."""
    raw = torch.from_numpy(pictures.pixels[rows])
    if device.type == "cuda":
        raw = raw.pin_memory().to(device, non_blocking=True)
    # A permuted view of (b, h, w, 3) is what torch calls channels-last; convolutions like it.
    return raw.permute(0, 3, 1, 2).float()


@torch.inference_mode()
def encode_rows(
    streams: Streams,
    pictures: Pictures,
    rows: Rows,
    shop: NDArray[np.bool_],
    place: Place,
    *,
    batch: int = 64,
    advance: Callable[[int], None] | None = None,
) -> Tensor:
    """(rows, dim) float32 embeddings on the CPU, each row through its domain's stream; processes share the work."""
    was_training = streams.training
    streams.eval()
    mine = rows[place.rank :: place.world]
    parts = []
    for start in range(0, len(mine), batch):
        chosen = mine[start : start + batch]
        on_shop = torch.from_numpy(shop[chosen]).to(place.device)
        parts.append(streams(to_pixels(pictures, chosen, place.device), on_shop).embedding.float())
        if advance:
            advance(len(chosen))
    streams.train(was_training)
    dim = sum(streams.query.dims.values())
    part = torch.cat(parts) if parts else torch.empty((0, dim), device=place.device)
    return place.gather_rows(part, len(rows)).cpu()


def searched_vectors(recipe: EmbeddingRecipe, embedding: Tensor, colours: NDArray[np.float32] | None) -> Tensor:
    """(n, dim) what is searched by: the trained blocks and the CIELAB block, each a unit times the root of its weight.

    A single block that was not normalised in training stays as it is: the distance decides what its length means.
    """
    head = recipe.model.head
    if head.kind == "attention":
        return embedding
    blocks = head.blocks
    if len(blocks) == 1 and not head.normalise:
        return embedding
    dims = [b.dim for b in head.trained]
    if None in dims:
        known = sum(d for d in dims if d is not None)
        missing = dims.count(None)
        dims = [(embedding.shape[1] - known) // missing if d is None else d for d in dims]
    pieces = dict(zip((b.name for b in head.trained), embedding.split([int(d or 0) for d in dims], dim=1), strict=True))
    parts = []
    for block in blocks:
        if block.source == "cielab":
            if colours is None:
                raise TypeError("the recipe has a cielab block but the colours were not given")
            value = torch.from_numpy(np.asarray(colours))
        else:
            value = torch.nn.functional.normalize(pieces[block.name], dim=1)
        parts.append(value * block.weight**0.5)
    return torch.cat(parts, dim=1)


def validation_score(part: ValidationPart, vectors: Tensor, rows: Manifest) -> tuple[float, int]:
    """Mean average precision at ``k`` with the min(k, R) denominator, and the number of queries it is a mean of.

    Args:
        part: the recipe's.
        vectors: (rows, dim).
        rows: the validation rows, in the same order.

    A picture is relevant when it shows the query's product; a query never meets its own picture. Queries without a
    relevant picture are not counted; without any that count the score is NaN.
    """
    domains = rows.column("domain")[rows.column("product_id") != ""]
    if not len(domains):
        return float("nan"), 0
    cross = part.cross and len(set(domains)) == 2
    metric = f"map@{part.k}/min"
    protocol = Protocol(
        "validation",
        "What training is judged by.",
        RowRule(("street",) if cross else ()),
        RowRule(("shop",) if cross else ()),
        (metric,),
        within="category" if part.by_category else "all",
    )
    sides = roles(rows, protocol)
    values = vectors.numpy()
    result = evaluate(rows, protocol, values[sides.query], values[sides.gallery], distance=part.distance)
    counted = result.relevant > 0
    return (float(result.values[metric][counted].mean()) if counted.any() else float("nan")), int(counted.sum())
