"""The report on an encoder, from pictures to its table, with the shipped encoder on a few drawn products."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from streetshop.core.errors import UsageError
from streetshop.lab.data.garments import studio_samples
from streetshop.lab.data.sample import Sample
from streetshop.lab.evaluate.encoder import embed, product_hits
from streetshop.lab.evaluate.encoder_report import FORMS, check_untrained, columns_of, headline, measure, table
from streetshop.lab.train import shipped
from streetshop.models import load_encoder
from streetshop.models.encoder import DEFAULT_ENCODER
from streetshop.models.folder import read_spec, write_spec

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    """Twelve products: front and packshot as a made pair, the packshots once more as photos of two senders."""
    folder = tmp_path_factory.mktemp("drawn")
    drawn = studio_samples(folder, 12, 5, 128, 1)
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
            replace(
                item, source="pair", split="test", domain=domain, image=image, product_id=item.group, category="coat"
            )
        )
        if not shop:
            items.append(replace(item, source="ccp", split="test", domain="street", category="coat"))
    return items


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
    assert len(cosines) == 3, "a spoilt picture still shows the garment"
    assert min(cosines) > 0.5, "a spoilt picture still shows the garment"
    told = table(rows, {"here": numbers, "there": {}})
    assert told.count("\n") == len(rows) + 1
    assert f"| pairs R@1, box to whole | {numbers[rows[-6]]} |  |" in told


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


def test_a_trained_encoder_gets_its_report_and_its_card(
    items: list[Sample], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of ``streetshop lab train recipes/encoder.yaml``; what comes before has tests of its own."""
    bundle, start = tmp_path / "run" / "bundle", tmp_path / "cache" / "start"
    for folder in (bundle, start):
        shutil.copytree(DEFAULT_ENCODER, folder)
    (bundle / "card.md").unlink()
    write_spec(bundle, read_spec(bundle).model_copy(update={"name": "mine"}))
    for folder in ("ccp/photos", "clothing/images"):
        (tmp_path / "data" / folder).mkdir(parents=True)
    (tmp_path / "cache" / "cutouts").mkdir()
    (tmp_path / "cache" / "cutouts" / ".done").touch()
    monkeypatch.setattr(shipped, "train_heads", lambda *_, **__: bundle)
    monkeypatch.setattr(shipped, "gather", lambda *_, **__: items)
    assert shipped.train_encoder("encoder", tmp_path / "data", tmp_path / "run") == bundle
    columns = json.loads((tmp_path / "run" / "report.json").read_text())
    assert list(columns) == ["mine 5", load_encoder().name], "its own numbers, then the untrained one's"
    card = (bundle / "card.md").read_text()
    assert card.startswith("# mine, version 5")
    assert "| | mine 5 | (a) ImageNet features | (b) CIELAB histogram |" in card
    alone = columns[load_encoder().name]["kind P@10, packshot, style alone"]["mean"]
    row = next(line for line in card.splitlines() if line.startswith("| kind P@10, packshot"))
    assert f"{alone:.3f}" in row.split("|")[3]


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
