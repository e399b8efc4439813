from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from streetshop.core.errors import RecipeError
from streetshop.lab.train import load_recipe, recipe_names, train
from streetshop.lab.train.build import check_recipe
from streetshop.lab.train.recipe import ConverterRecipe, EmbeddingRecipe

pytestmark = pytest.mark.lab

NAMES = {
    "two-stream",
    "buy-me-that-look",
    "griddynamics-triplet",
    "griddynamics-arcface",
    "center-loss",
    "attention",
    "converter",
    "streetshop",
    "mask-rcnn",
    "rt-detr",
    "reader",
    "reader-small",
    "encoder",
    "untrained",
    "view",
    "view-resnet18",
    "pose-resnet50",
}


def test_all_recipes_are_listed() -> None:
    assert set(recipe_names()) == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_recipes_are_valid_and_survive_being_written(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name in (name, f"streetshop-{name}", "imagenet-efficientnet-lite0", "small-reader")
    if isinstance(recipe, EmbeddingRecipe):
        check_recipe(recipe)
    plain = yaml.safe_load(yaml.safe_dump(recipe.as_plain()))
    assert type(recipe).model_validate(plain) == recipe


def test_recipes_say_what_the_papers_print() -> None:
    two = load_recipe("two-stream")
    assert two.model.head.blocks[0].pooling == "max"
    assert [stage.rate.of_backbone for stage in two.stages] == [1e-3, 5e-4]
    assert (two.stages[0].schedule.every, two.stages[0].schedule.unit, two.stages[0].schedule.factor) == (
        1024,
        "batch",
        0.5,
    )
    assert (two.stages[1].schedule.every, two.stages[1].schedule.unit) == (1, "epoch")
    assert two.stages[0].sampler.k == 25
    assert two.stages[1].streams == "two"
    assert two.stages[1].sampler.cross
    look = load_recipe("buy-me-that-look")
    assert not look.model.head.normalise
    assert look.model.head.blocks[0].dim == 2048
    assert (look.stages[0].losses[0].margin, look.stages[0].losses[0].alpha) == (0.2, 5e-5)
    assert [stage.miner.kind for stage in look.stages] == ["given", "semihard"]
    assert look.stages[0].optimiser.kind == "adam"
    assert look.stages[0].rate.of_backbone == 5e-5
    arc = load_recipe("griddynamics-arcface")
    assert [stage.frozen for stage in arc.stages] == [5, 5, 2]
    assert arc.stages[1].unfreeze.to == 2
    assert arc.stages[2].rate.backbone == pytest.approx(arc.stages[1].rate.backbone / 10)
    assert arc.stages[2].rate.head == pytest.approx(arc.stages[1].rate.head / 10)
    assert [loss.kind for loss in arc.stages[0].losses] == ["arcface", "cross_entropy"]
    center = load_recipe("center-loss")
    assert center.model.head.blocks[0].dim == 128
    assert center.stages[0].epochs == 10
    assert center.stages[0].losses[1].weight == 0.95
    attention = load_recipe("attention")
    assert (attention.input.height, attention.input.width) == (384, 256)
    assert {loss.kind: loss.weight for loss in attention.stages[0].losses} == {
        "multilabel_euclidean": 1.0,
        "diversity": 0.01,
        "localisation": 0.01,
    }
    assert attention.stages[0].rate.of_backbone == 1e-5
    assert attention.stages[0].epochs == 40
    converter = load_recipe("converter")
    assert isinstance(converter, ConverterRecipe)
    assert converter.channels == 128
    assert converter.form == "flipped"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("stages.0.rate.head=-1", r"stages\.0\.rate\.head: .*greater than 0; the value is -1"),
        (
            "stages.1.losses.0.margn=3",
            r"stages\.1\.losses\.0\.margn: there is no such key, the nearest is 'margin'; the value is 3",
        ),
        (
            "model.backbone.name=resnet51",
            r"model\.backbone\.name: there is no backbone 'resnet51'\. Did you mean .*resnet50",
        ),
        ("stages.0.frozen=6", r"stages\.0\.frozen: 6 layers of resnet50 cannot be frozen: it has 5"),
        ("input.height=tall", r"input\.height: .*; the value is 'tall'"),
        ("stages.0.losses.0.kind=hinge", r"stages\.0\.losses\.0: .*'hinge'"),
        ("stages.0.miner=null", r"stages\.0: the loss triplet needs a miner"),
        ("stages.0.miner.kind=hard", r"stages\.0: miner `given` and sampler `triplets` go together"),
        (
            "stages.0.losses.0.on=colour",
            r"stages\.0: `on: colour` is neither embedding, features nor a block \(style\)",
        ),
        ("stages.1.sampler.cross=false", r"stages\.1: two streams need a sampler with `cross: true`"),
        ("stages.0.streams=two", r"stages\.0: two streams need a sampler"),
        ("model.head.kind=attention", r"model\.head\.target: Field required"),
        ("stages=[]", r"stages: "),
        ("colour=red", r"colour: there is no such key, only .*augment, .*; the value is 'red'"),
    ],
)
def test_a_bad_recipe_fails_before_any_data_is_read_and_names_its_key(
    tmp_path: Path, override: str, message: str
) -> None:
    absent = tmp_path / "no-such-manifest.parquet"
    with pytest.raises(RecipeError, match=message):
        train("two-stream", absent, tmp_path / "run", [override])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("override", "key"),
    [
        ("seed=true", "seed"),
        ("stages.0.epochs=true", "stages.0.epochs"),
        ("stages.0.epochs='3'", "stages.0.epochs"),
        ("stages.0.epochs=3.0", "stages.0.epochs"),
        ("stages.0.rate.head=true", "stages.0.rate.head"),
        ("stages.0.rate.head='1e-3'", "stages.0.rate.head"),
        ("stages.0.sampler.cross=1", "stages.0.sampler.cross"),
        ("augment.flip=no", "augment.flip"),
        ("augment.zoom=false", "augment.zoom"),
        ("input.background=[true, 2, 3]", "input.background.0"),
        ("input.background=white", "input.background"),
        ("model.head.blocks.0.dim=true", "model.head.blocks.0.dim"),
        ("data.where={category: [1]}", "data.where.category.0"),
        ("name=3", "name"),
        ("version=true", "version"),
        ("ema={}", "ema"),
        ("stages.0.epochs=!!binary aGk=", "stages.0.epochs"),
        ("minutes=!!float .nan", "minutes"),
    ],
)
def test_values_of_another_type_are_not_converted(override: str, key: str) -> None:
    """``true`` would be 1 epoch, and ``no``, which YAML 1.2 reads as text, would pass for false."""
    with pytest.raises(RecipeError, match=rf"yaml: {re.escape(key)}: .*; the value is"):
        load_recipe("two-stream", [override])


def test_whole_numbers_are_numbers_and_versions_text() -> None:
    recipe = load_recipe("two-stream", ["stages.*.rate.head=1", "version=2.5", "minutes=3"])
    assert (recipe.stages[0].rate.head, recipe.version, recipe.minutes) == (1.0, "2.5", 3.0)


def test_the_full_value_is_in_the_error() -> None:
    long = "x" * 300
    with pytest.raises(RecipeError, match=long):
        load_recipe("two-stream", [f"input.fit={long}"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: a\nname: b\n", "the key 'name' is there twice"),
        ("name: [1\n", "is no YAML"),
        ("- 1\n", "holds list, not keys and values"),
        ("name: x\n", "Field required"),
        ("kind: other\nname: x\n", "'other'"),
        ("kind: reader\nname: x\n", "stages: Field required"),
        ("kind: encoder\nname: x\n", "blocks: Field required"),
    ],
)
def test_bad_files(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(RecipeError, match=message):
        load_recipe(str(file))


def test_an_unknown_recipe_lists_the_known() -> None:
    with pytest.raises(RecipeError, match="one of attention, buy-me-that-look"):
        load_recipe("tow-stream")


def test_overrides_reach_one_place_or_all_and_leave_aliases_alone() -> None:
    recipe = load_recipe("griddynamics-arcface", ["stages.*.epochs=3", "stages.0.losses.0.scale=16"])
    assert [stage.epochs for stage in recipe.stages] == [3, 3, 3]
    assert [stage.losses[0].scale for stage in recipe.stages] == [16, 64, 64], "stages share their losses by an alias"


@pytest.mark.parametrize("override", ["seed", "stages.9.epochs=1", "stages.x.epochs=1", "name.first=1", "=1", "a=[1"])
def test_bad_overrides(override: str) -> None:
    with pytest.raises(RecipeError):
        load_recipe("two-stream", [override])


def test_yaml_1_2_scalars(tmp_path: Path) -> None:
    """``on`` is text, not true; ``1e-3`` a number, not text."""
    from streetshop.lab.train.values import parse_yaml

    assert parse_yaml("{on: no, rate: 1e-3, flag: true, n: 3, x: null, y: -.5, v: 1.2.3}") == {
        "on": "no",
        "rate": 1e-3,
        "flag": True,
        "n": 3,
        "x": None,
        "y": -0.5,
        "v": "1.2.3",
    }
