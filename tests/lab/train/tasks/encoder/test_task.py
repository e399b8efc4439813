"""The encoder's task in the engine, on made-up features."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from streetshop.core.errors import RecipeError
from streetshop.core.records import Block
from streetshop.lab.core.devices import Place
from streetshop.lab.evaluate.encoder import Embedded, label_precision
from streetshop.lab.train import load_recipe
from streetshop.lab.train.encoder_recipe import EncoderRecipe
from streetshop.lab.train.engine import Engine
from streetshop.lab.train.task import Position, Update, Values
from streetshop.lab.train.tasks.encoder import task as encoder_task
from streetshop.lab.train.tasks.encoder.features import Features
from streetshop.lab.train.tasks.encoder.task import EncoderTask, ViewBatch
from tests.lab.evaluate.test_encoder import Spoken
from tests.lab.train.tasks.encoder.drawn import made_up, relabelled

pytestmark = pytest.mark.lab
CPU = Place(torch.device("cpu"))


def recipe_of(steps: int, batch: int = 32) -> EncoderRecipe:
    block = {"dim": 8, "parts": ["global", "garment"]}
    stage = {"batch": batch, "rate": {"head": 3e-3}, "schedule": {"kind": "cosine"}}
    blocks = {
        "style": block | {"parts": ["global", "plain"], "whiten": 0.5},
        "colour": block | {"parts": ["colours", "texture"], "hidden": 8},
        "shape": block,
    }
    stages = [{"name": name, "learns": name, "steps": steps, **stage} for name in ("colour", "shape")]
    return EncoderRecipe.model_validate({"kind": "encoder", "name": "small", "blocks": blocks, "stages": stages})


def coloured(**more: int) -> Features:
    views = made_up(**more)
    views.items[:] = [relabelled(v, colour=f"colour {n % 2}") for n, v in enumerate(views.items)]
    return views


def trained(recipe: EncoderRecipe, views: Features, folder: Path) -> EncoderTask:
    folder.mkdir(exist_ok=True)
    task = EncoderTask(recipe, views, CPU, weights="none")
    Engine(task, folder, CPU).run()
    return task


def test_a_head_learns_categories_across_senders(tmp_path: Path) -> None:
    views = coloured()

    def right(task: EncoderTask) -> float:
        heads = task.network.heads
        with torch.no_grad():
            settled = heads.settled(torch.from_numpy(views.values.astype(np.float32)))
            vectors = heads.block("shape", settled).numpy()
        return label_precision(Embedded(views.items, vectors, Spoken((Block("shape", 8),))), "category", k=5).mean

    recipe = recipe_of(60, batch=64)
    before = right(EncoderTask(recipe, views, CPU, weights="none"))
    after = right(trained(recipe, views, tmp_path / "run"))
    assert after > before + 0.1
    assert after > 0.9


def test_style_is_its_components_and_the_others_learn(tmp_path: Path) -> None:
    views, recipe = coloured(), recipe_of(5)
    before, after = EncoderTask(recipe, views, CPU, weights="none"), trained(recipe, views, tmp_path / "run")
    started, learned = before.network.heads.layers, after.network.heads.layers
    torch.testing.assert_close(learned["style"].weight, started["style"].weight)
    assert not torch.equal(learned["shape"].weight, started["shape"].weight)
    heads = after.network.heads
    with torch.no_grad():
        values = heads.settled(torch.from_numpy(views.values.astype(np.float32)))
        found = learned["style"](heads.chosen("style", values)).numpy()
    inputs = heads.chosen("style", values).numpy()
    _, spreads, directions = np.linalg.svd(inputs - inputs.mean(0), full_matrices=False)
    deviations = spreads[:8] / len(inputs) ** 0.5
    wanted = (inputs - inputs.mean(0)) @ directions[:8].T / deviations**0.5
    np.testing.assert_allclose(np.abs(found), np.abs(wanted), rtol=0.02, atol=0.02 * float(np.abs(wanted).max()))


def test_training_resumes_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    views, recipe = coloured(kinds=2, each=12), recipe_of(5)
    trained(recipe, views, tmp_path / "whole")
    learn = EncoderTask.learn
    for dies_at in (3, 7):

        def interrupted(
            self: EncoderTask, batch: ViewBatch, at: Position, update: Update, dies_at: int = dies_at
        ) -> Values:
            if at.step == dies_at:
                os.kill(os.getpid(), signal.SIGTERM)
            return learn(self, batch, at, update)

        parts = tmp_path / f"parts-{dies_at}"
        with monkeypatch.context() as patch:
            patch.setattr(encoder_task.EncoderTask, "learn", interrupted)
            with pytest.raises(KeyboardInterrupt):
                trained(recipe, views, parts)
        trained(recipe, views, parts)
        a, b = (load_file(out / "last.safetensors") for out in (tmp_path / "whole", parts))
        for name, value in a.items():
            torch.testing.assert_close(value, b[name], atol=1e-6, rtol=0, msg=name)


def test_the_recipe_is_checked() -> None:
    recipe = load_recipe("encoder")
    assert isinstance(recipe, EncoderRecipe)
    assert list(recipe.blocks) == ["style", "colour", "shape", "pattern"]
    for override, message in (
        ("blocks.shape.dim=0", r"blocks\.shape\.dim: .*; the value is 0"),
        ("stages.2.steps=0", r"stages\.2\.steps"),
        ("stages.2.learns=style", r"stages\.2\.learns"),
        ("stages.2.rate.backbone=0.1", "the backbone does not learn"),
        ("blocks.length={dim: 8, parts: [global]}", "length"),
    ):
        with pytest.raises(RecipeError, match=message):
            load_recipe("encoder", [override])
    with pytest.raises(RecipeError, match="no such recipe"):
        load_recipe("none.yaml")
