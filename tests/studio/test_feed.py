"""The feed of a drawn shop."""

import csv
import io

from streetshop.studio import make_catalog
from streetshop.studio.feed import feed

COLUMNS = {
    "id", "title", "link", "image_link", "additional_image_link", "price", "availability", "item_group_id", "color",
    "gender", "pattern",
}  # fmt: skip


def test_rows_are_the_products_in_google_merchant_columns():
    products = make_catalog(40, 5)
    rows = list(csv.DictReader(io.StringIO(feed(products, ("packshot", "front")))))
    assert set(rows[0]) >= COLUMNS
    for row, product in zip(rows, products, strict=True):
        assert row["id"] == product.id
        assert row["price"] == f"{product.price:.2f} EUR"
        assert row["availability"] in ("in_stock", "out_of_stock")
        assert row["image_link"] == f"images/shop/{product.id}-packshot.jpg"
        assert row["additional_image_link"] == f"images/shop/{product.id}-front.jpg"
        assert {k: row[k] for k in product.attributes} == dict(product.attributes)
    groups = {(row["item_group_id"], product.family) for row, product in zip(rows, products, strict=True)}
    assert len(groups) == len({group for group, _ in groups})
    assert {row["availability"] for row in rows} == {"in_stock", "out_of_stock"}
