"""Every method under one equal budget of processor time, and the report that compares them.

    streetshop studio dataset --products 1000 --photos 1000 --seed 1 --family 4 --size 384 --shot packshot \
        --shot front --out drawn
    streetshop lab data studio drawn --out studio.parquet
    python benchmarks/compare_methods.py studio.parquet --out runs/studio --report compare-studio.html

One run after the other, each in its folder below ``--out``; the same command again goes on where it was, and repeats no
finished run. What a recipe asks for and this budget cannot give is overridden in METHODS, in sight; the report lists
every value that differs from the recipe as shipped.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

FROZEN = ("stages.*.frozen=6", "stages.*.unfreeze=null")
"""Of the backbone's eight layers only the last two learn, in all methods alike: a step then costs less than half, and a
minute is too short to do better with the others."""

LITE = ("model.backbone.name=efficientnet_lite0", "model.backbone.weights=imagenet", *FROZEN)
"""For backbones whose starting weights lie on a hub, or nowhere."""

POOLED = (*LITE, "model.head.blocks.0.dim=null")
"""The vector is the backbone's pooled features: a linear layer that starts at random needs more than this
budget to be worth anything, and hides what the losses do."""

TWO_STREAM = (
    *POOLED,
    "stages.0.epochs=24",
    "stages.1.epochs=12",
    "stages.*.sampler.pool=1000",
    "stages.0.rate.head=1e-2",
    "stages.1.rate.head=5e-3",
    "stages.0.schedule={kind: step, every: 256, unit: batch, factor: 0.5}",
    "stages.1.schedule={kind: step, every: 64, unit: batch, factor: 0.5}",
)
LOOK = (*POOLED, "stages.*.epochs=20", "stages.*.rate.head=5e-4")
BLOG = (
    *POOLED,
    "stages.0.epochs=4",
    "stages.1.epochs=40",
    "stages.2.epochs=20",
    "stages.0.rate={backbone: 1e-3, head: 1e-2}",
    "stages.1.rate={backbone: 1e-3, head: 1e-2}",
    "stages.2.rate={backbone: 1e-4, head: 1e-3}",
)
"""Rates are ten times the recipes', which are for far longer trainings. Epochs are more than the budget can
pay: they give each stage its share of it, and the time ends it. Rates that fall do so by batches, in time to count."""

METHODS: dict[str, tuple[str, tuple[str, ...]]] = {
    "two-stream": ("two-stream", TWO_STREAM),
    "buy-me-that-look": ("buy-me-that-look", LOOK),
    "griddynamics-triplet": ("griddynamics-triplet", BLOG),
    "griddynamics-arcface": ("griddynamics-arcface", BLOG),
    "center-loss": (
        "center-loss",
        (*POOLED, "stages.0.epochs=40", "stages.0.schedule={kind: step, every: 600, unit: batch, factor: 0.3}"),
    ),
    "attention": ("attention", ("stages.0.epochs=40", "stages.0.rate.head=1e-3", "stages.0.batch=32")),
    "streetshop": (
        "streetshop",
        (
            "stages.0.epochs=2",
            "stages.1.epochs=40",
            "stages.1.frozen=6",
            "stages.1.unfreeze=null",
            "stages.1.schedule={kind: step, every: 400, unit: batch, factor: 0.3, warm_up: 50}",
        ),
    ),
}
"""Name: (recipe, overrides)."""

ABLATIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "two-stream-shared": ("two-stream", (*TWO_STREAM, "stages.1.streams=one")),
    "griddynamics-triplet-hard": ("griddynamics-triplet", (*BLOG, "stages.*.miner.kind=hard")),
    "griddynamics-arcface-no-type": (
        "griddynamics-arcface",
        (*BLOG, "stages.*.losses=[{kind: arcface, target: product, margin: 28.6, scale: 64}]"),
    ),
    "griddynamics-arcface-type-on-features": ("griddynamics-arcface", (*BLOG, "stages.*.losses.1.on=features")),
}
"""One thing changed, everything else as in METHODS."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs")
    parser.add_argument("--report", type=Path, help="write the comparison here when the runs are done")
    parser.add_argument("--cpu-minutes", type=float, default=0.5, help="of processor time a run (0.5)")
    parser.add_argument("--side", type=int, default=64, help="of the networks' input, pixels (64)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=[*METHODS, *ABLATIONS], help="these methods, in this order")
    parser.add_argument("--no-pictures", action="store_true", help="a report of numbers alone")
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(given.threads)
    import torch

    torch.set_num_threads(given.threads)
    known = {**METHODS, **ABLATIONS}
    runs = [train(name, *known[name], given) for name in given.only or known]
    if given.report is not None:
        report([run for run in runs if run is not None], given)


def train(name: str, recipe: str, overrides: tuple[str, ...], given: argparse.Namespace) -> Path | None:
    """Train one method; None, and a line, where that failed: the others still count."""
    from streetshop.core.errors import StreetshopError
    from streetshop.lab.train import train as run

    # Without patience: a stage that ended early would leave its time unspent.
    common = (f"input.height={given.side}", f"input.width={given.side}", f"cpu_minutes={given.cpu_minutes}")
    folder = given.out / (name if given.seed == 0 else f"{name}-seed-{given.seed}")
    cache = given.out.parent / "cache"
    overrides = (*overrides, *common, "stages.*.patience=null", f"seed={given.seed}")
    began = time.monotonic()
    try:
        result = run(recipe, given.manifest, folder, overrides, cache=cache, threads=given.threads)
    except StreetshopError as error:
        print(f"{name}: {error}", file=sys.stderr, flush=True)
        return None
    print(f"{name}: {result.score:.4f}, {result.steps} batches, {time.monotonic() - began:.0f} s", flush=True)
    return folder


def report(runs: list[Path], given: argparse.Namespace) -> None:
    """Write the comparison and print its tables."""
    from streetshop.cli.lab_compare import compare

    compare(
        given.manifest,
        runs,
        out=given.report,
        cache=given.out.parent / "cache",
        baseline=["imagenet", "colour", "sift"],
        threads=given.threads,
        pictures=not given.no_pictures,
    )


if __name__ == "__main__":
    main()
