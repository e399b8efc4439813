"""Step 7: what went in, what was dropped and why, with examples: ``report.html``, and a data card ``card.md``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.parquet as pq

from streetshop.lab.curate.pairs import read_pairs
from streetshop.lab.curate.workplace import STEPS, Curation
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.evaluate.markup import escape, figures, pairs_table, table, write_page

_EXAMPLES: Final = 12
_SKIPPED: Final = {
    "clusters": "not run",
    "noise": "not run: it needs labels, see `streetshop lab curate label`",
    "duplicates": "not run",
    "pairs": "not run",
    "split": "not run",
}
_LISTS: Final = ("clusters", "cross_validation", "conflicting_products", "last_picture_rows", "counts", "leaks")
"""Shown in a form of their own."""


def write_report(curation: Curation, seed: int = 0) -> tuple[Path, Path]:
    """Write both; returns their paths. Raises :class:`CurateError` when no step was run."""
    curation.require("features")
    body = [_flow(curation)]
    for step in STEPS:
        body.append(f"<h2>{step.capitalize()}</h2>")
        body += (
            _step(curation, step, seed) if curation.done(step) else [f"<p>{escape(_SKIPPED.get(step, 'not run'))}</p>"]
        )
    manifest = curation.manifest
    title = f"Curation of {manifest.name or 'a manifest'}"
    write_page(curation.file("report.html"), title, body)
    card = curation.file("card.md")
    card.write_text(_card(curation), encoding="utf-8")
    return curation.folder / "report.html", card


def reason_counts(reasons: Iterable[str]) -> Counter[str]:
    """How often each sort of reason was given: numbers, names and rows left out."""
    return Counter(_general(reason) for reason in reasons)


def _general(reason: str) -> str:
    if reason.startswith("cluster "):
        return reason
    for start in ("exact copy", "near copy", "noise", "labelled noise", "claims"):
        if reason.startswith(start):
            return "claim not accepted" if start == "claims" else start
    return reason.partition(" (")[0]


def _flow(curation: Curation) -> str:
    rows: list[Sequence[object]] = []
    left = len(curation.manifest)
    for step in STEPS:
        if not curation.done(step):
            rows.append((step, "not run", "", "", ""))
            continue
        drops = curation.drops(step)
        why = "; ".join(f"{count} {reason}" for reason, count in reason_counts(drops.values()).most_common(6))
        rows.append((step, left, len(drops), left - len(drops), why))
        left -= len(drops)
    return table(("step", "rows in", "dropped", "left", "why"), rows)


def _step(curation: Curation, step: str, seed: int) -> list[str]:
    summary = curation.summary(step)
    manifest = curation.manifest
    body = [pairs_table({name: value for name, value in summary.items() if name not in _LISTS})]
    body += _particulars(curation, step, summary)
    drops = curation.drops(step)
    if drops and step != "duplicates":
        chosen = _some(sorted(drops), seed)
        body += ["<h3>Dropped, drawn by lot</h3>", figures(manifest, chosen, [drops[row] for row in chosen], "dropped")]
    spared = summary.get("last_picture_rows") or []
    if spared:
        done = "kept, though it would have gone" if summary["last_pictures"] == "kept" else "dropped"
        body.append(f"<h3>Last picture of a product, {done}: {len(spared)}</h3>")
        chosen = spared[:_EXAMPLES]
        body.append(figures(manifest, chosen, [manifest.row(row).product_id for row in chosen]))
    return body


def _particulars(curation: Curation, step: str, summary: dict[str, Any]) -> list[str]:
    rows: list[Sequence[object]]
    if step == "clusters":
        columns = ("id", "size", "category", "purity", "cohesion", "products", "groups", "suggested", "verdict")
        rows = [[cluster[name] for name in columns] for cluster in summary["clusters"]]
        return ['<p><a href="clusters/index.html">Contact sheets</a></p>', table(columns, rows)]
    if step == "noise":
        judged = summary["cross_validation"]
        rows = [(name, *(judged[name][key] for key in ("value", "low", "high"))) for name in ("precision", "recall")]
        note = f"Cross-validated on {judged['noise']} noise and {judged['clean']} clean labels; Brier score "
        note += f"{judged['brier']}, calibration error {judged['calibration_error']}."
        return [f"<p>{escape(note)}</p>", table(("", "value", "low", "high"), rows)]
    if step == "duplicates":
        return _groups(curation, summary)
    if step == "pairs":
        return _pairs(curation)
    if step == "split":
        rows = [(split, count) for split, count in summary["counts"]["by_split"].items()]
        leaks = [(name, count) for name, count in summary["leaks"].items()]
        return [table(("split", "rows"), rows), "<h3>Leaks</h3>", table(("of", "on two sides"), leaks)]
    return []


def _groups(curation: Curation, summary: dict[str, Any]) -> list[str]:
    found = pq.read_table(curation.folder / "duplicates.parquet").to_pylist()
    members: dict[int, list[dict[str, Any]]] = {}
    for entry in found:
        members.setdefault(entry["group"], []).append(entry)
    products = curation.manifest.column("product_id")
    conflicts = [g for g, entries in members.items() if len({products[e["row"]] for e in entries} - {""}) > 1]
    body = []
    for title, numbers in (("Groups, the one kept first", list(members)), ("Conflicts: several products", conflicts)):
        if numbers:
            body.append(f"<h3>{title}: {len(numbers)}</h3>")
        for number in numbers[:_EXAMPLES]:
            entries = members[number][:8]
            shown = []
            for entry in entries:
                row, kept = entry["row"], entry["kept"]
                caption = f"row {row} {products[row]} {entry['cosine']:.2f}"
                shown.append(figures(curation.manifest, [row], [caption], "kept" if kept else "dropped"))
            body.append(f'<div class="row">{"".join(shown)}</div>')
    return body


def _pairs(curation: Curation) -> list[str]:
    pairs = read_pairs(curation)
    products = curation.manifest.column("product_id")
    shop = curation.manifest.column("domain") == "shop"
    body = []
    for title, wanted in (("Accepted", True), ("Not accepted", False)):
        chosen = [pair for pair, accepted in pairs if accepted is wanted][:_EXAMPLES]
        if chosen:
            body.append(f"<h3>{title}: street picture, product</h3>")
        for pair in chosen:
            rows = [pair.row, *np.flatnonzero((products == pair.product) & shop)[:1].tolist()]
            caption = f"{pair.source} {pair.product}: rank {pair.rank:.2f}, votes {pair.votes:.2f}"
            body.append(figures(curation.manifest, rows, [caption, ""][: len(rows)], "kept" if wanted else "dropped"))
    return body


def _some(rows: list[int], seed: int) -> list[int]:
    if len(rows) <= _EXAMPLES:
        return rows
    return sorted(np.random.default_rng(seed).choice(rows, _EXAMPLES, replace=False).tolist())


def _card(curation: Curation) -> str:
    manifest = curation.manifest
    left = manifest.take(np.flatnonzero(curation.remaining()))
    split = curation.summary("split")
    lines = [
        f"# Data card: {manifest.name or 'curated manifest'}",
        "",
        "| | |",
        "|---|---|",
        f"| licence | {manifest.licence or 'not stated'} |",
        f"| rows in | {len(manifest)} (manifest {curation.fingerprint}) |",
        f"| rows left | {len(left)}" + (f" (manifest {split['fingerprint']}) |" if split else " |"),
        f"| features | {curation.summary('features').get('encoder', '')} |",
        *(f"| {name} | {value} |" for name, value in _counts(left).items()),
        "",
        "## What was dropped",
        "",
        "| step | rows | reasons |",
        "|---|---|---|",
    ]
    for step in STEPS:
        drops = curation.drops(step)
        reasons = "; ".join(f"{count} {reason}" for reason, count in reason_counts(drops.values()).most_common(8))
        lines.append(f"| {step} | {len(drops) if curation.done(step) else 'not run'} | {reasons} |")
    lines += ["", "## How sure", "", *_certainty(curation), ""]
    return "\n".join(lines)


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
                f"- {rate['value']:.1%} [{rate['low']:.1%}, {rate['high']:.1%}] {what}, by cross-validation on "
                f"{noise['labels']} labels."
            )
    else:
        lines.append("- No noise classifier: no labels, so noise that lies in no dropped cluster is still in.")
    if pairs.get("checked"):
        low, high = pairs["label_noise_interval"]
        lines.append(
            f"- {pairs['label_noise']:.1%} [{low:.1%}, {high:.1%}] of the accepted pairs are wrong, by a checked "
            f"sample of {pairs['checked']}."
        )
    elif pairs.get("proposed"):
        lines.append("- Label noise of the pairs is unknown: no sample was checked.")
    if split:
        lines.append(f"- Leaks between splits: {sum(split['leaks'].values())}.")
    return lines
