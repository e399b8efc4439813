"""The reader's task in the engine, on drawings."""

from __future__ import annotations

import itertools
import json
import os
import signal
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from streetshop.core.errors import DatasetError, RecipeError, RunError
from streetshop.lab.core.devices import Place
from streetshop.lab.data.classes import CLASSES, IGNORE
from streetshop.lab.data.labelled_photos import load_labelled
from streetshop.lab.data.sets.ccp import labelled_names
from streetshop.lab.train import load_recipe, train
from streetshop.lab.train.engine import Engine
from streetshop.lab.train.public import PublicSets
from streetshop.lab.train.reader_recipe import ReaderRecipe
from streetshop.lab.train.task import Position, Update, Values
from streetshop.lab.train.tasks.reader.data import load_reader_data
from streetshop.lab.train.tasks.reader.task import ReaderTask, WorkerBatches, class_weights, repeat_factors
from streetshop.lab.train.trained import load_network
from tests.lab.train.tasks.reader.trees import ccp, public, tiny_recipe

pytestmark = pytest.mark.lab
CPU = Place(torch.device("cpu"))


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> PublicSets:
    return public(tmp_path_factory.mktemp("public"))


def task_of(sets: PublicSets, recipe: ReaderRecipe) -> ReaderTask:
    return ReaderTask(recipe, load_reader_data(recipe, sets), CPU)


def test_rare_classes_are_drawn_more_often_and_weigh_more(tmp_path: Path) -> None:
    root = ccp(tmp_path)
    samples = load_labelled(root, labelled_names(root, "train"))
    samples[0].allowed = (*samples[0].allowed, CLASSES.index("scarf"))
    factors = repeat_factors(samples)
    assert factors[0] > factors[1] == 1
    weights = class_weights(samples, 0.5, 5.0)
    assert weights.max() <= 5
    assert weights[CLASSES.index("footwear")] > weights[0]


def test_the_recipe_that_comes_with_it() -> None:
    recipe = load_recipe("reader")
    assert isinstance(recipe, ReaderRecipe)
    assert recipe.name == "streetshop-reader"
    assert recipe.trained[-1].learns == "detail"
    assert recipe.articles is not None


@pytest.mark.parametrize(
    ("override", "where"),
    [
        ("model.channels=3", r"model\.channels: .*; the value is 3"),
        ("stages.0.hight=64", r"stages\.0\.hight: there is no such key, the nearest is 'height'"),
        ("stages=[]", "stages: "),
        ("stages.5.fit=other", r"stages\.5: .*'balance', 'articles'"),
        ("model.detail=0", "a stage trains the level of stride 2, and there is none"),
        ("stages.4.learns=body,model.detail=0", "the guided filter needs the level of stride 2"),
    ],
)
def test_a_recipe_names_the_bad_key(override: str, where: str) -> None:
    with pytest.raises(RecipeError, match=where):
        load_recipe("reader", override.split(","))


def test_a_stage_may_train_the_level_of_stride_2_alone(sets: PublicSets, tmp_path: Path) -> None:
    recipe = tiny_recipe(detail=8, photos=4)
    body, detail = (
        stage.model_copy(update={"learns": part})
        for stage, part in zip(recipe.trained, ("body", "detail"), strict=True)
    )
    task = task_of(sets, recipe.model_copy(update={"stages": (body, detail)}))
    seen = {}

    class Watching(ReaderTask):
        def learn(self, batch: WorkerBatches, at: Position, update: Update) -> Values:
            seen.setdefault(at.stage, {name: value.clone() for name, value in self.network.state_dict().items()})
            return super().learn(batch, at, update)

    task.__class__ = Watching
    (tmp_path / "run").mkdir()
    Engine(task, tmp_path / "run", CPU).run()
    assert not seen[1]["correct.weight"].any()
    assert task.network.correct.weight.any()
    for name, value in task.network.state_dict().items():
        if name.split(".")[0] not in ("narrow", "lateral2", "mix2", "correct"):
            torch.testing.assert_close(value, seen[1][name], msg=name)


@pytest.mark.slow
def test_an_interrupted_run_resumes_to_the_very_same_weights(
    sets: PublicSets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    overrides = ["stages.0.name=first"]
    recipe = tmp_path / "tiny.yaml"
    recipe.write_text(json.dumps(tiny_recipe().as_plain()))
    run = {"cache": sets.cache, "threads": 2}
    train(str(recipe), sets.data, tmp_path / "whole", overrides, **run)
    learn = ReaderTask.learn

    def interrupted(self: ReaderTask, batch: WorkerBatches, at: Position, update: Update) -> Values:
        if at.step == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return learn(self, batch, at, update)

    with monkeypatch.context() as patch:
        patch.setattr(ReaderTask, "learn", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(str(recipe), sets.data, tmp_path / "parts", overrides, **run)
    assert not (tmp_path / "parts" / "last.safetensors").exists()
    train(str(recipe), sets.data, tmp_path / "parts", overrides, **run)
    whole, parts = (load_file(tmp_path / name / "last.safetensors") for name in ("whole", "parts"))
    for key, value in whole.items():
        assert torch.allclose(value.float(), parts[key].float(), atol=1e-5), key
    lines = [json.loads(line) for line in (tmp_path / "parts" / "metrics.jsonl").read_text().splitlines()]
    judged = [line for line in lines if "val/miou" in line]
    assert [line["stage"] for line in judged] == ["first", "second"]
    assert 0 <= judged[-1]["val/accuracy"] <= 1
    assert not load_network(tmp_path / "parts").training


def test_a_checkpoint_of_another_network_is_refused(sets: PublicSets, tmp_path: Path) -> None:
    recipe = tiny_recipe(photos=4)
    Engine(task_of(sets, recipe), tmp_path, CPU).run()
    saved = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    saved["position"] |= {"finished": False, "stage": 1}
    torch.save(saved, tmp_path / "checkpoint.pt")
    wider = recipe.model_copy(update={"model": recipe.model.model_copy(update={"channels": 32})})
    with pytest.raises(RunError, match="another network"):
        Engine(task_of(sets, wider), tmp_path, CPU).run()


def test_pseudo_labels_keep_to_the_tags_and_the_cut_out(sets: PublicSets) -> None:
    task = task_of(sets, tiny_recipe().model_copy(update={"sure": 0.0}))
    batch = next(part for photos in itertools.count(0, 4) for part in task.draw(1, photos)[:1] if part.guess.any())
    labels = task.pseudo_labels(batch)
    for i in range(len(labels)):
        found = set(labels[i].unique().tolist()) - {IGNORE}
        if batch.guess[i]:
            assert found <= set(batch.allowed[i].nonzero()[:, 0].tolist())
        else:
            assert (labels[i] == batch.labels[i]).all()


def test_a_reader_needs_the_clothing_dataset_only_where_it_learns_from_it(tmp_path: Path) -> None:
    ccp(tmp_path / "ccp")
    sets = PublicSets(tmp_path, tmp_path / "cache")
    recipe = tiny_recipe(shares={"labelled": 1})
    recipe = recipe.model_copy(update={"losses": recipe.losses.model_copy(update={"keypoints": 0})})
    assert not recipe.needs_clothing
    sets.check(clothing=recipe.needs_clothing)
    assert {sample.source for sample in load_reader_data(recipe, sets).samples} == {"labelled"}
    with pytest.raises(DatasetError, match="no such folder"):
        sets.check(clothing=tiny_recipe().needs_clothing)
