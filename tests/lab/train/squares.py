"""Tiny manifests of our own drawing: coloured shapes on plain (shop) and noisy (street) grounds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample

CATEGORIES = ("square", "disc", "bar")


def draw_squares(
    root: Path, *, products: int = 12, street: int = 2, shop: int = 2, side: int = 48, val: int = 4, seed: int = 0
) -> Path:
    """A manifest of ``products`` products, the last ``val`` of them for validation; returns its path."""
    rng = np.random.default_rng(seed)
    (root / "pictures").mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(products):
        colour = tuple(int(v) for v in rng.integers(0, 256, 3))
        category = CATEGORIES[number % len(CATEGORIES)]
        for domain, count in (("street", street), ("shop", shop)):
            for index in range(count):
                ground = rng.integers(0, 256, (side, side, 3), dtype=np.uint8) // 2 + 64
                if domain == "shop":
                    ground[:] = 255
                picture = Image.fromarray(ground.astype(np.uint8))
                x, y = (int(v) for v in rng.integers(4, side // 3, 2))
                box = (x, y, x + side // 2, y + side // 2)
                _draw(picture, category, box, colour)
                name = f"pictures/{number:03}-{domain}-{index}.png"
                picture.save(root / name)
                rows.append(
                    Sample(
                        name,
                        domain,
                        product_id=f"p{number:03}",
                        category=category,
                        split="val" if number >= products - val else "train",
                        box=tuple(float(v) for v in box) if domain == "street" else None,
                        attributes={"colour": "warm" if colour[0] > colour[2] else "cold", "tags": [category, "drawn"]},
                        group=name,
                    )
                )
    path = root / "manifest.parquet"
    Manifest.from_rows(rows, root, name="squares", licence="Apache-2.0").write(path)
    return path


def _draw(picture: Image.Image, category: str, box: tuple[int, int, int, int], colour: tuple[int, ...]) -> None:
    pen = ImageDraw.Draw(picture)
    if category == "square":
        pen.rectangle(box, fill=colour)
    elif category == "disc":
        pen.ellipse(box, fill=colour)
    else:
        pen.rectangle((box[0], box[1] + 8, box[2], box[1] + 16), fill=colour)


SMALL = ["input.height=32", "input.width=32", "model.backbone.name=test_resnet", "model.backbone.weights=none"]
"""Overrides that make any recipe of an encoder small enough for a test."""
