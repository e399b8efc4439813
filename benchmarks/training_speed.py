"""How fast the training loop is beside a bare PyTorch loop on the same cached pictures.

    python benchmarks/training_speed.py --backbone efficientnet_lite0 --side 128 --batch 32 --batches 12 --rounds 5

Both train the same network with ArcFace and AdamW on the same decoded pictures; the bare loop knows nothing of plans,
streams, logs, checkpoints or labels. Rounds alternate, so that whatever else the machine does hits both. ``ratio`` is
the bare loop's time of a batch divided by ours, each the fastest tenth of all batches, which other processes disturbed
least; ``cpu_ratio`` is that of the median CPU times. The budget is 0.90. The figures ``augmented`` have our
augmentation on, which the bare loop lacks.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from streetshop.lab.core.devices import Place
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample
from streetshop.lab.losses import ArcFace
from streetshop.lab.losses.base import LossInput
from streetshop.lab.nets import Block, BlockHead, Encoder, build_backbone
from streetshop.lab.train.build import targets_of
from streetshop.lab.train.data import RunData, load_run_data
from streetshop.lab.train.engine import Engine
from streetshop.lab.train.reading import validate_recipe
from streetshop.lab.train.recipe import AugmentPart, EmbeddingRecipe
from streetshop.lab.train.task import Position, Update, Values
from streetshop.lab.train.tasks.embedding import EmbeddingTask, PictureBatch

Stamps = NDArray[np.float64]
"""(batches, 2): wall clock and CPU clock, seconds."""

BUDGET = 0.90
PLAIN = {"flip": False, "zoom": 0, "shift": 0, "rotate": 0, "brightness": 0, "contrast": 0, "saturation": 0}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--backbone", default="efficientnet_lite0")
    options.add_argument("--side", type=int, default=128)
    options.add_argument("--batch", type=int, default=32)
    options.add_argument("--batches", type=int, default=12)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--threads", type=int, default=torch.get_num_threads())
    options.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    given = options.parse_args()
    torch.set_num_threads(given.threads)
    place = Place(torch.device(given.device))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        recipe = _recipe(given)
        manifest = _manifest(home, given.batch * given.batches)
        data = load_run_data(manifest, recipe, targets_of(recipe), home / "cache", build=True)
        augmented = recipe.model_copy(update={"augment": AugmentPart()})
        runs: dict[str, Callable[[Path], Stamps]] = {
            "bare": lambda out: _bare(recipe, data, given, place),
            "ours": lambda out: _ours(recipe, data, out, place),
            "augmented": lambda out: _ours(augmented, data, out, place),
        }
        times: dict[str, list[Stamps]] = {name: [] for name in runs}
        for number in range(given.rounds + 1):
            for name, run in runs.items():
                durations = np.diff(run(home / f"{name}{number}"), axis=0)
                if number:  # the first round warms up
                    times[name].append(durations)
            print(f"round {number} of {given.rounds}", file=sys.stderr)
    batches = {name: np.concatenate(t) for name, t in times.items()}
    wall = {name: float(np.quantile(t[:, 0], 0.1)) for name, t in batches.items()}
    cpu = {name: float(np.median(t[:, 1])) for name, t in batches.items()}
    result = {
        "backbone": given.backbone,
        "side": given.side,
        "batch": given.batch,
        "threads": given.threads,
        "device": given.device,
        "batches_measured": len(batches["ours"]),
        **{f"{name}_pictures_per_second": round(given.batch / seconds, 1) for name, seconds in wall.items()},
        "ratio": round(wall["bare"] / wall["ours"], 3),
        "ratio_augmented": round(wall["bare"] / wall["augmented"], 3),
        "cpu_ratio": round(cpu["bare"] / cpu["ours"], 3),
        "cpu_ratio_augmented": round(cpu["bare"] / cpu["augmented"], 3),
        "budget": BUDGET,
    }
    print(json.dumps(result))
    sys.exit(0 if result["ratio"] >= BUDGET else 1)


def _recipe(given: argparse.Namespace) -> EmbeddingRecipe:
    values = {
        "name": "speed",
        "input": {"height": given.side, "width": given.side},
        "augment": PLAIN,
        "model": {
            "backbone": {"name": given.backbone, "weights": "none"},
            "head": {"kind": "blocks", "blocks": [{"name": "style", "dim": 128}]},
        },
        "stages": [
            {
                "name": "all",
                "epochs": 1,
                "batch": given.batch,
                "sampler": {"kind": "plain"},
                "losses": [{"kind": "arcface"}],
                "rate": {"head": 1e-4},
                "schedule": {"kind": "constant"},
            }
        ],
    }
    recipe = validate_recipe(values)
    if not isinstance(recipe, EmbeddingRecipe):
        raise TypeError(type(recipe))
    return recipe


def _manifest(home: Path, count: int) -> Manifest:
    """``count`` training pictures of noise, two a product. They are split already, and none validates."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(count):
        pixels = rng.integers(0, 256, (96, 96, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(home / f"{number:05}.jpg")
        rows.append(Sample(f"{number:05}.jpg", "shop", f"p{number // 2}", "noise", "train"))
    return Manifest.from_rows(rows, home)


class _TimedTask(EmbeddingTask):
    """Reads the clocks when each batch is about to be learned from."""

    stamps: list[tuple[float, float]]

    def learn(self, batch: PictureBatch, at: Position, update: Update) -> Values:
        self.stamps.append(_clocks(self.place))
        return super().learn(batch, at, update)


def _clocks(place: Place) -> tuple[float, float]:
    if place.device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter(), time.process_time()


def _ours(recipe: EmbeddingRecipe, data: RunData, out: Path, place: Place) -> Stamps:
    """Clocks at each batch of an epoch of our loop: planning, reading, augmenting, learning and logging lie between."""
    out.mkdir()
    task = _TimedTask(recipe, data, place)
    task.stamps = []
    Engine(task, out, place).run()
    return np.asarray(task.stamps)


def _bare(recipe: EmbeddingRecipe, data: RunData, given: argparse.Namespace, place: Place) -> Stamps:
    """The same of as many batches in the shortest loop that trains the same network."""
    torch.manual_seed(0)
    backbone = build_backbone(given.backbone, size=(given.side, given.side))
    encoder = Encoder(backbone, BlockHead(backbone.channels, [Block("style", 128)]))
    encoder = encoder.to(place.device, memory_format=torch.channels_last).train()
    loss = ArcFace(classes=len(data.labels.classes["product"]), dim=128).to(place.device)
    optimiser = torch.optim.AdamW([*encoder.parameters(), *loss.parameters()], lr=1e-4)
    labels = torch.from_numpy(data.labels.numbers["product"])
    order = np.random.default_rng(0).permutation(data.train)
    stamps = []
    for start in range(0, len(order), given.batch):
        rows = order[start : start + given.batch]
        pixels = torch.from_numpy(data.pictures.pixels[rows]).to(place.device).permute(0, 3, 1, 2).float()
        stamps.append(_clocks(place))
        value = loss(LossInput(encoder(pixels), {"product": labels[rows].to(place.device)}))
        optimiser.zero_grad(set_to_none=True)
        value.backward()
        optimiser.step()
    return np.asarray(stamps)


if __name__ == "__main__":
    main()
