"""A shop's product feed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from streetshop.feeds.read import FeedRow, read_feed
from streetshop.lab.data.intake import Intake
from streetshop.lab.data.sample import Sample

LICENCE: Final = "The shop's own; not for passing on"


def read(intake: Intake) -> None:
    """Add a ``shop`` row per picture of every product; pictures that are URLs are refused.

    ``intake.root``, the feed's file or a folder of pictures, becomes the folder that paths are relative to.
    """
    feed = read_feed(intake.root)
    intake.root = feed.root
    for entry in feed:
        if not isinstance(entry, FeedRow):
            intake.offer()
            intake.refuse(f"row {entry.row}" + (f" ({entry.id})" if entry.id else ""), entry.reason)
            continue
        product = entry.product
        attributes = {
            "title": product.title, "brand": product.brand, "price": product.price, "currency": product.currency,
            "url": product.url, "in_stock": product.in_stock, **product.attributes,
        }  # fmt: skip
        for shot in product.shots:
            intake.offer()
            where = f"row {entry.number} ({product.id})"
            if "://" in shot.source:
                intake.refuse(where, f"the picture is an address, download it first: {shot.source}")
                continue
            row = Sample(
                Path(shot.source).as_posix(),
                "shop",
                product_id=product.id,
                category=product.category,
                attributes={name: value for name, value in attributes.items() if value not in ("", None)},
                group=product.id,
            )
            intake.add(row, where)
