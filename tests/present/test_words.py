"""Answers in words."""

from __future__ import annotations

import numpy as np

from streetshop.core.geometry import Box
from streetshop.core.kinds import KINDS
from streetshop.core.records import Garment, Match, Product
from streetshop.present.words import lacking_text, plurals
from streetshop.search import GarmentAnswer

GARMENT = Garment("skirt", 0.9, Box(0, 0, 9, 9), (1.0, 1.0))
MATCH = Match(Product("p"), 0.5, 0)


def answer(**fields: object) -> GarmentAnswer:
    return GarmentAnswer(GARMENT, np.ones(3, np.float32), (), **fields)  # type: ignore[arg-type]


def test_what_is_lacking() -> None:
    kinds = {"skirt": 0.5, "dress": 0.4}
    assert lacking_text(answer(kinds=kinds, lacking="kind")) == "This shop sells no skirts or dresses."
    assert lacking_text(answer(kinds={"scarf": 0.9}, lacking="filter")) == "No scarves pass the filter."
    offered = lacking_text(answer(kinds={"bag": 0.9}, lacking="kind", others=(MATCH,)))
    assert offered == "This shop sells no bags. The nearest products of other kinds:"
    assert lacking_text(answer(kinds=kinds)) == ""


def test_every_kind_has_a_plural() -> None:
    assert all(name.endswith("s") or name in ("outerwear", "footwear", "legwear") for name in plurals(KINDS))
