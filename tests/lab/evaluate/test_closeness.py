"""Judged pairs, their cosines, and the fit that makes scores of similarities."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from streetshop.core.errors import DatasetError
from streetshop.core.geometry import Box
from streetshop.core.kinds import KINDS
from streetshop.core.records import Block, Garment
from streetshop.lab.data.sets.ccp import photo_split
from streetshop.lab.evaluate.closeness import (
    JUDGEMENTS,
    JudgedPair,
    Pairs,
    cosines,
    fit_scale,
    held_out_scores,
    judged_cosines,
    random_cosines,
    read_judged,
    scores,
)
from streetshop.models.folder import SHIPPED, read_spec
from streetshop.models.spec import EncoderSpec
from tests.catalog.conformance import BLOCKS, unit_vectors

WEIGHTS = {"style": 1.0, "colour": 0.5}
GARMENT = Garment("dress", 0.9, Box(0, 0, 100, 200), (50, 50), kinds={"dress": 0.8, "top": 0.1})


def test_the_judged_pairs_are_of_validation_photos() -> None:
    judged = read_judged()
    assert len(judged) >= 300
    assert {photo_split(pair.photo) for pair in judged} == {"val"}
    assert {pair.kind for pair in judged} | {pair.product_kind for pair in judged} <= set(KINDS)
    assert set(Counter(pair.judgement for pair in judged)) == set(JUDGEMENTS)
    assert len({(pair.photo, pair.product) for pair in judged}) == len(judged)


def test_another_judgement_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "judged.csv"
    file.write_text("photo,x0,y0,x1,y1,kind,product,product_kind,judgement\n1,0,0,9,9,top,a,top,maybe\n")
    with pytest.raises(DatasetError, match="maybe"):
        read_judged(file)


def test_cosines_are_those_of_each_block() -> None:
    vector, others = unit_vectors(1, 1)[0], unit_vectors(3, 2)
    found = cosines(vector, others, BLOCKS)
    for row, other in zip(found, others, strict=True):
        assert row == pytest.approx([vector[:24] @ other[:24], vector[24:] @ other[24:]], abs=1e-6)


def test_judged_pairs_need_their_garment_and_their_product() -> None:
    vector, product = unit_vectors(1, 1)[0], unit_vectors(1, 2)[0]
    pair = JudgedPair("0001", Box(2, 2, 100, 198), "dress", "a", "dress", "alike")
    pairs = [
        pair,
        replace(pair, product_kind="top", judgement="no"),
        replace(pair, product="b"),
        replace(pair, box=Box(0, 0, 20, 20)),
        replace(pair, photo="0002"),
    ]
    found = judged_cosines(pairs, {"0001": [(GARMENT, vector)]}, {"a": product}, BLOCKS)
    assert found.cosines.shape == (2, 2)
    assert found.added[0] == 0 > found.added[1]
    assert found.judgements.tolist() == [2, 0]
    with pytest.raises(DatasetError, match="no judged pair"):
        judged_cosines(pairs, {}, {"a": product}, BLOCKS)


def test_random_pairs_are_of_one_kind() -> None:
    vector, products = unit_vectors(1, 1)[0], unit_vectors(4, 2)
    vectors = dict(zip("abcd", products, strict=True))
    kinds = {"a": "dress", "b": "top", "c": "dress", "d": ""}
    found = random_cosines({"0001": [(GARMENT, vector)]}, vectors, kinds, BLOCKS)
    wanted = cosines(vector, products[[0, 2]], BLOCKS)
    assert np.sort(found, axis=0) == pytest.approx(np.sort(wanted, axis=0))


def planted(n: int, seed: int = 0) -> tuple[Pairs, np.ndarray]:
    """Pairs that are alike with a probability that is a logistic function of their similarity, 0 at .5, slope 12."""
    random = np.random.default_rng(seed)
    values = random.uniform(-0.2, 0.9, (n, 2))
    similarity = values @ [2 / 3, 1 / 3]
    alike = random.uniform(size=n) < 1 / (1 + np.exp(-12 * (similarity - 0.5)))
    background = random.normal([0.2, 0.3], [0.1, 0.2], (5000, 2))
    return Pairs(values, np.zeros(n), np.where(alike, 2, 0), np.arange(n) // 10), background


def test_a_planted_probability_is_recovered() -> None:
    pairs, background = planted(4000)
    scale = fit_scale(pairs, background, BLOCKS)
    similarity = pairs.cosines @ [2 / 3, 1 / 3]
    found = scores(pairs, scale, BLOCKS, WEIGHTS)
    assert found == pytest.approx(1 / (1 + np.exp(-12 * (similarity - 0.5))), abs=0.06)
    held = held_out_scores(pairs, background, BLOCKS)
    assert held == pytest.approx(found, abs=0.06)
    assert not np.array_equal(held, found), "held-out photos are not fitted on"


def test_the_shipped_encoder_is_calibrated() -> None:
    spec = read_spec(SHIPPED / "encoder")
    assert isinstance(spec, EncoderSpec)
    assert spec.calibration is not None
    blocks = [Block(block.name, block.dim, block.weight) for block in spec.blocks]
    same = Pairs(np.array([[1.0] * 4, [0.0] * 4]), np.zeros(2), np.zeros(2, int), np.zeros(2, int))
    high, low = scores(same, spec.calibration, blocks, {block.name: block.weight for block in blocks})
    assert high > 0.9
    assert low < 0.01
