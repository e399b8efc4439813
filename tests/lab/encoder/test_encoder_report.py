"""The report on an encoder, from pictures to its table, with the shipped encoder on a few drawn products."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from streetshop.bundles import load_encoder
from streetshop.lab.encoder.items import Item, studio_items
from streetshop.lab.encoder.measure import embed, product_hits
from streetshop.lab.encoder.recipe import Drawings
from streetshop.lab.encoder.report import FORMS, headline, measure, table

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> list[Item]:
    """Twelve products: front and packshot as a made pair, the packshots once more as photos of two senders."""
    folder = tmp_path_factory.mktemp("drawn")
    drawn = studio_items(folder, Drawings(products=12, size=128), 1)
    items = []
    for item in drawn:
        shop = item.image.endswith("-packshot.jpg")
        image = item.image.replace("-packshot.jpg", "-0.jpg")
        if shop:
            shutil.copy(folder / item.image, folder / image)
            sender = f"sender {len(items) % 2}"
            items.append(replace(item, source="clothing", split="test", domain="street", group=sender))
        domain = "shop" if shop else "street"
        items.append(
            replace(item, source="pair", split="test", domain=domain, image=image, product=item.group, category="coat")
        )
        if not shop:
            items.append(replace(item, source="ccp", split="test", domain="street", category="coat"))
    return items


def test_every_number_of_the_report_is_there(items: list[Item]) -> None:
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
    assert len(cosines) == 3 and min(cosines) > 0.5, "a spoilt picture still shows the garment"
    told = table(rows, {"here": numbers, "there": {}})
    assert told.count("\n") == len(rows) + 1 and f"| pairs R@1, box to whole | {numbers[rows[-6]]} |  |" in told


def test_pairs_by_weight_are_searches_with_these_weights(items: list[Item]) -> None:
    encoder = load_encoder(threads=2)
    numbers = measure(encoder, items, "test", distractors=0)
    pairs = [item for item in items if item.source == "pair"]
    street = embed(encoder, [(item, "box") for item in pairs if item.domain == "street"])
    shop = embed(encoder, [(item, "whole") for item in pairs if item.domain == "shop"])
    colour = {"style": 0.0, "colour": 1.0, "shape": 0.0, "pattern": 0.0}
    assert numbers["pairs R@1, box to whole, colour alone"] == product_hits(street, shop, 1, colour)
    style = next(block for block in encoder.blocks if block.name == "style")
    assert numbers["pairs R@1, box to whole, style x 3"] == product_hits(street, shop, 1, {"style": 3 * style.weight})
