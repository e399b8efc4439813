"""The report on an encoder, from pictures to its table, with the shipped encoder on a few drawn products."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from streetshop.core.errors import UsageError
from streetshop.lab.data.sample import Sample
from streetshop.lab.evaluate.encoder import embed, product_hits
from streetshop.lab.evaluate.encoder_report import FORMS, check_untrained, columns_of, headline, measure, sections
from streetshop.models import load_encoder
from streetshop.models.encoder import DEFAULT_ENCODER

pytestmark = pytest.mark.lab


def test_every_number_of_the_report_is_there(items: list[Sample]) -> None:
    encoder = load_encoder(threads=2)
    numbers = measure(encoder, items, "test", distractors=3)
    wrong = {name: value for name, value in numbers.items() if value.queries and not 0 <= value.mean <= 1.0001}
    assert not wrong
    rows = headline(numbers)
    asked = [item for item in items if item.source == "pair" and item.domain == "street"]
    assert len(rows) == 2 * 3 + 2 * 3 + 1 + 2 * len(FORMS), "labels by form, shown ones, worn ones, pairs"
    assert numbers["category P@10, worn garments"].mean == 1, "all are coats"
    for row in rows:
        if row.startswith("pairs"):
            assert numbers[row].queries == len(asked) > 5
            assert {f"{row}, {block.name} alone" for block in encoder.blocks} < set(numbers)
    cosines = [value.mean for name, value in numbers.items() if name.endswith("cosine")]
    assert len(cosines) == 3, "a degraded picture still shows the garment"
    assert min(cosines) > 0.5, "a degraded picture still shows the garment"
    shown, weighted, degraded = sections({"here": numbers, "there": {}})
    assert list(shown.rows) == rows
    assert f"| pairs R@1, box to whole | {numbers[rows[-6]]} |  |" in shown.markdown()
    assert len(rows) + len(weighted.rows) + len(degraded.rows) == len(numbers)
    assert not shown.detail
    assert weighted.detail


def test_pairs_by_weight_are_searches_with_these_weights(items: list[Sample]) -> None:
    encoder = load_encoder(threads=2)
    numbers = measure(encoder, items, "test", distractors=0)
    pairs = [item for item in items if item.source == "pair"]
    street = embed(encoder, [(item, "box") for item in pairs if item.domain == "street"])
    shop = embed(encoder, [(item, "whole") for item in pairs if item.domain == "shop"])
    colour = {"style": 0.0, "colour": 1.0, "shape": 0.0, "pattern": 0.0}
    assert numbers["pairs R@1, box to whole, colour alone"] == product_hits(street, shop, 1, colour)
    style = next(block for block in encoder.blocks if block.name == "style")
    assert numbers["pairs R@1, box to whole, style x 3"] == product_hits(street, shop, 1, {"style": 3 * style.weight})


def test_encoders_of_one_name_are_told_apart(tmp_path: Path) -> None:
    shutil.copytree(DEFAULT_ENCODER, tmp_path / "anew")
    shipped_one, anew = load_encoder(), load_encoder(tmp_path / "anew")
    assert list(columns_of([shipped_one], [{}])) == [shipped_one.name]
    titles = list(columns_of([shipped_one, anew], [{}, {}]))
    assert len(titles) == 2
    assert str(tmp_path / "anew") in titles[1]


def test_a_trained_encoder_is_no_baseline() -> None:
    with pytest.raises(UsageError, match="has the blocks colour, pattern, shape, style"):
        check_untrained(load_encoder())
