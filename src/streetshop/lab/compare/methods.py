"""Encode the same rows by trained runs and by untrained baselines, and measure them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import torch

from streetshop.core.errors import UsageError
from streetshop.lab.compare.measure import Comparison, chosen_protocols, measure, rows_to_encode
from streetshop.lab.compare.runs import RunFacts, read_facts
from streetshop.lab.compare.subjects import Subject, other_distance, run_subject
from streetshop.lab.core.parts import InputPart
from streetshop.lab.core.progress import say
from streetshop.lab.data.manifest import Manifest


def compare_runs(
    runs: Sequence[str | Path],
    data: str | Path,
    *,
    baselines: Sequence[str] = (),
    protocols: Sequence[str] = (),
    root: str | Path | None = None,
    weights: str = "best",
    cache: str | Path | None = None,
    threads: int = 2,
) -> Comparison:
    """Encode and measure finished runs, then the baselines, on one manifest.

    A run whose vectors have different lengths is listed twice, once by cosine and once by Euclidean distance.

    Args:
        runs: run folders; the first is what the others are paired with.
        data: the manifest.
        baselines: imagenet, colour, sift: their input is that of the first run (SIFT's is larger).
        protocols: names; default :data:`~streetshop.lab.compare.measure.DEFAULT_PROTOCOLS`.
        root: folder of the manifest's pictures, if they have moved.
        weights: best or last, of every run.
        cache: folder of decoded pictures; default ``cache`` beside the first run, or beside the manifest.
        threads: of torch, and for decoding.

    Raises:
        RunError: a folder is no finished run of an encoder.
        MeasureError: the manifest has no rows for a protocol (no test split, say).
        UsageError: nothing to compare, or an unknown baseline.
    """
    from streetshop.lab.compare.baselines import BASELINES

    if not runs and not baselines:
        raise UsageError("nothing to compare", hint="Give run folders, --baseline, or both")
    for name in baselines:
        if name not in BASELINES:
            raise UsageError(f"there is no baseline {name!r}", hint=f"There are {', '.join(BASELINES)}")
    torch.set_num_threads(threads)
    facts = [read_facts(run) for run in runs]
    manifest = Manifest.read(data, root=root)
    chosen = chosen_protocols(protocols)
    used = rows_to_encode(manifest, chosen)
    rows = manifest.take(used)
    home = Path(cache) if cache is not None else Path(runs[0] if runs else data).resolve().parent / "cache"
    subjects: list[Subject] = []
    for name, each in zip(_names([f.folder for f in facts]), facts, strict=True):
        say(f"encoding {len(rows)} rows by {name}")
        subject = run_subject(each, name, rows, weights=weights, cache=home, threads=threads)
        other = other_distance(subject)
        subjects += [subject] if other is None else [subject, other]
    part = facts[0].recipe.input if facts else InputPart()
    for name in baselines:
        say(f"encoding {len(rows)} rows by {name}")
        subjects.append(BASELINES[name](manifest, used, part, home, threads))
    notes = _notes(facts, manifest)
    for note in notes:
        say(note)
    return measure(manifest, used, chosen, subjects, notes=notes, progress=lambda name: say(f"measuring {name}"))


def _names(folders: Sequence[Path]) -> list[str]:
    """The folders' names, with parent folders where needed to make them unique."""
    depth = 1
    resolved = [folder.resolve() for folder in folders]
    names = [folder.name for folder in resolved]
    while max(Counter(names).values(), default=1) > 1 and depth < max(len(folder.parts) for folder in resolved):
        depth += 1
        names = ["/".join(folder.parts[-depth:]) for folder in resolved]
    if len(set(names)) < len(names):
        raise UsageError("a run is given twice", where=Counter(names).most_common(1)[0][0], hint="Give each once")
    return names


def _notes(facts: Sequence[RunFacts], manifest: Manifest) -> list[str]:
    """Differences between the runs beyond their methods."""
    notes = [
        f"{run.folder.name} was trained on other data than it is measured on: {run.manifest} {run.fingerprint}, "
        f"measured on {manifest.fingerprint}. If the two share products, test products leaked into its training."
        for run in facts
        if run.fingerprint != manifest.fingerprint
    ]
    budgets = sorted({f.recipe.cpu_minutes or 0 for f in facts})
    if len(budgets) > 1:
        listed = ", ".join(f"{b:g}" if b else "none" for b in budgets)
        notes.append(f"The runs had different budgets of processor time (cpu_minutes: {listed}).")
    return notes
