"""Precision and product hits of embedded garments, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from streetshop.core.records import Block
from streetshop.lab.evaluate.encoder import Embedded, label_precision, product_hits
from tests.lab.train.tasks.encoder.drawn import garment

pytestmark = pytest.mark.lab


class Spoken:
    """Stands for an encoder where only its blocks are asked for."""

    def __init__(self, blocks: tuple[Block, ...]) -> None:
        self.blocks = blocks


def test_precision_leaves_out_ones_own_sender() -> None:
    eye = np.eye(4, dtype=np.float32)
    vectors = np.stack([eye[0], eye[0], eye[0], eye[1]])
    items = [
        garment(category="hat", group="a"),
        garment(category="hat", group="a"),
        garment(category="shoe", group="b"),
        garment(category="hat", group="b"),
    ]
    found = label_precision(Embedded(items, vectors, Spoken((Block("style", 4),))), "category", k=1)
    assert (found.mean, found.queries) == (pytest.approx(1 / 3), 3), "the shoe has no other shoe to find"
    asking = np.asarray([False, True, True, True])
    found = label_precision(Embedded(items, vectors, Spoken((Block("style", 4),))), "category", k=1, asking=asking)
    assert (found.mean, found.queries) == (pytest.approx(1 / 2), 2), "the first is found by the last and asks nothing"


def test_product_hits_by_rank_and_weights() -> None:
    eye = np.eye(2, dtype=np.float32)
    blocks = Spoken((Block("style", 2, 1.0), Block("colour", 2, 0.0)))
    queries = Embedded([garment(product_id="p")], np.concatenate([eye[:1], eye[:1]], axis=1), blocks)
    shops = np.stack([np.r_[eye[1], eye[0]], np.r_[eye[0], eye[1]]])
    gallery = Embedded([garment(product_id="p"), garment(product_id="q")], shops, blocks)
    assert product_hits(queries, gallery, 1).mean == 0
    assert product_hits(queries, gallery, 2).mean == 1
    assert product_hits(queries, gallery, 1, {"style": 0, "colour": 1}).mean == 1
