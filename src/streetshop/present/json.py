"""Looks, products and answers as JSON values: the same for ``--json``, the HTTP API and Python.

Pixels are rounded to 2 decimals, probabilities to 4, similarities and cosines to 6. ``web/schemas.py`` describes these
values for OpenAPI.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from PIL import Image

from streetshop.catalog.sources import kind_sources
from streetshop.catalog.store import Store
from streetshop.core.geometry import COCO_KEYPOINTS, Mask
from streetshop.core.records import Block, Explanation, Garment, Look, Match, Person, Product, Vector
from streetshop.present.html import web_url
from streetshop.search import Answer, Found, GarmentAnswer
from streetshop.search.closeness import closeness
from streetshop.search.presets import presets
from streetshop.search.together import View

Link: TypeAlias = Callable[[Product, int], str | None]
"""The address of a shot's picture on a server."""


def product_json(product: Product, link: Link | None = None, shot: int = 0) -> dict[str, Any]:
    """A product.

    Args:
        product: what is shown.
        link: addresses of pictures on a server. Without it each shot has its ``source``, the path or address that the
            feed gave, and the product its ``remarks``; a server keeps both to itself.
        shot: index of the shot that ``image`` shows; only with ``link``.
    """
    content: dict[str, Any] = {
        "id": product.id,
        "title": product.title,
        "category": product.category,
        "brand": product.brand,
        "price": product.price,
        "currency": product.currency,
        "url": web_url(product.url),
        "in_stock": product.in_stock,
        "kind": product.kind or None,
        "kind_source": product.kind_source or None,
        "kind_probability": round(product.kind_probability, 4) if product.kind else None,
        "design": product.design or None,
        "attributes": dict(product.attributes),
        "predicted": {
            name: {"value": each.value, "probability": round(each.probability, 4)}
            for name, each in product.predicted.items()
        },
    }
    if link is None:
        content["shots"] = [{"source": each.source, "sha256": each.sha256} for each in product.shots]
        content["remarks"] = [
            {"column": each.column, "value": each.value, "reason": each.reason} for each in product.remarks
        ]
    else:
        content["image"] = link(product, shot)
        content["shots"] = [{"image": link(product, i), "sha256": each.sha256} for i, each in enumerate(product.shots)]
    return content


def match_json(match: Match, link: Link | None = None) -> dict[str, Any]:
    """A product with how close it is, the index of its nearest shot, the cosine of each block, and words.

    ``score`` is the probability that a person calls the two alike, ``closeness`` says it in words; both are None when
    the encoder is not calibrated. ``similarity``, from -1 to 1, is the weighted mean of the cosines.
    """
    return {
        **product_json(match.product, link, match.shot),
        "score": None if match.score is None else round(match.score, 4),
        "closeness": closeness(match.score),
        "similarity": round(match.similarity, 6),
        "shot": match.shot,
        "blocks": {name: round(cosine, 6) for name, cosine in match.blocks.items()},
        "words": list(match.words),
        **({} if match.explanation is None else {"explanation": _explanation_json(match.explanation)}),
        "variants": [_variant_json(product, link) for product in match.variants],
    }


def _explanation_json(explanation: Explanation) -> dict[str, dict[str, float]]:
    return {
        "shares": {name: round(share, 4) for name, share in explanation.shares.items()},
        "colours": {name: round(share, 4) for name, share in explanation.colours.items()},
    }


def _variant_json(product: Product, link: Link | None) -> dict[str, Any]:
    """What tells a product from the others of its design."""
    content = {
        "id": product.id,
        "title": product.title,
        "price": product.price,
        "currency": product.currency,
        "url": web_url(product.url),
        "in_stock": product.in_stock,
        "attributes": dict(product.attributes),
    }
    return content if link is None else {**content, "image": link(product, 0)}


def garment_json(garment: Garment) -> dict[str, Any]:
    """A garment: box ``[x0, y0, x1, y1]`` and hotspot ``[x, y]`` in pixels of the upright photo."""
    return {
        "category": garment.category,
        "score": round(garment.score, 4),
        "kinds": {name: round(p, 4) for name, p in garment.kinds.items() if p >= 0.01},
        "box": _pixels(garment.box.corners),
        "hotspot": _pixels(garment.hotspot),
    }


def look_json(look: Look, *, masks: bool = False) -> dict[str, Any]:
    """A look; ``masks`` adds which pixels each garment covers."""
    return {
        "photo": _size(look),
        "reader": look.reader,
        "garments": [
            {
                **garment_json(garment),
                "person": garment.person,
                "mask": mask_json(garment.mask) if masks else None,
            }
            for garment in look.garments
        ],
        "persons": [
            {
                "box": _pixels(person.box.corners),
                "keypoints": [
                    {
                        "name": name,
                        "x": round(point.x, 2),
                        "y": round(point.y, 2),
                        "visibility": point.visibility,
                        "score": round(point.score, 4),
                    }
                    for name, point in zip(COCO_KEYPOINTS, person.keypoints, strict=False)
                ],
                **_framing(person),
            }
            for person in look.persons
        ],
        **_framing(look),
    }


def _framing(shown: Look | Person) -> dict[str, Any]:
    chance = shown.full_shot_probability
    return {
        "full_shot": shown.full_shot,
        "full_shot_probability": None if chance is None else round(chance, 4),
        "view": shown.view,
        "view_probabilities": {name: round(p, 4) for name, p in shown.view_probabilities.items()},
    }


def answer_json(
    answer: Answer, link: Link | None = None, *, vectors: bool = False, masks: bool = False
) -> dict[str, Any]:
    """What a photo search found.

    Args:
        answer: what is shown.
        link: addresses of pictures on a server, see :func:`product_json`.
        vectors: with the vector of each garment, for a search without the photo.
        masks: with the mask of each garment.
    """
    garments = []
    for found in answer.garments:
        content = {**garment_json(found.garment), **found_json(found, link)}
        if found.views:
            content["views"] = [_view_json(view) for view in found.views]
        if vectors:
            content["vector"] = vector_text(found.vector)
        if masks:
            content["mask"] = mask_json(found.garment.mask)
        garments.append(content)
    return {
        "garments": garments,
        "photo": _size(answer.look),
        "reader": answer.look.reader,
        "weights": dict(answer.weights),
    }


def _view_json(view: View) -> dict[str, Any]:
    """The garment in one of several photos."""
    return {
        "photo": {"name": view.name, **_size(view.look)},
        "garment": view.index,
        **garment_json(view.garment),
        "similarity": round(view.similarity, 6),
    }


def found_json(found: Found | GarmentAnswer, link: Link | None = None) -> dict[str, Any]:
    """The products of a search: its matches, the kinds searched, and what is offered when there are no matches."""
    return {
        "matches": [match_json(match, link) for match in found.matches],
        "searched": {kind: round(p, 4) for kind, p in found.kinds.items()},
        "lacking": found.lacking or None,
        "others": [match_json(match, link) for match in found.others],
    }


def mask_json(mask: Mask | None) -> dict[str, str] | None:
    """Which pixels of a garment's box it covers: a one-channel PNG in base64."""
    if mask is None:
        return None
    stream = io.BytesIO()
    Image.fromarray(np.asarray(mask, np.uint8) * 255).convert("1").save(stream, "PNG")
    return {"png": base64.b64encode(stream.getvalue()).decode()}


def vector_text(vector: Vector) -> str:
    """A vector as base64 of little-endian float32."""
    return base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode()


def catalog_json(store: Store) -> dict[str, Any]:
    """Figures of a catalog, its encoder and reader, its blocks, and the fields that a filter may name."""
    figures, meta = store.info(), store.meta
    return {
        "url": store.url,
        "products": figures.products,
        "shots": figures.shots,
        "megabytes": round(figures.bytes / 1e6, 2),
        "indexed": figures.indexed,
        "recall": figures.recall,
        "encoder": meta.encoder,
        "fingerprint": meta.fingerprint,
        "reader": meta.reader or None,
        "generation": meta.generation,
        "kinds": kind_sources(store),
        "blocks": blocks_json(meta.blocks),
        "presets": presets_json(meta.blocks),
        "fields": dict(store.fields()),
        **figures.extra,
    }


def blocks_json(blocks: Sequence[Block]) -> list[dict[str, Any]]:
    """The parts of every vector, with their default weights."""
    return [{"name": block.name, "dim": block.dim, "weight": block.weight} for block in blocks]


def presets_json(blocks: Sequence[Block]) -> list[dict[str, Any]]:
    """The presets, with the weights of every block."""
    return [{"name": name, "weights": weights} for name, weights in presets(blocks).items()]


def _size(look: Look) -> dict[str, int]:
    return {"width": look.width, "height": look.height}


def _pixels(values: Sequence[float]) -> list[float]:
    return [round(value, 2) for value in values]
