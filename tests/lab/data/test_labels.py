"""Labels of rows as class numbers."""

from __future__ import annotations

import numpy as np
import pytest

from streetshop.lab.data.labels import build_labels, row_labels, several_key
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample
from streetshop.lab.losses import UNKNOWN

pytestmark = pytest.mark.lab


def _rows() -> Manifest:
    rows = [
        Sample("a.png", "street", "p1", "Dress", "train", attributes={"colour": "red", "tags": ["a", "b"], "n": 3}),
        Sample("b.png", "shop", "p1", "Dress", "train", attributes={"colour": "", "tags": []}),
        Sample("c.png", "shop", "p2", "Boots", "train", attributes={"tags": "c", "wet": True}),
        Sample("d.png", "shop", "p3", "Hat", "val", attributes={"colour": "blue"}),
        Sample("e.png", "shop", "", "", "test"),
    ]
    return Manifest.from_rows(rows, ".")


def test_labels_come_from_products_categories_and_attributes() -> None:
    manifest = _rows()
    assert row_labels(manifest, "category") == [("Dress",), ("Dress",), ("Boots",), ("Hat",), ()]
    assert row_labels(manifest, "attributes.tags") == [("a", "b"), (), ("c",), (), ()]
    assert row_labels(manifest, "attributes.n")[0] == ("3",)
    assert row_labels(manifest, "attributes.wet")[2] == ("true",)
    labels = build_labels(
        manifest, np.array([0, 1, 2]), single=["product", "attributes.colour"], several=["attributes.tags"]
    )
    assert labels.classes["product"] == ("p1", "p2")
    assert labels.numbers["product"].tolist() == [0, 0, 1, UNKNOWN, UNKNOWN]
    assert labels.numbers["attributes.colour"].tolist() == [0, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN]
    flags = labels.several[several_key("attributes.tags")]
    assert flags.tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]]
