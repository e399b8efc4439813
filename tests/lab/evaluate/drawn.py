"""Garments to measure encoders on, drawn."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from streetshop.lab.data.garments import studio_samples
from streetshop.lab.data.sample import Sample


def drawn_items(folder: Path) -> list[Sample]:
    """Twelve products: front and packshot as a made pair, the packshots once more as photos of two senders."""
    drawn = studio_samples(folder, 12, 5, 128, 1)
    items = []
    for item in drawn:
        shop = item.image.endswith("-packshot.jpg")
        image = item.image.replace("-packshot.jpg", "-0.jpg")
        if shop:
            shutil.copy(folder / item.image, folder / image)
            sender = f"sender {len(items) % 2}"
            items.append(replace(item, source="clothing", split="test", domain="street", group=sender))
        domain = "shop" if shop else "street"
        items.append(
            replace(
                item, source="pair", split="test", domain=domain, image=image, product_id=item.group, category="coat"
            )
        )
        if not shop:
            items.append(replace(item, source="ccp", split="test", domain="street", category="coat"))
    return items
