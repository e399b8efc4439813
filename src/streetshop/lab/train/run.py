"""Train a recipe of any kind in a run folder; a second call with the same arguments resumes it."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

import streetshop
from streetshop.core.errors import RunError, UsageError
from streetshop.core.files import write_json
from streetshop.lab.core import files
from streetshop.lab.core.devices import Place, one_device, run_on
from streetshop.lab.core.progress import duration, say
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.whole_pictures import whole_pictures
from streetshop.lab.train.build import check_recipe
from streetshop.lab.train.data import choose_rows, group_of
from streetshop.lab.train.engine import Engine
from streetshop.lab.train.public import fingerprint
from streetshop.lab.train.reading import load_recipe, validate_recipe
from streetshop.lab.train.recipe import (
    AnyRecipe,
    ConverterRecipe,
    DetectorRecipe,
    EmbeddingRecipe,
    EncoderRecipe,
    FramingRecipe,
    ManifestRecipe,
    PoseRecipe,
    ReaderRecipe,
    UntrainedRecipe,
    ViewClassifierRecipe,
)
from streetshop.lab.train.task import Position
from streetshop.lab.train.tasks.loading import DEVICES, Source, load_task
from streetshop.lab.train.tasks.untrained import picture_folders

GROUPS: Final = "groups"
"""The folder, inside a run with ``data.each``, that holds a run for every group."""
_DESCRIPTIVE: Final = ("name", "version", "about")
"""Keys of a recipe that change no weights."""


@dataclass(frozen=True)
class RunResult:
    """How a run ended.

    Attributes:
        kind: of the recipe.
        out: its folder.
        score: the best validation, NaN where there was none.
        steps: batches learned from.
        seconds: of training, without validation and decoding.
        groups: the results of its groups, by name; empty for an ordinary run.
    """

    kind: str
    out: Path
    score: float
    steps: int
    seconds: float
    groups: dict[str, RunResult] = field(default_factory=dict)


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
    """Train a recipe; a second call with the same arguments resumes an interrupted run, or reports a finished one.

    Args:
        recipe: a YAML file, or the name of a recipe that comes with streetshop.
        data: the manifest; of a reader or an encoder, the folder of both public sets; of an untrained encoder, a folder
            of pictures.
        out: the run's folder.
        overrides: ``key=value``; see :func:`streetshop.lab.train.reading.load_recipe`.
        root: where the manifest's pictures are now, when they have moved.
        device: cpu, cuda, or ddp (several processes).
        processes: for ddp; default one for every GPU, or two without GPUs.
        cache: folder of what is made of the data once (decoded pictures, the teacher's labels, made pairs); default
            ``cache`` beside the run, so that runs share it.
        threads: of the processor, for decoding; of readers and encoders, for everything.

    Raises:
        RecipeError: before any data is read.
        ManifestError, DatasetError, RunError, UsageError: the data, the folder or the device do not fit.
        KeyboardInterrupt: Ctrl-C or SIGTERM; the checkpoint is written.
    """
    parsed = load_recipe(recipe, overrides)
    devices = DEVICES[parsed.kind]
    if device not in devices:
        raise UsageError(f"{parsed.kind} recipes do not train on {device!r}", where="--device", hint=_words(devices))
    if device != "ddp":
        one_device(device)
    out, data = Path(out), Path(data)
    where = Path(cache) if cache is not None else out.resolve().parent / "cache"
    if isinstance(parsed, DetectorRecipe):
        manifest = Manifest.read(data, root=root)
        claim(out, parsed, {**_about(manifest), "data": str(data.resolve())})
        rows = choose_rows(manifest, parsed.data, parsed.seed)
        run_on(device, processes, _work, parsed.as_plain(), Source(rows, where, threads), out)
        return _result(out)
    if isinstance(parsed, EmbeddingRecipe | ConverterRecipe | ViewClassifierRecipe | PoseRecipe):
        return _train_on_manifest(parsed, data, out, where, root, device, processes, threads)
    if root is not None:
        raise UsageError("only manifests have a --root", where="--root")
    source = Source(data, where, threads)
    mark = fingerprint(_prepare(parsed, source))
    claim(out, parsed, {"data": str(data.resolve()), "cache": str(where.resolve()), "fingerprint": mark})
    run_on(device, processes, _work, parsed.as_plain(), source, out)
    return _result(out)


def _words(devices: Sequence[str]) -> str:
    return f"Use {' or '.join(devices)}"


def _prepare(recipe: ReaderRecipe | EncoderRecipe | UntrainedRecipe | FramingRecipe, source: Source) -> list[Path]:
    """Check that the data is there and make the labels that it lacks; the folders that the recipe learns from."""
    if isinstance(recipe, UntrainedRecipe):
        return picture_folders(source.folder, recipe.folders)
    sets = source.sets
    if isinstance(recipe, FramingRecipe):
        sets.check(clothing=False)
        return [sets.ccp / "photos"]
    clothing = isinstance(recipe, EncoderRecipe) or recipe.needs_clothing
    sets.check(clothing=clothing)
    sets.label(keypoints=isinstance(recipe, ReaderRecipe) and recipe.losses.keypoints > 0, clothing=clothing)
    return [sets.ccp / "photos", *([sets.clothing / "images"] if clothing else [])]


def _train_on_manifest(
    recipe: ManifestRecipe,
    data: Path,
    out: Path,
    cache: Path,
    root: str | Path | None,
    device: str,
    processes: int | None,
    threads: int,
) -> RunResult:
    if isinstance(recipe, EmbeddingRecipe):
        check_recipe(recipe)
    manifest = Manifest.read(data, root=root)
    if isinstance(recipe, ViewClassifierRecipe):
        manifest = whole_pictures(manifest)
    claim(out, recipe, _about(manifest))
    chosen = choose_rows(manifest, recipe.data, recipe.seed)
    runs = _group_runs(chosen, recipe) if recipe.data.each else {"": chosen}
    results = {}
    for name, rows in runs.items():
        folder, recipe_here = out / GROUPS / name if name else out, recipe
        if name:
            say(f"group {name}: {len(rows)} rows")
            recipe_here = _with_share(recipe, len(rows) / sum(map(len, runs.values())))
            claim(folder, recipe_here, _about(rows))
        run_on(device, processes, _work, recipe_here.as_plain(), Source(rows, cache, threads), folder)
        results[name] = _result(folder)
    return _combine(out, results) if recipe.data.each else results[""]


def _about(manifest: Manifest) -> dict[str, Any]:
    return {"manifest": manifest.name, "fingerprint": manifest.fingerprint, "rows": len(manifest)}


def claim(out: Path, recipe: AnyRecipe, about: dict[str, Any]) -> None:
    """Make the run folder, or check that it is this very run's.

    Args:
        out: the folder.
        recipe: the run's. A change of its name, version or description is taken over.
        about: the data, for ``run.json``; its ``fingerprint`` must be the run's.

    Raises:
        RunError: the folder holds another run, or something else.
    """
    plain = recipe.as_plain()
    if (out / files.RUN).is_file():
        found = files.read_json(out / files.RUN)
        earlier = found.get("recipe_values", {})
        same = {**earlier, **{key: plain[key] for key in _DESCRIPTIVE}}
        if same != plain:
            key = _first_difference(same, plain)
            raise RunError(
                f"holds a run of another recipe: {key} differs", where=str(out), hint="Choose another folder for --out"
            )
        if found.get("fingerprint") != about["fingerprint"]:
            raise RunError(
                f"holds a run on other data ({found.get('fingerprint')}, not {about['fingerprint']})",
                where=str(out),
                hint="Choose another folder for --out",
            )
        if earlier != plain:
            files.write_yaml(out / files.RECIPE, plain)
            write_json(out / files.RUN, {**found, "recipe": recipe.name, "recipe_values": plain})
        return
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RunError("is neither empty nor a run folder", where=str(out), hint="Choose another folder for --out")
    out.mkdir(parents=True, exist_ok=True)
    files.write_yaml(out / files.RECIPE, plain)
    write_json(
        out / files.RUN,
        {
            "recipe": recipe.name,
            "recipe_values": plain,
            **about,
            "streetshop": streetshop.__version__,
            "torch": torch.__version__,
            "machine": platform.machine(),
            "finished": False,
        },
    )


def _work(place: Place, values: dict[str, Any], source: Source, out: Path) -> None:
    """One process of a run."""
    if files.read_json(out / files.RUN)["finished"]:
        return
    recipe = validate_recipe(values)
    threads = torch.get_num_threads()
    task, counts = load_task(recipe, source, out, place)
    began = time.monotonic()
    try:
        end = Engine(task, out, place).run()
    finally:
        torch.set_num_threads(threads)
    if place.first:
        _finish(out, end, counts, place, time.monotonic() - began)


def _finish(out: Path, end: Position, counts: dict[str, int], place: Place, wall: float) -> None:
    score = None if end.best_step < 0 or not np.isfinite(end.best) else end.best
    about = files.read_json(out / files.RUN) | {
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
        **counts,
    }
    write_json(out / files.RUN, about)
    best = "none" if score is None else f"{score:.4f}"
    say(f"{out}: {end.step} batches in {duration(end.seconds)} of training, best validation {best}")


def _group_runs(manifest: Manifest, recipe: ManifestRecipe) -> dict[str, Manifest]:
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


def _with_share(recipe: ManifestRecipe, share: float) -> ManifestRecipe:
    """The recipe of one of several runs that share its time."""
    budgets = {"minutes": recipe.minutes, "cpu_minutes": recipe.cpu_minutes}
    return recipe.model_copy(update={key: value * share for key, value in budgets.items() if value is not None})


def _result(out: Path) -> RunResult:
    about = files.read_json(out / files.RUN)
    score = about.get("score")
    return RunResult(
        about["recipe_values"]["kind"], out, float("nan") if score is None else score, about["steps"], about["seconds"]
    )


def _combine(out: Path, results: dict[str, RunResult]) -> RunResult:
    scores = [result.score for result in results.values() if not np.isnan(result.score)]
    total = RunResult(
        "embedding",
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
    write_json(out / files.RUN, about)
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
