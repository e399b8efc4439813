"""The report on an encoder, from pictures to its table, with the shipped encoder on a few drawn products."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from streetshop.core.errors import UsageError
from streetshop.lab.data.sample import Sample
from streetshop.lab.evaluate.encoder import embed, product_hits
from streetshop.lab.evaluate.encoder_report import (
    FORMS,
    check_untrained,
    columns_of,
    headline,
    measure,
    pairs_numbers,
    sections,
)
from streetshop.models import load_encoder
from streetshop.models.folder import file_sha256, read_spec, write_spec
from streetshop.models.load import DEFAULT_ENCODER
from tests.models.tiny import tiny_encoder

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


@pytest.mark.parametrize("count", [6, 0])
def test_few_photos_or_none_are_said_and_measured(
    items: list[Sample], count: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = items[:count]
    numbers = measure(load_encoder(tiny_encoder(tmp_path / "tiny")), few, "test", distractors=3)
    single, worn = (sum(item.source == source for item in few) for source in ("clothing", "ccp"))
    told = capsys.readouterr().err
    assert f"{single} single garments of the split test: P@10 counts what is missing of 10 as misses" in told
    assert f"{worn} worn garments of the split test" in told
    assert list(sections({"here": numbers})[0].rows) == headline(numbers)
    assert any(value.queries for value in numbers.values()) == bool(few)
    assert all(0 <= value.mean <= 1.0001 for value in numbers.values() if value.queries)
    if worn > 1:
        assert numbers["category P@10, worn garments"].mean == pytest.approx((worn - 1) / 10), "all are coats"


def two_streams(folder: Path) -> Path:
    """A bundle whose shop network is another one."""
    tiny_encoder(folder)
    shutil.copy(tiny_encoder(folder.with_name("shop"), seed=1) / "model.onnx", folder / "model-shop.onnx")
    spec = read_spec(folder)
    files = {name: file_sha256(folder / name) for name in ("model.onnx", "model-shop.onnx")}
    write_spec(folder, spec.model_copy(update={"shop_model": "model-shop.onnx", "files": files}))
    return folder


def test_pairs_ask_with_the_splits_street_pictures_and_find_through_the_shop_stream(
    items: list[Sample], tmp_path: Path
) -> None:
    pairs = [item for item in items if item.source == "pair"]
    learned = {item.product_id for item in pairs[:8]}
    pairs = [replace(item, split="train" if item.product_id in learned else "test") for item in pairs]
    encoder = load_encoder(two_streams(tmp_path / "two"))
    numbers = pairs_numbers(encoder, pairs, "test", 0)
    street = [(item, "box") for item in pairs if item.domain == "street"]
    asked = [view for view in street if view[0].split == "test"]
    assert 0 < len(asked) < len(street)
    shop = [(item, "whole") for item in pairs if item.domain == "shop"]
    style = {"style": 1.0, "colour": 0.0}
    found, mistaken = (
        product_hits(embed(encoder, asked), embed(encoder, shop, side=side), 1, style) for side in ("shop", "street")
    )
    assert numbers["pairs R@1, box to whole, style alone"] == found
    assert found.queries == len(asked)
    assert found.mean < mistaken.mean, "the networks have nothing to do with each other"


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
