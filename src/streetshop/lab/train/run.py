"""Train a recipe on a manifest, in a run folder; start it again and it goes on where it was."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import streetshop
from streetshop.core.errors import RunError
from streetshop.lab.core import files
from streetshop.lab.core.devices import Place, run_on
from streetshop.lab.core.progress import duration, say
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.train.build import check_recipe, targets_of
from streetshop.lab.train.data import RunData, choose_rows, group_of, load_run_data
from streetshop.lab.train.reading import load_recipe, validate_recipe
from streetshop.lab.train.recipe import AnyRecipe, EmbeddingRecipe, as_plain
from streetshop.lab.train.tasks.converter import ConverterLoop
from streetshop.lab.train.tasks.embedding import Loop, Position

GROUPS = "groups"
"""The folder, inside a run with ``data.each``, that holds a run for every group."""


@dataclass(frozen=True)
class RunResult:
    """How a run ended.

    Attributes:
        out: its folder.
        score: the best validation, NaN where there was none.
        steps: batches learned from.
        seconds: of training, without validation and decoding.
        groups: the results of its groups, by name; empty for an ordinary run.
    """

    out: Path
    score: float
    steps: int
    seconds: float
    groups: dict[str, RunResult]


def train(
    recipe: str,
    data: str | Path,
    out: str | Path,
    overrides: Sequence[str] = (),
    *,
    root: str | Path | None = None,
    device: str = "cpu",
    processes: int | None = None,
    cache: str | Path | None = None,
    threads: int = 2,
) -> RunResult:
    """Train a recipe; a second call with the same arguments continues an interrupted run, or reports a finished one.

    Args:
        recipe: a YAML file, or the name of a recipe that comes with streetshop.
        data: the manifest.
        out: the run's folder.
        overrides: ``key=value``; see :func:`streetshop.lab.train.reading.load_recipe`.
        root: where the manifest's pictures are now, when they have moved.
        device: cpu, cuda, or ddp (several processes).
        processes: for ddp; default one for every GPU, or two without GPUs.
        cache: folder of the decoded pictures; default ``cache`` beside the run, so that runs share it.
        threads: for decoding, on the first process.

    Raises:
        RecipeError: before any data is read.
        ManifestError, RunError, UsageError: the data, the folder or the device do not fit.
    """
    parsed = load_recipe(recipe, overrides)
    if isinstance(parsed, EmbeddingRecipe):
        check_recipe(parsed)
    manifest = Manifest.read(data, root=root)
    out = Path(out)
    claim(out, parsed, manifest)
    chosen = choose_rows(manifest, parsed.data, parsed.seed)
    where = Path(cache) if cache is not None else out.resolve().parent / "cache"
    runs = _group_runs(chosen, parsed) if parsed.data.each else {"": chosen}
    results = {}
    for name, rows in runs.items():
        folder, recipe_here = out / GROUPS / name if name else out, parsed
        if name:
            say(f"group {name}: {len(rows)} rows")
            recipe_here = _with_share(parsed, len(rows) / sum(map(len, runs.values())))
            claim(folder, recipe_here, rows)
        run_on(device, processes, _work, as_plain(recipe_here), rows, folder, where, threads)
        results[name] = _result(folder)
    if parsed.data.each:
        return _combine(out, results)
    return results[""]


def claim(out: Path, recipe: AnyRecipe, manifest: Manifest) -> None:
    """Make the run folder, or check that it is this very run's. Raises :class:`RunError` when it is another's."""
    plain, fingerprint = as_plain(recipe), manifest.fingerprint
    if (out / files.RUN).is_file():
        found = files.read_json(out / files.RUN)
        earlier = found.get("recipe_values", {})
        if earlier != plain:
            key = _first_difference(earlier, plain)
            raise RunError(
                f"holds a run of another recipe: {key} differs", where=str(out), hint="Choose another folder for --out"
            )
        if found.get("fingerprint") != fingerprint:
            raise RunError(
                f"holds a run on another manifest ({found.get('fingerprint')}, not {fingerprint})",
                where=str(out),
                hint="Choose another folder for --out",
            )
        return
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RunError("is neither empty nor a run folder", where=str(out), hint="Choose another folder for --out")
    out.mkdir(parents=True, exist_ok=True)
    files.write_yaml(out / files.RECIPE, plain)
    files.write_json(
        out / files.RUN,
        {
            "recipe": recipe.name,
            "recipe_values": plain,
            "manifest": manifest.name,
            "fingerprint": fingerprint,
            "rows": len(manifest),
            "streetshop": streetshop.__version__,
            "torch": torch.__version__,
            "machine": platform.machine(),
            "finished": False,
        },
    )


def _work(place: Place, values: dict[str, Any], manifest: Manifest, out: Path, cache: Path, threads: int) -> None:
    """One process of a run."""
    recipe = validate_recipe(values)
    targets = targets_of(recipe) if isinstance(recipe, EmbeddingRecipe) else (["product", "category"], [])
    if place.first:
        data = load_run_data(manifest, recipe, targets, cache, build=True, threads=threads)
        files.write_json(out / files.CLASSES, data.labels.classes)
    place.wait()
    if not place.first:
        data = load_run_data(manifest, recipe, targets, cache, build=False)
    began = time.monotonic()
    if isinstance(recipe, EmbeddingRecipe):
        end = Loop(recipe, data, out, place).run()
    else:
        end = ConverterLoop(recipe, data, out, place).run()
    if place.first:
        _finish(out, end, data, place, time.monotonic() - began)


def _finish(out: Path, end: Position, data: RunData, place: Place, wall: float) -> None:
    about = files.read_json(out / files.RUN)
    if about["finished"]:
        return
    score = None if end.best_step < 0 or not np.isfinite(end.best) else end.best
    about |= {
        "finished": True,
        "score": score,
        "best_step": end.best_step,
        "steps": end.step,
        "pictures": end.pictures,
        "seconds": round(end.seconds, 2),
        "cpu_seconds": round(end.cpu_seconds, 2),
        "wall_seconds_of_last_start": round(wall, 2),
        "device": place.device.type,
        "processes": place.world,
        "torch_threads": torch.get_num_threads(),
        "train_rows": len(data.train),
        "val_rows": len(data.val),
        "train_products": len(data.labels.classes["product"]),
    }
    files.write_json(out / files.RUN, about)
    say(f"{out}: {end.step} batches in {duration(end.seconds)} of training, best validation {score}")


def _group_runs(manifest: Manifest, recipe: AnyRecipe) -> dict[str, Manifest]:
    groups = np.asarray([group_of(category, recipe.data) for category in manifest.column("category")])
    names = [name for name in [*recipe.data.groups, "other"] if (groups == name).any()]
    runs = {}
    for name in names:
        rows = manifest.take(np.flatnonzero(groups == name))
        train = rows.column("split") == "train"
        if len(set(rows.column("product_id")[train]) - {""}) < 2:
            say(f"group {name}: fewer than two training products; left out")
            continue
        runs[name] = rows
    if not runs:
        raise RunError("no group has two training products", where=recipe.name, hint="Check data.groups")
    return runs


def _with_share(recipe: AnyRecipe, share: float) -> AnyRecipe:
    """The recipe of one of several runs that share its time."""
    budgets = {"minutes": getattr(recipe, "minutes", None), "cpu_minutes": getattr(recipe, "cpu_minutes", None)}
    return recipe.model_copy(update={key: value * share for key, value in budgets.items() if value is not None})


def _result(out: Path) -> RunResult:
    about = files.read_json(out / files.RUN)
    score = about.get("score")
    return RunResult(out, float("nan") if score is None else score, about["steps"], about["seconds"], {})


def _combine(out: Path, results: dict[str, RunResult]) -> RunResult:
    scores = [result.score for result in results.values() if not np.isnan(result.score)]
    total = RunResult(
        out,
        float(np.mean(scores)) if scores else float("nan"),
        sum(result.steps for result in results.values()),
        sum(result.seconds for result in results.values()),
        results,
    )
    about = files.read_json(out / files.RUN)
    about |= {
        "finished": True,
        "groups": list(results),
        "score": None if np.isnan(total.score) else total.score,
        "steps": total.steps,
        "seconds": total.seconds,
        **{
            key: sum(files.read_json(result.out / files.RUN)[key] for result in results.values())
            for key in ("pictures", "cpu_seconds")
        },
    }
    files.write_json(out / files.RUN, about)
    return total


def _first_difference(a: Any, b: Any, key: str = "") -> str:
    if isinstance(a, dict) and isinstance(b, dict):
        for name in [*a, *b]:
            if a.get(name) != b.get(name):
                return _first_difference(a.get(name), b.get(name), f"{key}.{name}".strip("."))
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for index, (x, y) in enumerate(zip(a, b, strict=True)):
            if x != y:
                return _first_difference(x, y, f"{key}.{index}")
    return f"{key} ({json.dumps(a)} there, {json.dumps(b)} now)"
