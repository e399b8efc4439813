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


def test_intervals_draw_whole_senders() -> None:
    """Twenty senders with ten photos each, alike within a sender: twenty cases, not two hundred."""
    rng = np.random.default_rng(0)
    style = Spoken((Block("style", 40),))
    senders, right = np.repeat(np.arange(20), 10), np.repeat(rng.random(20) < 0.5, 10)
    # A right sender's photos lie beside a hat of a sender of its own, the others' beside a shoe.
    places = np.eye(40, dtype=np.float32)
    photos = [garment(category="hat", group=f"sender {n}", product_id=str(n)) for n in senders]
    others = [garment(category="hat" if n else "shoe", group=f"other {i}") for i, n in enumerate(right[::10])]
    embedded = Embedded([*photos, *others], np.concatenate([places[senders], places[:20]]), style)
    asking = np.arange(220) < 200
    found = label_precision(embedded, "category", k=1, asking=asking)
    share = right.mean()
    assert (found.mean, found.queries) == (pytest.approx(share), 200)
    expected = 2 * 1.96 * np.sqrt(share * (1 - share) / 20)
    assert found.high - found.low == pytest.approx(expected, rel=0.2)
    gallery = Embedded([garment(product_id=str(n)) for n in range(20)], places[:20], style)
    asked = np.where(right[:, None], places[senders], places[senders + 20])
    hits = product_hits(Embedded(photos, asked - 0.1 * places[senders], style), gallery, 1)
    assert hits.mean == pytest.approx(share)
    assert hits.high - hits.low == pytest.approx(expected, rel=0.2)
