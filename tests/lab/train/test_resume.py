"""A run that dies and is started again must end where the undisturbed run ends, to the bit."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from streetshop.core.errors import RunError
from streetshop.lab.train import engine, train
from streetshop.lab.train.task import Position, Update, Values
from streetshop.lab.train.tasks.embedding import EmbeddingTask, PictureBatch
from tests.lab.train.squares import SMALL, draw_squares

pytestmark = pytest.mark.lab

OVERRIDES = [
    *SMALL,
    "stages.*.epochs=2",
    "stages.*.batch=4",
    "stages.*.sampler.refresh=2",
    "stages.*.patience=null",
    "model.head.blocks.0.dim=8",
    "model.head.dropout=0.3",
    "augment.brightness=0.3",
]


def _final(out: Path) -> tuple[dict[str, torch.Tensor], list[dict[str, object]]]:
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    for line in lines:
        line.pop("seconds", None)
        line.pop("cpu_seconds", None)
    return load_file(out / "last.safetensors"), lines


def _same(a: Path, b: Path) -> None:
    (weights, metrics), (other_weights, other_metrics) = _final(a), _final(b)
    assert weights.keys() == other_weights.keys()
    different = [name for name in weights if not torch.equal(weights[name], other_weights[name])]
    assert different == []
    assert metrics == other_metrics


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_squares(tmp_path_factory.mktemp("squares"), products=8, val=2)


@pytest.fixture(scope="module")
def undisturbed(manifest: Path) -> Path:
    out = manifest.parent / "undisturbed"
    train("two-stream", manifest, out, OVERRIDES)
    return out


def test_the_same_seed_gives_the_same_run_and_another_seed_another(manifest: Path, undisturbed: Path) -> None:
    again = manifest.parent / "again"
    train("two-stream", manifest, again, OVERRIDES)
    _same(undisturbed, again)
    other = manifest.parent / "other"
    train("two-stream", manifest, other, [*OVERRIDES, "seed=1", "stages.*.epochs=1"])
    assert not torch.equal(
        load_file(other / "last.safetensors")["query.head.project.style.weight"],
        load_file(again / "last.safetensors")["query.head.project.style.weight"],
    )


@pytest.mark.parametrize("dies_at", [0, 5, 11, 13])
def test_a_run_saved_in_the_midst_of_an_epoch_goes_on_from_there(
    manifest: Path, undisturbed: Path, monkeypatch: pytest.MonkeyPatch, dies_at: int
) -> None:
    """Both stages, inside and at the ends of chunks of nearest negatives; a checkpoint after every batch."""
    monkeypatch.setattr(engine, "SAVE_SECONDS", -1.0)
    learn = EmbeddingTask.learn
    out = manifest.parent / f"dies-{dies_at}"
    calls: list[int] = []

    def counting(self: EmbeddingTask, batch: PictureBatch, at: Position, update: Update) -> Values:
        if at.step == dies_at and not calls:
            calls.append(at.step)
            raise ZeroDivisionError
        if calls:
            calls.append(at.step)
        return learn(self, batch, at, update)

    monkeypatch.setattr(EmbeddingTask, "learn", counting)
    with pytest.raises(ZeroDivisionError):
        train("two-stream", manifest, out, OVERRIDES)
    train("two-stream", manifest, out, OVERRIDES)
    assert calls[1] == dies_at, "nothing that was done is done again"
    _same(undisturbed, out)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_step_and_says_how_to_resume(
    manifest: Path,
    undisturbed: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: signal.Signals,
) -> None:
    learn, out = EmbeddingTask.learn, manifest.parent / f"interrupted-{number}"
    handler = signal.getsignal(signal.SIGINT)

    def interrupted(self: EmbeddingTask, batch: PictureBatch, at: Position, update: Update) -> Values:
        if at.step == 3:
            os.kill(os.getpid(), number)
        return learn(self, batch, at, update)

    with monkeypatch.context() as patch:
        patch.setattr(EmbeddingTask, "learn", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train("two-stream", manifest, out, OVERRIDES)
    assert "interrupted after 4 batches; the checkpoint is written, the same command resumes" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGINT) is handler
    train("two-stream", manifest, out, OVERRIDES)
    assert "resuming in stage shared, epoch 1, batch 4" in capsys.readouterr().err
    _same(undisturbed, out)


def test_averaged_weights_are_kept_and_resumed(manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    overrides = [*OVERRIDES, "ema=0.9", "stages.*.epochs=1"]
    whole, parts = manifest.parent / "averaged", manifest.parent / "averaged-parts"
    train("two-stream", manifest, whole, overrides)
    plain = manifest.parent / "plain"
    train("two-stream", manifest, plain, [*OVERRIDES, "stages.*.epochs=1"])
    a, b = (load_file(out / "last.safetensors") for out in (whole, plain))
    assert any(not torch.equal(a[name], b[name]) for name in a)
    monkeypatch.setattr(engine, "SAVE_SECONDS", -1.0)
    learn = EmbeddingTask.learn

    def failing(self: EmbeddingTask, batch: PictureBatch, at: Position, update: Update) -> Values:
        if at.step == 5:
            raise ZeroDivisionError
        return learn(self, batch, at, update)

    with monkeypatch.context() as patch:
        patch.setattr(EmbeddingTask, "learn", failing)
        with pytest.raises(ZeroDivisionError):
            train("two-stream", manifest, parts, overrides)
    train("two-stream", manifest, parts, overrides)
    _same(whole, parts)


def test_name_version_and_description_may_change(manifest: Path, undisturbed: Path) -> None:
    train("two-stream", manifest, undisturbed, [*OVERRIDES, "version=7", "about=other"])
    about = json.loads((undisturbed / "run.json").read_text())
    assert about["recipe_values"]["version"] == "7"
    train("two-stream", manifest, undisturbed, OVERRIDES)


@pytest.mark.slow
def test_kill_9_and_start_again(manifest: Path, tmp_path: Path) -> None:
    out, whole = tmp_path / "killed", tmp_path / "whole"
    overrides = [*OVERRIDES, "stages.*.epochs=4"]
    program = (
        "import sys, torch; torch.set_num_threads(1);"
        "from streetshop.lab.train import train;"
        "train('two-stream', sys.argv[1], sys.argv[2], sys.argv[3:])"
    )
    command = [sys.executable, "-c", program, str(manifest), str(out), *overrides]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    # The checkpoint comes after the weights, by as much as a busy machine takes for it.
    while not ((out / "best.safetensors").exists() and (out / "checkpoint.pt").exists()):
        assert process.poll() is None, "it must be killed while it trains"
        assert time.monotonic() < deadline, "it must be killed while it trains"
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (out / "last.safetensors").exists()
    told = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=True).stderr
    assert "resuming in stage" in told
    train("two-stream", manifest, whole, overrides)
    _same(whole, out)


def test_a_finished_run_is_not_trained_again(manifest: Path, undisturbed: Path) -> None:
    before = (undisturbed / "last.safetensors").stat().st_mtime_ns
    result = train("two-stream", manifest, undisturbed, OVERRIDES)
    assert (undisturbed / "last.safetensors").stat().st_mtime_ns == before
    assert result.steps == json.loads((undisturbed / "run.json").read_text())["steps"] > 0


def test_a_folder_of_another_run_is_refused(manifest: Path, undisturbed: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"another recipe: stages\.0\.rate\.head \(0\.001 there, 0\.01 now\) differs"):
        train("two-stream", manifest, undisturbed, [*OVERRIDES, "stages.0.rate.head=0.01"])
    other = draw_squares(tmp_path, products=8, seed=5)
    with pytest.raises(RunError, match="on other data"):
        train("two-stream", other, undisturbed, OVERRIDES)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine")
    with pytest.raises(RunError, match="neither empty nor a run folder"):
        train("two-stream", manifest, tmp_path / "full", OVERRIDES)


def test_a_damaged_checkpoint_is_said(manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "run"
    train("two-stream", manifest, out, OVERRIDES)
    (out / "checkpoint.pt").write_bytes(b"half a checkpoint")
    about = json.loads((out / "run.json").read_text())
    (out / "run.json").write_text(json.dumps(about | {"finished": False}))
    with pytest.raises(RunError, match="the checkpoint is damaged"):
        train("two-stream", manifest, out, OVERRIDES)
