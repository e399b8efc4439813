"""The engine on a toy task: what a step does, when a stage ends, and a crash at every single call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from streetshop.lab.train import engine
from tests.lab.train.toy import Toy, column, lines, recipe_of, run, stage

pytestmark = pytest.mark.lab


class Crash(Exception):
    """Stands for a power cut."""


class Crashing:
    """Raises at the call of that number."""

    def __init__(self, number: int) -> None:
        self.left = number

    def __call__(self, name: str) -> None:
        if self.left == 0:
            raise Crash(name)
        self.left -= 1


STAGES = (stage(4, patience=2), {"name": "double", "fit": "double"}, stage(2, grow=True, patience=1))
SCORES = {0: 0.1, 3: 0.5, 4: 0.4, 5: 0.9, 7: 0.3}


@pytest.mark.parametrize("every_step", [False, True], ids=["saved each epoch", "saved each step"])
def test_a_run_that_dies_at_any_call_ends_as_one_that_does_not(
    every_step: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call of the engine in turn fails once: before, in and after steps, fits, validations and checkpoints."""
    monkeypatch.setattr(engine, "SAVE_SECONDS", -1.0 if every_step else 1e9)
    recipe = recipe_of(*STAGES, ema=0.9)
    whole = Toy(recipe, SCORES)
    end = run(whole, tmp_path / "whole")
    assert end.finished
    assert (end.step, end.best, end.best_step, end.pictures) == (7, 0.3, 7, 12), "the second network is judged anew"
    for number in range(200):
        folder = tmp_path / f"dies-{number}"
        try:
            run(Toy(recipe, SCORES, Crashing(number)), folder)
        except Crash:
            pass
        else:
            break
        task = Toy(recipe, SCORES)
        again = run(task, folder)
        assert (again.step, again.best, again.best_step, again.stale, again.pictures) == (
            *(end.step, end.best, end.best_step),
            *(end.stale, end.pictures),
        ), number
        assert lines(folder) == lines(tmp_path / "whole"), number
        for file in ("best.safetensors", "last.safetensors"):
            mine, wanted = load_file(folder / file), load_file(tmp_path / "whole" / file)
            assert mine.keys() == wanted.keys()
            assert all(torch.equal(mine[name], wanted[name]) for name in wanted), (number, file)
    assert number > 30, "all calls of a run"


def test_a_finished_run_is_left_alone(tmp_path: Path) -> None:
    recipe = recipe_of(*STAGES)
    run(Toy(recipe, SCORES), tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    idle = Toy(recipe, SCORES, Crashing(0))
    assert run(idle, tmp_path).finished
    assert {path: path.read_bytes() for path in before} == before


def test_patience_counts_validations_without_a_better_one_in_its_own_stage(tmp_path: Path) -> None:
    """Both stages may be stale once; the second starts to count anew, and ends after its own second stale one."""
    scores = {3: 0.5, 6: 0.4, 9: 0.5, 12: 0.45, 15: 0.44, 18: 0.6}
    end = run(Toy(recipe_of(stage(30, patience=2), stage(30, patience=2)), scores), tmp_path)
    assert end.step == 9 + 6
    assert (end.best, end.best_step) == (0.5, 3)
    assert column(lines(tmp_path), "val/score") == [-1e9, 0.5, 0.4, 0.5, 0.45, 0.44]


def test_stages_share_the_runs_time_by_their_lengths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten minutes for stages of 30 and 10 steps, half a minute a step: 7.5 and 2.5 minutes."""
    now = [0.0]
    monkeypatch.setattr(engine.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(engine.time, "process_time", lambda: 0.0)

    def tick(name: str) -> None:
        now[0] += 30 if name == "learned" else 0

    for limits, steps in (({"minutes": 10}, [15, 5]), ({}, [30, 10]), ({"minutes": 1000}, [30, 10])):
        task = Toy(recipe_of(stage(30), stage(10), **limits), happened=tick)
        run(task, tmp_path / str(limits))
        assert [sum(step[0] == index for step in task.steps) for index in (0, 1)] == steps
    own = Toy(recipe_of(stage(30, minutes=1), stage(10, minutes=2), minutes=10), happened=tick)
    run(own, tmp_path / "own")
    assert [sum(step[0] == index for step in own.steps) for index in (0, 1)] == [2, 4]


def test_the_schedule_ends_with_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cosine of 100 steps that may take as long as four ends near nothing after the fourth."""
    now = [0.0]
    monkeypatch.setattr(engine.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(engine.time, "process_time", lambda: 0.0)

    def tick(name: str) -> None:
        now[0] += 15 if name == "learned" else 0

    task = Toy(recipe_of(stage(100, minutes=1, schedule={"kind": "cosine"})), happened=tick)
    run(task, tmp_path)
    assert [step[3] for step in task.steps] == pytest.approx([0.1, 0.1 * 0.8535534, 0.05, 0.1 * 0.1464466])


def test_gradients_are_clipped_in_groups_that_ask_for_it(tmp_path: Path) -> None:
    plain = {"optimiser": {"kind": "sgd", "momentum": 0, "clip": 0.5}, "rate": {"head": 1.0, "backbone": 1.0}}
    task = Toy(recipe_of(stage(1, loss=100, **plain)))
    before = {name: value.clone() for name, value in task.network.state_dict().items()}
    run(task, tmp_path)
    moved = {name: value - before[name] for name, value in task.network.state_dict().items()}
    assert float(moved["first.weight"].norm()) == pytest.approx(0.5, rel=1e-4)
    assert float(moved["first.bias"].abs().sum()) == pytest.approx(200, rel=1e-4), "two examples, not clipped"
    free = Toy(recipe_of(stage(1, loss=100, **plain | {"optimiser": {"kind": "sgd", "momentum": 0}})))
    run(free, tmp_path / "free")
    assert float((free.network.first.weight.detach() - before["first.weight"]).norm()) > 50


def test_every_step_draws_its_own_dropout_mask(tmp_path: Path) -> None:
    recipe = recipe_of(stage(6), stage(6))
    task, again = Toy(recipe), Toy(recipe)
    run(task, tmp_path / "a")
    run(again, tmp_path / "b")
    seeds = [step[4] for step in task.steps]
    assert len(seeds) == 12 == len(set(seeds)), "stages, epochs and batches"
    assert seeds == [step[4] for step in again.steps]
    other = Toy(recipe.model_copy(update={"seed": 1}))
    run(other, tmp_path / "c")
    assert not set(seeds) & {step[4] for step in other.steps}


def test_averaged_weights_follow_their_formula(tmp_path: Path) -> None:
    """Decay step / (step + 10), at most that of the recipe; the average is what is validated and kept."""
    task = Toy(recipe_of(stage(9), ema=0.3))
    run(task, tmp_path)
    after = [step[5] for step in task.steps[1:]] + [task.network.first.weight.detach()]
    average = task.steps[0][5].clone()
    for number, weights in enumerate(after, 1):
        decay = min(0.3, number / (number + 10))
        average = decay * average + (1 - decay) * weights
    kept = load_file(tmp_path / "last.safetensors")["first.weight"]
    torch.testing.assert_close(kept, average)
    assert not torch.equal(kept, after[-1])


def test_lines_hold_the_means_since_the_line_before(tmp_path: Path) -> None:
    seen: list[float] = []

    class Counting(Toy):
        def learn(self, *arguments: Any) -> Any:
            values = super().learn(*arguments)
            seen.append(values["loss/total"].item())
            return values

    run(Counting(recipe_of(stage(5))), tmp_path)
    wanted = [sum(seen[:3]) / 3, sum(seen[3:]) / 2]
    assert column(lines(tmp_path), "loss/total") == pytest.approx(wanted)
    assert [(line["step"], line["epoch"]) for line in lines(tmp_path) if "loss/total" in line] == [(3, 1), (5, 2)]
