"""Step 7: the report of a curation, ``report.html``, and its data card, ``card.md``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.parquet as pq

from streetshop.core.files import write_text
from streetshop.lab.curate.curation import STEPS, Curation
from streetshop.lab.curate.pairs import read_pairs
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.thumbnails import thumbnail
from streetshop.present.html import render, write_page

_EXAMPLES: Final = 12
_NOT_RUN: Final = {"noise": "not run: it needs labels, see `streetshop lab curate label`"}
_LISTS: Final = ("clusters", "cross_validation", "conflicting_products", "last_picture_rows", "counts", "leaks")
"""Values of a summary that have a section of their own."""

Picture = tuple[int, str, str]
"""Row, caption, and ``kept``, ``dropped`` or ``""`` for the frame."""


@dataclass(frozen=True, slots=True)
class _Section:
    """A part of a step's report; each field may be empty."""

    title: str = ""
    note: str = ""
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = ()
    pictures: Sequence[Sequence[Picture]] = ()


@dataclass(frozen=True, slots=True)
class _Step:
    """A step in the report; ``missing`` says why there is nothing to show."""

    name: str
    missing: str = ""
    numbers: dict[str, Any] | None = None
    sections: Sequence[_Section] = ()


def write_report(curation: Curation, seed: int = 0) -> tuple[Path, Path]:
    """Write the report and the card.

    Args:
        curation: at least its step features was run.
        seed: of the sample of dropped pictures.

    Returns:
        Paths of the report and of the card.

    Raises:
        CurateError: no step was run.
    """
    curation.require("features")
    report, card = curation.file("report.html"), curation.file("card.md")
    write_page(
        report,
        "curation.html",
        title=f"Curation of {curation.manifest.name or 'a manifest'}",
        flow=_flow(curation),
        steps=[_step(curation, name, seed) for name in STEPS],
        thumbnail=partial(thumbnail, curation.manifest),
    )
    write_text(card, _card(curation))
    return report, card


def reason_counts(reasons: Iterable[str]) -> Counter[str]:
    """How often each kind of reason occurs, without its numbers, names and rows."""
    return Counter(_general(reason) for reason in reasons)


def _general(reason: str) -> str:
    if reason.startswith("cluster "):
        return reason
    for start in ("exact copy", "near copy", "noise", "labelled noise", "claims"):
        if reason.startswith(start):
            return "claim not accepted" if start == "claims" else start
    return reason.partition(" (")[0]


def _reasons(curation: Curation, step: str, most: int) -> str:
    counts = reason_counts(curation.drops(step).values())
    return "; ".join(f"{count} {reason}" for reason, count in counts.most_common(most))


def _flow(curation: Curation) -> list[Sequence[object]]:
    rows: list[Sequence[object]] = []
    left = len(curation.manifest)
    for step in STEPS:
        if not curation.done(step):
            rows.append((step, "not run", "", "", ""))
            continue
        dropped = len(curation.drops(step))
        rows.append((step, left, dropped, left - dropped, _reasons(curation, step, 6)))
        left -= dropped
    return rows


def _step(curation: Curation, name: str, seed: int) -> _Step:
    if not curation.done(name):
        return _Step(name, _NOT_RUN.get(name, "not run"))
    summary = curation.summary(name)
    sections = _particulars(curation, name, summary)
    drops = curation.drops(name)
    if drops and name != "duplicates":
        sample = [(row, drops[row], "dropped") for row in _sample(sorted(drops), seed)]
        sections.append(_Section("Dropped, a random sample", pictures=[sample]))
    spared = summary.get("last_picture_rows") or []
    if spared:
        fate = "kept despite the verdict" if summary["last_pictures"] == "kept" else "dropped"
        shown = [(row, curation.manifest.row(row).product_id, "") for row in spared[:_EXAMPLES]]
        sections.append(_Section(f"Last picture of a product, {fate}: {len(spared)}", pictures=[shown]))
    return _Step(name, numbers={key: value for key, value in summary.items() if key not in _LISTS}, sections=sections)


def _particulars(curation: Curation, step: str, summary: dict[str, Any]) -> list[_Section]:
    if step == "clusters":
        columns = ("id", "size", "category", "purity", "cohesion", "products", "groups", "suggested", "verdict")
        return [_Section(columns=columns, rows=[[found[name] for name in columns] for found in summary["clusters"]])]
    if step == "noise":
        judged = summary["cross_validation"]
        note = f"Cross-validated on {judged['noise']} noise and {judged['clean']} clean labels; Brier score "
        note += f"{judged['brier']}, calibration error {judged['calibration_error']}."
        rows = [(name, *(judged[name][key] for key in ("value", "low", "high"))) for name in ("precision", "recall")]
        return [_Section(note=note, columns=("", "value", "low", "high"), rows=rows)]
    if step == "duplicates":
        return _duplicates(curation)
    if step == "pairs":
        return _pairs(curation)
    if step == "split":
        leaks = _Section("Leaks", columns=("of", "on two sides"), rows=list(summary["leaks"].items()))
        return [_Section(columns=("split", "rows"), rows=list(summary["counts"]["by_split"].items())), leaks]
    return []


def _duplicates(curation: Curation) -> list[_Section]:
    products = curation.manifest.column("product_id")
    groups: dict[int, list[dict[str, Any]]] = {}
    for entry in pq.read_table(curation.folder / "duplicates.parquet").to_pylist():
        groups.setdefault(entry["group"], []).append(entry)
    conflicts = [group for group in groups.values() if len({products[entry["row"]] for entry in group} - {""}) > 1]
    sections = []
    for title, found in (("Groups, the best picture first", list(groups.values())), ("Several products", conflicts)):
        pictures = [
            [
                (
                    entry["row"],
                    f"row {entry['row']} {products[entry['row']]} {entry['cosine']:.2f}",
                    "kept" if entry["kept"] else "dropped",
                )
                for entry in group[:8]
            ]
            for group in found[:_EXAMPLES]
        ]
        if found:
            sections.append(_Section(f"{title}: {len(found)}", pictures=pictures))
    return sections


def _pairs(curation: Curation) -> list[_Section]:
    pairs = read_pairs(curation)
    products = curation.manifest.column("product_id")
    shop = curation.manifest.column("domain") == "shop"
    sections = []
    for title, wanted, kind in (("Accepted", True, "kept"), ("Not accepted", False, "dropped")):
        pictures: list[list[Picture]] = []
        for pair in [pair for pair, accepted in pairs if accepted is wanted][:_EXAMPLES]:
            caption = f"{pair.source} {pair.product}: rank {pair.rank:.2f}, votes {pair.votes:.2f}"
            found = np.flatnonzero((products == pair.product) & shop)[:1].tolist()
            pictures.append([(pair.row, caption, kind), *((row, "", kind) for row in found)])
        if pictures:
            sections.append(_Section(f"{title}: street picture, product", pictures=pictures))
    return sections


def _sample(rows: list[int], seed: int) -> list[int]:
    if len(rows) <= _EXAMPLES:
        return rows
    return sorted(np.random.default_rng(seed).choice(rows, _EXAMPLES, replace=False).tolist())


def _card(curation: Curation) -> str:
    manifest = curation.manifest
    left = manifest.take(np.flatnonzero(curation.remaining()))
    return render(
        "curation.md",
        name=manifest.name or "curated manifest",
        licence=manifest.licence or "not stated",
        rows=len(manifest),
        fingerprint=curation.fingerprint,
        left=len(left),
        curated=curation.summary("split").get("fingerprint", ""),
        encoder=curation.summary("features").get("encoder", ""),
        counts=_counts(left),
        dropped=[
            (step, len(curation.drops(step)) if curation.done(step) else "not run", _reasons(curation, step, 8))
            for step in STEPS
        ],
        certainty=_certainty(curation),
    )


def _counts(left: Manifest) -> dict[str, Any]:
    counts = left.counts()
    domains = ", ".join(f"{name} {count}" for name, count in counts["by_domain"].items())
    return {name: counts[name] for name in ("pictures", "products", "categories", "groups")} | {"domains": domains}


def _certainty(curation: Curation) -> list[str]:
    lines = []
    noise, pairs, split = (curation.summary(step) for step in ("noise", "pairs", "split"))
    if noise:
        judged = noise["cross_validation"]
        for name, what in (("precision", "of what was dropped as noise is noise"), ("recall", "of the noise is found")):
            rate = judged[name]
            lines.append(
                f"{rate['value']:.1%} [{rate['low']:.1%}, {rate['high']:.1%}] {what}, by cross-validation on "
                f"{noise['labels']} labels."
            )
    else:
        lines.append("No noise classifier: there are no labels, so noise outside of dropped clusters is still in.")
    if pairs.get("checked"):
        low, high = pairs["label_noise_interval"]
        lines.append(
            f"{pairs['label_noise']:.1%} [{low:.1%}, {high:.1%}] of the accepted pairs are wrong, by a checked "
            f"sample of {pairs['checked']}."
        )
    elif pairs.get("proposed"):
        lines.append("Label noise of the pairs is unknown: no sample was checked.")
    if split:
        lines.append(f"Leaks between splits: {sum(split['leaks'].values())}.")
    return lines
