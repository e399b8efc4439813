"""Active learning in a simulation: labels are hidden, chosen, revealed, and a reader is trained on them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from streetshop.core.errors import UsageError
from streetshop.core.files import write_json, write_text
from streetshop.core.records import Look
from streetshop.lab.annotate.suggest import By, read_looks, suggest
from streetshop.lab.core.files import made, read_json
from streetshop.lab.core.progress import Progress, say
from streetshop.lab.data.sets.ccp import labelled_names
from streetshop.lab.evaluate.reader import intervals, judge, summary
from streetshop.lab.export.run import export_run
from streetshop.lab.train.run import train
from streetshop.looks.reader import OnnxReader
from streetshop.looks.rules import Rules
from streetshop.models import load_encoder

RECIPE: Final = "reader-small"
STRATEGIES: Final[tuple[By, ...]] = ("random", "entropy", "committee")
MEMBERS: Final = 2
"""Readers of a committee: the same recipe with other seeds."""


@dataclass(frozen=True)
class Plan:
    """A simulation.

    Attributes:
        start: photos whose labels are known at first.
        add: photos that each round reveals.
        rounds: after the start.
        strategies: how photos are chosen.
        seed: of the first photos and of training.
    """

    start: int = 60
    add: int = 60
    rounds: int = 2
    strategies: tuple[By, ...] = STRATEGIES
    seed: int = 0


def simulate(
    data: Path,
    out: Path,
    plan: Plan = Plan(),
    overrides: Sequence[str] = (),
    *,
    recipe: str = RECIPE,
    cache: Path | None = None,
    threads: int = 2,
) -> dict[str, Any]:
    """Hide the pixel labels of Clothing Co-Parsing, and reveal them as each strategy asks.

    All strategies begin with the same photos and reveal as many a round. Each reader is measured on the test photos,
    which no strategy sees. Everything is kept in ``out``: the same call resumes.

    Args:
        data: folder of both public sets.
        out: folder of runs and of ``report.json`` and ``report.md``.
        plan: see :class:`Plan`.
        overrides: of the recipe, ``key=value``.
        recipe: of a reader.
        cache: as in :func:`streetshop.lab.train.train`.
        threads: of the processor.

    Returns:
        The content of ``report.json``: for each strategy and round, ``labels``, ``ap50`` with its interval, and
        ``ap50_by_class``.

    Raises:
        UsageError: there are not enough photos.
    """
    ccp = data / "ccp"
    names = labelled_names(ccp, "train")
    if plan.start + plan.rounds * plan.add > len(names):
        raise UsageError(
            f"{plan.start} photos and {plan.rounds} rounds of {plan.add}; there are {len(names)}",
            hint="Ask for fewer with --start, --add or --rounds",
        )
    first = sorted(np.random.default_rng(plan.seed).permutation(names)[: plan.start].tolist())
    trainer = _Trainer(data, out, recipe, tuple(overrides), cache or out / "cache", threads, plan.seed)
    results: list[dict[str, Any]] = []
    for strategy in plan.strategies:
        labelled = list(first)
        for number in range(plan.rounds + 1):
            folder = out / ("start" if number == 0 else f"{strategy}-{number}")
            say(f"{strategy}, round {number}: {len(labelled)} labelled photos")
            found = trainer.measured(folder, labelled)
            results.append({"strategy": strategy, "round": number, "labels": len(labelled), **found})
            if number < plan.rounds:
                chosen = _chosen(trainer, folder, strategy, labelled, names, plan, number)
                labelled = sorted([*labelled, *chosen])
    report = {"plan": plan.__dict__ | {"strategies": list(plan.strategies)}, "recipe": recipe, "results": results}
    write_json(out / "report.json", report)
    write_text(out / "report.md", as_markdown(results))
    return report


def as_markdown(results: Sequence[dict[str, Any]]) -> str:
    """Two tables: AP50 against labels spent, and AP of each class at the last round."""
    strategies = list(dict.fromkeys(r["strategy"] for r in results))
    spent = sorted({r["labels"] for r in results})
    at = {(r["strategy"], r["labels"]): r for r in results}
    lines = ["| labelled photos | " + " | ".join(strategies) + " |", "|---" * (len(strategies) + 1) + "|"]
    for labels in spent:
        cells = [
            f"{r['ap50']['mean']:.3f} [{r['ap50']['low']:.3f}, {r['ap50']['high']:.3f}]"
            if (r := at.get((name, labels)))
            else ""
            for name in strategies
        ]
        lines.append(f"| {labels} | " + " | ".join(cells) + " |")
    first, last = at[strategies[0], spent[0]], {name: at[name, spent[-1]] for name in strategies}
    lines += ["", f"| class | {spent[0]} photos | " + " | ".join(f"{spent[-1]}, {n}" for n in strategies) + " |"]
    lines.append("|---" * (len(strategies) + 2) + "|")
    for name in first["ap50_by_class"]:
        cells = [f"{one['ap50_by_class'].get(name, float('nan')):.2f}" for one in (first, *last.values())]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class _Trainer:
    data: Path
    out: Path
    recipe: str
    overrides: tuple[str, ...]
    cache: Path
    threads: int
    seed: int

    def bundle(self, folder: Path, labelled: Sequence[str], member: int = 0) -> Path:
        """A trained and exported reader."""
        run = folder / f"run-{member}"
        asked = [f"labelled=[{', '.join(repr(name) for name in labelled)}]", f"seed={self.seed + member}"]
        train(self.recipe, self.data, run, [*self.overrides, *asked], cache=self.cache, threads=self.threads)
        return made(folder / f"bundle-{member}", lambda path: export_run(run, path))

    def measured(self, folder: Path, labelled: Sequence[str]) -> dict[str, Any]:
        """AP50 of a reader on the test photos."""
        bundle = self.bundle(folder, labelled)

        def measure(path: Path) -> None:
            reader = OnnxReader(bundle, threads=self.threads)
            ccp = self.data / "ccp"
            judged = judge(reader, ccp, labelled_names(ccp, "test"), None, Rules.from_spec(reader.spec))
            numbers, sure = summary(judged), intervals(judged)
            ap50 = sure["ap50"]
            write_json(
                path,
                {
                    "ap50": {"mean": ap50.mean, "low": ap50.low, "high": ap50.high, "photos": ap50.queries},
                    "miou": numbers["miou"],
                    "ap50_by_class": numbers["ap50_by_class"],
                },
            )

        found: dict[str, Any] = read_json(made(folder / "measured.json", measure))
        return found


def _chosen(
    trainer: _Trainer, folder: Path, by: By, labelled: Sequence[str], names: Sequence[str], plan: Plan, number: int
) -> list[str]:
    """Names of the photos whose labels the next round knows."""
    hidden = sorted(set(names) - set(labelled))
    if by == "random":
        return np.random.default_rng([plan.seed, number]).permutation(hidden)[: plan.add].tolist()
    root = trainer.data / "ccp" / "photos"
    photos = [root / f"{name}.jpg" for name in hidden]
    looks: list[dict[str, Look]] = []
    for member in range(MEMBERS if by == "committee" else 1):
        reader = OnnxReader(trainer.bundle(folder, labelled, member), threads=trainer.threads)
        with Progress("reading") as progress:
            looks.append(read_looks(photos, root, reader, folder / f"looks-{member}.jsonl", progress=progress))
    found = suggest(looks, root, plan.add, by=by, encoder=load_encoder(threads=trainer.threads), seed=plan.seed)
    return [Path(one.name).stem for one in found]
