"""The drawn shop's feed."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from streetshop.studio.products import Product

_COLUMNS = (
    "id", "title", "description", "link", "image_link", "additional_image_link", "availability", "price", "brand",
    "product_type", "item_group_id", "gender", "age_group", "color", "pattern", "category", "split", "base_colour",
    "secondary_colour", "neckline", "sleeve_length", "length", "fit", "closure", "details",
)  # fmt: skip


def feed(products: Sequence[Product], shots: Sequence[str]) -> str:
    """CSV in Google Merchant columns, with one more column per attribute.

    Args:
        products: one row each.
        shots: names of the pictures of each product page; the first is ``image_link``.
    """
    stream = io.StringIO()
    writer = csv.DictWriter(stream, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for p in products:
        pictures = [f"images/shop/{p.id}-{s}.jpg" for s in shots]
        a = p.attributes
        colors = [c for c in (a["base_colour"], a["secondary_colour"]) if c != "none"]
        writer.writerow(
            {
                "id": p.id,
                "title": f"{p.brand} {p.title}",
                "description": f"{p.title} by {p.brand}",
                "link": f"https://shop.example/products/{p.id}",
                "image_link": pictures[0] if pictures else "",
                "additional_image_link": ",".join(pictures[1:]),
                "availability": "in_stock" if p.number % 9 else "out_of_stock",
                "price": f"{p.price:.2f} EUR",
                "brand": p.brand,
                "product_type": f"{p.group} > {p.category}",
                "item_group_id": f"F{p.family:05d}",
                "gender": "female",
                "age_group": "adult",
                "color": "/".join(colors),
                "pattern": a.get("pattern", ""),
                "category": p.category,
                "split": p.split,
                **{k: v for k, v in a.items() if k in _COLUMNS},
            }
        )
    return stream.getvalue()
