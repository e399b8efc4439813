"""Looks and matches as plain JSON values: the same from the command line and from the API."""

from __future__ import annotations

from typing import Any

from streetshop.core.geometry import COCO_KEYPOINTS
from streetshop.core.records import Garment, Look, Match, Product


def product_json(product: Product) -> dict[str, Any]:
    """What the feed said of a product."""
    return {
        "id": product.id,
        "title": product.title,
        "category": product.category,
        "brand": product.brand,
        "price": product.price,
        "currency": product.currency,
        "url": product.url,
        "in_stock": product.in_stock,
        "attributes": dict(product.attributes),
    }


def ranking_json(match: Match) -> dict[str, Any]:
    """How near a match is: ``score`` from -1 to 1, its nearest shot, and the cosine of each block."""
    return {
        "score": round(match.score, 6),
        "shot": match.shot,
        "blocks": {name: round(cosine, 6) for name, cosine in match.blocks.items()},
    }


def garment_json(garment: Garment) -> dict[str, Any]:
    """A garment: box ``[x0, y0, x1, y1]`` and hotspot ``[x, y]`` in pixels of the upright photo."""
    return {
        "category": garment.category,
        "score": round(garment.score, 4),
        "box": [round(value, 2) for value in garment.box.corners],
        "hotspot": [round(value, 2) for value in garment.hotspot],
    }


def look_json(look: Look) -> dict[str, Any]:
    """A look, without its masks."""
    return {
        "photo": {"width": look.width, "height": look.height},
        "reader": look.reader,
        "garments": [{**garment_json(garment), "person": garment.person} for garment in look.garments],
        "persons": [
            {
                "box": [round(value, 2) for value in person.box.corners],
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
            }
            for person in look.persons
        ],
        "full_shot": look.full_shot,
        "view": look.view,
    }
