"""Answers in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from streetshop.core.geometry import Box
from streetshop.core.kinds import KINDS
from streetshop.core.records import Garment, Match, Product
from streetshop.present.words import closeness_text, lacking_text, others_text, plurals, score_text
from streetshop.search import GarmentAnswer

GARMENT = Garment("skirt", 0.9, Box(0, 0, 9, 9), (1.0, 1.0))
MATCH = Match(Product("p"), 0.5, 0, {"style": 0.5})


def answer(**fields: object) -> GarmentAnswer:
    return GarmentAnswer(GARMENT, np.ones(3, np.float32), (), **fields)  # type: ignore[arg-type]


def test_what_is_lacking() -> None:
    kinds = {"skirt": 0.5, "dress": 0.4}
    assert lacking_text(answer(kinds=kinds, lacking="kind")) == "This shop sells no skirts or dresses."
    assert lacking_text(answer(kinds={"scarf": 0.9}, lacking="filter")) == "No scarves pass the filter."
    assert lacking_text(answer(kinds=kinds, lacking="min_score")) == "No skirts or dresses have the least score."
    assert lacking_text(answer(lacking="min_score")) == "No products have the least score."
    distant = lacking_text(answer(kinds={"hat": 0.9}, lacking="closeness"))
    assert distant == "Nothing close: the nearest hats are only loosely similar."
    mass = lacking_text(answer(kinds={"footwear": 0.9}, lacking="filter"))
    assert mass == "No footwear passes the filter."
    assert lacking_text(answer(kinds=kinds)) == ""


def test_what_is_offered_instead() -> None:
    assert others_text(answer(lacking="kind", others=(MATCH,))) == "The nearest products of other kinds:"
    assert others_text(answer(lacking="closeness", others=(MATCH,))) == "Similar products of other kinds:"
    assert others_text(answer(lacking="kind")) == ""


def test_a_match_in_words_and_numbers() -> None:
    scored = replace(MATCH, score=0.25)
    assert (closeness_text(scored), score_text(scored)) == ("similar", "score 0.25, similarity 0.50")
    assert closeness_text(MATCH) == score_text(MATCH) == "similarity 0.50"
    assert closeness_text(replace(MATCH, blocks={})) == "relevance 0.50", "of words alone"


def test_every_kind_has_a_plural() -> None:
    assert all(name.endswith("s") or name in ("outerwear", "footwear", "legwear") for name in plurals(KINDS))
