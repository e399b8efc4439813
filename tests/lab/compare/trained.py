"""Small runs to compare: one with unit vectors, one whose vectors have lengths of their own."""

from __future__ import annotations

from pathlib import Path

from streetshop.lab.data.manifest import Manifest
from streetshop.lab.train import train
from tests.lab.train.squares import SMALL, draw_squares

QUICK = [*SMALL, "stages.0.epochs=2", "stages.0.batch=8", "model.head.blocks.0.dim=8", "cpu_minutes=5"]
LOOSE = ["model.head.normalise=false", "model.head.blocks.0.batch_norm=false"]


def draw_split(root: Path, *, products: int = 15, side: int = 48) -> Path:
    """Squares of which the last five products are for testing, the five before them for validation."""
    path = draw_squares(root, products=products, side=side, val=10)
    manifest = Manifest.read(path)
    tested = {f"p{number:03}" for number in range(products - 5, products)}
    rows = zip(manifest.column("split"), manifest.column("product_id"), strict=True)
    manifest.with_split(["test" if product in tested else split for split, product in rows]).write(path)
    return path


def train_two(manifest: Path, home: Path) -> list[Path]:
    """The folders of two finished runs: ``unit`` and ``loose``."""
    for name, more in (("unit", []), ("loose", LOOSE)):
        train("center-loss", manifest, home / name, [*QUICK, *more], cache=home / "cache")
    return [home / "unit", home / "loose"]
