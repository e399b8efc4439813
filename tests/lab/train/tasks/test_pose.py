"""The pose network, on pictures of our own: each keypoint is a dot of its own colour."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from streetshop.core.errors import RunError
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.persons import SWAPPED
from streetshop.lab.data.sample import Sample
from streetshop.lab.nets.person import PoseNet
from streetshop.lab.train import load_recipe, train
from streetshop.lab.train.tasks.pose import locate, pose_loss

pytestmark = pytest.mark.lab

SETTINGS = [
    "backbone.name=resnet18",
    "backbone.weights=none",
    "channels=16",
    "input.height=64",
    "input.width=64",
    "stages.*.batch=6",
    "stages.*.epochs=1",
]


def manifest(root: Path, split: str = "") -> Path:
    rng = np.random.default_rng(0)
    rows = []
    for number in range(8):
        points = rng.uniform(20, 76, (17, 2))
        pixels = np.full((96, 96, 3), 90, np.uint8)
        for k, (x, y) in enumerate(points.astype(int)):
            pixels[y - 3 : y + 4, x - 3 : x + 4] = (15 * k, 255 - 15 * k, 40 * (k % 7))
        Image.fromarray(pixels).save(root / f"{number}.png")
        keypoints = [[float(x), float(y), 2] for x, y in points]
        where = split or ("val" if number > 5 else "train")
        rows.append(Sample(f"{number}.png", "street", f"p{number}", attributes={"keypoints": keypoints}, split=where))
    Manifest.from_rows(rows, root).write(root / "manifest.parquet")
    return root / "manifest.parquet"


def test_a_run_ends_with_a_pck_and_resumes(tmp_path: Path) -> None:
    result = train("pose-resnet50", manifest(tmp_path), tmp_path / "run", SETTINGS, threads=1)
    assert result.kind == "pose"
    assert result.steps == 3
    assert 0 <= result.score <= 1
    again = train("pose-resnet50", tmp_path / "manifest.parquet", tmp_path / "run", SETTINGS, threads=1)
    assert again.steps == result.steps


def test_persons_to_learn_from_are_needed(tmp_path: Path) -> None:
    path = manifest(tmp_path, split="train")
    rows = [Sample(row.image, "street", row.product_id, split="train") for row in Manifest.read(path)]
    kept = [next(iter(Manifest.read(path)))]
    test = [Sample(row.image, "street", "x", attributes=row.attributes, split="val") for row in kept]
    Manifest.from_rows([*rows, *test], tmp_path).write(path)
    with pytest.raises(RunError, match="no training row has keypoints"):
        train("pose-resnet50", path, tmp_path / "run", SETTINGS, threads=1)


def test_the_loss_is_that_of_naive_heatmaps() -> None:
    torch.manual_seed(0)
    found = torch.rand(2, 17, 16, 12)
    points = torch.rand(2, 17, 3) * torch.tensor([48.0, 64.0, 0.0])
    points[..., 2] = torch.randint(0, 3, (2, 17)).float()
    total, counted = 0.0, 0
    for b in range(2):
        for k in range(17):
            x, y, seen = points[b, k].tolist()
            if not seen:
                continue
            ys, xs = np.mgrid[:16, :12]
            target = np.exp(-((xs - int(x / 4)) ** 2 + (ys - int(y / 4)) ** 2) / (2 * 1.5**2))
            total += float(((found[b, k].numpy() - target) ** 2).mean())
            counted += 1
    assert float(pose_loss(found, points, (64, 48), 1.5)) == pytest.approx(total / counted, rel=1e-4)


def test_peaks_are_located_in_pixels_of_the_input() -> None:
    class Drawn(PoseNet):
        """Peaks where it is told; the mirror image has them mirrored."""

        def __init__(self) -> None:
            torch.nn.Module.__init__(self)

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            maps = torch.zeros(1, 17, 16, 12)
            maps[0, :, 5, 3] = 1
            maps[0, :, 5, 4] = 0.5  # pulls the peak to the right
            return maps if pixels[0, 0, 0, 0] else maps[:, SWAPPED].flip(3)

    pixels = torch.zeros(1, 3, 64, 48)
    pixels[..., 0] = 1
    found = locate(Drawn(), pixels)
    assert found.shape == (1, 17, 2)
    assert torch.allclose(found[0], torch.tensor([(3.5 + 0.25) * 4, 5.5 * 4]).expand(17, 2))


def test_the_recipe_is_the_paper_s() -> None:
    recipe = load_recipe("pose-resnet50")
    assert (recipe.input.height, recipe.input.width, recipe.layers, recipe.channels, recipe.sigma) == (
        256,
        192,
        3,
        256,
        2,
    )
    assert [(stage.epochs, stage.rate.head) for stage in recipe.stages] == [(90, 1e-3), (30, 1e-4), (20, 1e-5)]
