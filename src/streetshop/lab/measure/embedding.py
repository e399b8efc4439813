"""Measure an embedding, a run or a bundle, on a manifest under named protocols."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from streetshop.lab.compare.measure import Comparison, chosen_protocols, measure, rows_to_encode
from streetshop.lab.compare.runs import read_facts
from streetshop.lab.compare.subjects import bundle_subject, run_subject
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.evaluate.report import Dataset, Figure, Report, Section
from streetshop.lab.export.embedding import embedding_report, embedding_spec
from streetshop.lab.measure.public import measured_on, report_of
from streetshop.lab.train.trained import load_run
from streetshop.models.folder import SPEC_FILE


def measure_embedding(
    folder: Path,
    data: Path,
    *,
    protocols: Sequence[str] = (),
    root: Path | None = None,
    weights: str = "best",
    cache: Path | None = None,
    threads: int = 2,
) -> Report:
    """Encode the rows of a manifest and measure them.

    Args:
        folder: of a finished run, or of a bundle.
        data: the manifest.
        protocols: names; default :data:`~streetshop.lab.compare.measure.DEFAULT_PROTOCOLS`.
        root: folder of the manifest's pictures, if they have moved.
        weights: best or last, of a run.
        cache: folder of decoded pictures of a run; default ``cache`` beside it.
        threads: of the processor.

    Raises:
        RunError: the folder is no finished run of an embedding.
        BundleError: it is no encoder bundle.
        MeasureError: the manifest has no rows for a protocol.
    """
    manifest = Manifest.read(data, root=root)
    chosen = chosen_protocols(protocols)
    used = rows_to_encode(manifest, chosen)
    rows = manifest.take(used)
    if (folder / SPEC_FILE).is_file():
        report = report_of(folder)
        subject = bundle_subject(folder, rows, threads=threads)
    else:
        home = folder.resolve().parent / "cache" if cache is None else cache
        subject = run_subject(read_facts(folder), folder.name, rows, weights=weights, cache=home, threads=threads)
        trained = next(iter(load_run(folder, weights=weights).encoders.values()))
        report = embedding_report(trained, embedding_spec(trained, trained.recipe.name, "1"), weights)
    comparison = measure(manifest, used, chosen, [subject])
    on = Dataset(
        name=manifest.name or "a manifest",
        use=f"measured on {len(rows)} rows",
        licence=manifest.licence,
        fingerprint=manifest.fingerprint,
    )
    notes = [f"{subject.name} {note}." for note in subject.notes]
    report = measured_on(report, [on], f"On {on.name}, {subject.distance} distance.", _sections(comparison))
    return report.model_copy(update={"notes": (*report.notes, *notes)})


def _sections(comparison: Comparison) -> list[Section]:
    (subject,) = comparison.subjects
    tables = []
    for protocol in comparison.protocols:
        result = comparison.result(subject.name, protocol.name)
        rows = {metric: (Figure.of(result.estimate(metric, by_group=True)),) for metric in result.values}
        about = (
            f"{protocol.about} {len(result.query_ids)} queries ({result.unmatched} without a match), gallery of "
            f"{result.gallery} pictures. 95 % bootstrap intervals over photos."
        )
        tables.append(Section(title=protocol.name, about=about, columns=("value",), rows=rows))
    speed = Section(
        title="Time",
        about="Processor time of the network, without decoding and scaling.",
        columns=("value",),
        rows={"ms a picture": (Figure.of(subject.milliseconds, digits=1),)},
    )
    return [*tables, speed]
