"""The comparison's numbers as tables of text, and as JSON values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from streetshop.lab.compare.measure import Comparison
from streetshop.lab.evaluate import PairedDifference

HEADLINE: Final = (
    ("street-to-shop", "hit@1", "R@1"),
    ("street-to-shop", "hit@10", "R@10"),
    ("street-to-shop", "map@5/min", "MAP@5"),
    ("street-to-shop-in-category", "hit@1", "R@1 in category"),
    ("street-to-shop-in-category", "hit@10", "R@10 in category"),
    ("street-to-shop-in-category", "map@5/min", "MAP@5 in category"),
    ("look", "precision@5", "P@5"),
    ("look", "recall@5", "R@5"),
    ("category-precision", "precision@10", "category P@10"),
)
"""(protocol, metric, title) of the first table's columns; only those of the chosen protocols are shown."""

PAIRED: Final = 3
"""Headline columns that are compared in pairs."""

SURE: Final = 0.05


@dataclass(frozen=True, slots=True)
class Table:
    """Cells of text; the first column names the row."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """The table in Markdown."""
        lines = [self.header, tuple("---" for _ in self.header), *self.rows]
        return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def columns(comparison: Comparison) -> list[tuple[str, str, str]]:
    """The headline columns of the chosen protocols; without any, all metrics of the first protocol."""
    names = {protocol.name for protocol in comparison.protocols}
    known = [column for column in HEADLINE if column[0] in names]
    first = comparison.protocols[0]
    return known or [(first.name, metric, metric) for metric in first.metrics]


def headline(comparison: Comparison) -> Table:
    """A row for every subject: mean and interval; the bootstrap draws whole photos."""
    shown = columns(comparison)
    rows = tuple(
        (s.name, *(_estimate(comparison, s.name, protocol, metric) for protocol, metric, _ in shown))
        for s in comparison.subjects
    )
    return Table(("method", *(title for *_, title in shown)), rows)


def whole_protocol(comparison: Comparison, protocol: str) -> Table:
    """All metrics of one protocol."""
    metrics = tuple(comparison.result(comparison.subjects[0].name, protocol).values)
    rows = tuple((s.name, *(_estimate(comparison, s.name, protocol, m) for m in metrics)) for s in comparison.subjects)
    return Table(("method", *metrics), rows)


def pairs(comparison: Comparison, asked: Sequence[tuple[str, str]] = ()) -> list[tuple[str, str]]:
    """Every subject against the first, then the pairs asked for."""
    first = comparison.subjects[0].name
    return list(dict.fromkeys([*((first, s.name) for s in comparison.subjects[1:]), *asked]))


def paired(comparison: Comparison, asked: Sequence[tuple[str, str]]) -> Table:
    """Differences over the same queries."""
    shown = [c for c in columns(comparison) if c[1] in ("hit@1", "map@5/min")] or columns(comparison)[:PAIRED]
    rows = tuple(
        (f"{b} − {a}", *(difference(comparison.against(a, b, protocol, metric)) for protocol, metric, _ in shown))
        for a, b in asked
    )
    return Table(("difference", *(title for *_, title in shown)), rows)


def difference(value: PairedDifference) -> str:
    """``+0.031 [0.010, 0.052], p 0.004``, or the same with "not distinguishable"."""
    if value.queries == 0:
        return "no queries"
    p = "p < 0.001" if value.p_value < 0.001 else f"p {value.p_value:.3f}"
    verdict = p if value.p_value < SURE else "not distinguishable"
    return f"{value.difference:+.3f} [{value.low:+.3f}, {value.high:+.3f}], {verdict}"


def cost(comparison: Comparison) -> Table:
    """Training and running cost of each subject."""
    rows = []
    for subject in comparison.subjects:
        facts = subject.facts
        if facts is None:
            spent = ("not trained", "", "", "", "")
        else:
            spent = (
                _number(facts.cpu_seconds, "{:.0f}"),
                f"{facts.seconds:.0f}",
                f"{facts.steps:,}",
                _number(facts.pictures, "{:,}"),
                f"{facts.score_name} {_number(facts.score, '{:.3f}')}",
            )
        rows.append((subject.name, subject.about, *spent, f"{subject.milliseconds:.1f}", subject.distance))
    header = (
        "method",
        "what",
        "CPU s",
        "wall s",
        "batches",
        "pictures",
        "best validation",
        "CPU ms a picture",
        "distance",
    )
    return Table(header, tuple(rows))


def by_category(comparison: Comparison, protocol: str, metric: str) -> Table:
    """One metric for the queries of each category."""
    name = comparison.subjects[0].name
    estimates = {s.name: comparison.result(s.name, protocol).by_category(metric) for s in comparison.subjects}
    rows = tuple(
        (category, str(entry.queries), *(_number(each[category].mean, "{:.2f}") for each in estimates.values()))
        for category, entry in estimates[name].items()
        if entry.queries
    )
    return Table(("category", "queries", *estimates), rows)


def plain(comparison: Comparison, asked: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The whole comparison as JSON values."""
    return {
        "manifest": comparison.manifest.name,
        "fingerprint": comparison.manifest.fingerprint,
        "protocols": {protocol.name: protocol.about for protocol in comparison.protocols},
        "notes": list(comparison.notes),
        "methods": [
            {
                "name": subject.name,
                "about": subject.about,
                "distance": subject.distance,
                "cpu_ms_per_picture": subject.milliseconds,
                "notes": list(subject.notes),
                "training": _training(comparison, subject.name),
                "results": [result.summary(by_group=True) for result in comparison.results[subject.name].values()],
            }
            for subject in comparison.subjects
        ],
        "pairs": [
            {
                "first": a,
                "second": b,
                "protocol": protocol,
                "metric": metric,
                **_pair(comparison, a, b, protocol, metric),
            }
            for a, b in asked
            for protocol, metric, _ in columns(comparison)
        ],
    }


def _finite(value: float) -> float | None:
    return None if value != value else value


def _training(comparison: Comparison, name: str) -> dict[str, Any] | None:
    facts = next(s.facts for s in comparison.subjects if s.name == name)
    if facts is None:
        return None
    return {
        "recipe": facts.recipe.name,
        "folder": str(facts.folder),
        "manifest": facts.manifest,
        "fingerprint": facts.fingerprint,
        "cpu_seconds": facts.cpu_seconds,
        "seconds": facts.seconds,
        "batches": facts.steps,
        "pictures": facts.pictures,
        "validation": facts.score,
        "changes": None if facts.changes is None else list(facts.changes),
    }


def _pair(comparison: Comparison, a: str, b: str, protocol: str, metric: str) -> dict[str, float | None]:
    value = comparison.against(a, b, protocol, metric)
    found = {"difference": value.difference, "low": value.low, "high": value.high, "p": value.p_value}
    return {key: _finite(number) for key, number in found.items()}


def _estimate(comparison: Comparison, subject: str, protocol: str, metric: str) -> str:
    estimate = comparison.result(subject, protocol).estimate(metric, by_group=True)
    return str(estimate) if estimate.queries else "no queries"


def _number(value: float | None, form: str) -> str:
    return "–" if value is None or value != value else form.format(value)


def summary(comparison: Comparison, asked: Sequence[tuple[str, str]]) -> str:
    """The tables as Markdown, with data and protocols."""
    first = comparison.subjects[0].name
    lines = [
        f"Measured on {comparison.manifest.name or 'a manifest'}, fingerprint `{comparison.manifest.fingerprint}`.",
        "",
    ]
    for protocol in comparison.protocols:
        result = comparison.result(first, protocol.name)
        lines.append(
            f"- `{protocol.name}`: {len(result.query_ids)} queries ({result.unmatched} without a match), gallery of "
            f"{result.gallery} pictures"
        )
    notes = [*comparison.notes, *(f"{s.name} {note}" for s in comparison.subjects for note in s.notes)]
    lines += [f"- {note}" for note in notes]
    for table in (headline(comparison), paired(comparison, asked), cost(comparison)):
        lines += ["", table.markdown()] if table.rows else []
    return "\n".join(lines)
