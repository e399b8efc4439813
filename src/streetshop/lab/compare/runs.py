"""Facts about a finished run: its cost, its training curves, and its differences from the shipped recipe."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streetshop.core.errors import RecipeError, RunError, UsageError
from streetshop.lab.core import files
from streetshop.lab.train import load_recipe, recipe_names
from streetshop.lab.train.recipe import EmbeddingRecipe
from streetshop.lab.train.run import GROUPS
from streetshop.lab.train.trained import read_recipe

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """Training curve of one network.

    Attributes:
        group: of a run with groups, else "".
        validation: (processor seconds of training, score) of every validation; wall seconds in older runs.
        loss: (batch, mean loss) of every line of the log.
    """

    group: str
    validation: Points
    loss: Points


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What is known of a run, beside its vectors.

    Attributes:
        fingerprint, manifest: of its training data.
        cpu_seconds, pictures: None in runs made before these were counted.
        score, score_name: its best validation, None without one, and the metric's name.
        changes: ``key: shipped → here`` for each value that differs from the shipped recipe; None if the recipe does
            not come with streetshop.
    """

    folder: Path
    recipe: EmbeddingRecipe
    fingerprint: str
    manifest: str
    steps: int
    seconds: float
    cpu_seconds: float | None
    pictures: int | None
    score: float | None
    score_name: str
    changes: tuple[str, ...] | None
    curves: tuple[Curve, ...]


def read_facts(folder: str | Path) -> RunFacts:
    """Read a run folder.

    Raises:
        RunError: it is no run folder, holds no encoder, or is unfinished.
    """
    folder = Path(folder)
    about = files.read_json(folder / files.RUN)
    recipe = read_recipe(folder)
    if not isinstance(recipe, EmbeddingRecipe):
        raise RunError("is a converter's run; it has no vectors", where=str(folder), hint="Give an encoder's run")
    if not about.get("finished"):
        raise RunError("is unfinished", where=str(folder), hint="Run `lab train` again to resume it, or leave it out")
    names = about.get("groups", [])
    homes = {name: folder / GROUPS / name for name in names} or {"": folder}
    return RunFacts(
        folder=folder,
        recipe=recipe,
        fingerprint=about["fingerprint"],
        manifest=about.get("manifest") or "a manifest",
        steps=about["steps"],
        seconds=about["seconds"],
        cpu_seconds=about.get("cpu_seconds"),
        pictures=about.get("pictures"),
        score=about.get("score"),
        score_name=f"MAP@{recipe.validation.k}",
        changes=_changes(recipe),
        curves=tuple(_curve(name, home / files.METRICS) for name, home in homes.items()),
    )


def _curve(group: str, path: Path) -> Curve:
    validation, loss = [], []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        values = json.loads(line)
        score = next((value for key, value in values.items() if key.startswith("val/")), None)
        if score is not None and score == score:
            validation.append((float(values.get("cpu_seconds", values["seconds"])), float(score)))
        elif "loss/total" in values:
            loss.append((float(values["step"]), float(values["loss/total"])))
    return Curve(group, tuple(validation), tuple(loss))


def _changes(recipe: EmbeddingRecipe) -> tuple[str, ...] | None:
    if recipe.name not in recipe_names():
        return None
    try:
        shipped = load_recipe(recipe.name)
    except (RecipeError, UsageError):
        return None
    before, after = (dict(_leaves(r.as_plain())) for r in (shipped, recipe))
    return tuple(
        f"{key}: {_short(before.get(key))} → {_short(after.get(key))}"
        for key in dict.fromkeys([*before, *after])
        if before.get(key) != after.get(key)
    )


def _leaves(node: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        for name, value in node.items():
            yield from _leaves(value, f"{key}.{name}".lstrip("."))
    elif isinstance(node, list) and any(isinstance(item, dict) for item in node):
        for index, value in enumerate(node):
            yield from _leaves(value, f"{key}.{index}")
    else:
        yield key, node


def _short(value: Any) -> str:
    return "none" if value is None else json.dumps(value, ensure_ascii=False).strip('"')
