"""Measure reader and encoder bundles on held-out photos and senders of the public data sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from streetshop.core.errors import RunError
from streetshop.lab.data.articles import Kind, Pictures
from streetshop.lab.data.classes import CLASSES, GARMENTS
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.sets import ccp as ccp_set
from streetshop.lab.data.sets import clothing as clothing_set
from streetshop.lab.data.sets.ccp import labelled_names
from streetshop.lab.data.splits import Split
from streetshop.lab.evaluate import encoder_report
from streetshop.lab.evaluate.articles import Named, judge_names
from streetshop.lab.evaluate.reader import judge, milliseconds, sections, write_overlays
from streetshop.lab.evaluate.report import REPORT_FILE, Dataset, Figure, Report, Section, fingerprint_files
from streetshop.looks.reader import OnnxReader
from streetshop.looks.rules import Rules
from streetshop.models import Encoder
from streetshop.models.folder import read_spec

_KINDS: Final[Mapping[Kind, str]] = {
    "photo": "lying, hanging or held (Clothing dataset)",
    "cutout": "the same, cut out onto white by the teacher",
    "worn": "worn ones (Clothing Co-Parsing), cut out onto white by their pixel labels",
}
NAMES_PROTOCOL: Final = "The largest garment found in each picture; 95 % bootstrap intervals over senders or photos."
_USED: Final[Mapping[Split, str]] = {
    "train": "training photos and senders, which the model has seen",
    "val": "validation photos and senders, to which scores and thresholds were fitted",
    "test": "test photos and senders, on which nothing was trained or fitted",
}


def report_of(bundle: Path) -> Report:
    """The report in a bundle's folder; a minimal one where there is none."""
    path = bundle / REPORT_FILE
    if path.is_file():
        return Report.read(path)
    spec = read_spec(bundle)
    kind = "encoder" if spec.kind == "encoder-groups" else spec.kind
    return Report(name=spec.name, version=spec.version, kind=kind, summary=spec.about, licence=spec.licence)


def measured_on(report: Report, data: Sequence[Dataset], measured: str, tables: Sequence[Section]) -> Report:
    """``report`` with other figures: the data sets it was measured on, and the tables."""
    kept = [one for one in report.data if not one.use.startswith("measured on")]
    return report.model_copy(update={"data": (*kept, *data), "measured": measured, "sections": tuple(tables)})


def measure_reader(
    bundle: Path,
    ccp: Path,
    *,
    keypoints: Path | None = None,
    clothing: Path | None = None,
    cutouts: Path | None = None,
    split: Split = "test",
    overlays: Path | None = None,
) -> Report:
    """Measure a reader bundle.

    Args:
        bundle: its folder.
        ccp: root of Clothing Co-Parsing.
        keypoints: the teacher's file of its photos; without it no keypoints are measured.
        clothing: root of the Clothing dataset; with ``cutouts``, the teacher's cut-outs of its photos, names of
            garments that nobody wears are measured.
        cutouts: see ``clothing``.
        split: of photos and senders.
        overlays: folder for 40 of the measured photos, worst first.

    Raises:
        RunError: the bundle has other classes than the data set's.
    """
    reader = OnnxReader(bundle, threads=2)
    spec, names = reader.spec, labelled_names(ccp, split)
    if (spec.classes, spec.garments) != (CLASSES, GARMENTS):
        raise RunError(
            f"its classes are {', '.join(spec.classes)}; those of the data set are {', '.join(CLASSES)}",
            where=str(bundle),
            hint="Give a bundle that `streetshop lab export` wrote",
        )
    photos = [ccp / "photos" / f"{name}.jpg" for name in names]
    judged = judge(reader, ccp, names, keypoints, Rules.from_spec(spec))
    tables = list(sections(judged, milliseconds(reader, photos)))
    data = [
        Dataset(
            name="Clothing Co-Parsing", use=f"measured on {len(photos)} {split} photos", licence=ccp_set.STATED_LICENCE
        )
    ]
    data[0] = data[0].model_copy(update={"fingerprint": fingerprint_files(photos)})
    if clothing and cutouts:
        pictures = Pictures(ccp, clothing, cutouts)
        examples = pictures.examples(split)
        tables.append(names_section(judge_names(reader, pictures, examples)))
        single = {clothing / "images" / f"{one.name}.jpg" for one in examples if one.kind == "photo"}
        data.append(
            Dataset(
                name="Clothing dataset",
                use=f"measured on {len(single)} photos of {split} senders",
                licence=clothing_set.LICENCE,
                fingerprint=fingerprint_files(single),
            )
        )
    if overlays is not None:
        write_overlays(reader, ccp, judged, overlays)
    return measured_on(report_of(bundle), data, f"On {_USED[split]}.", tables)


def names_section(named: Mapping[Kind, Named]) -> Section:
    """The table of garments that nobody wears."""
    return Section(
        title="Garments that nobody wears",
        about=NAMES_PROTOCOL,
        columns=("pictures", "garment found", "named as labelled, of all"),
        rows={
            _KINDS[kind]: (
                Figure.of(one.pictures, digits=0),
                Figure.of(one.found, digits=0),
                Figure.of(one.right),
            )
            for kind, one in named.items()
        },
    )


def measure_encoder(
    encoders: Sequence[Encoder],
    items: Sequence[Sample],
    *,
    untrained: Encoder | None = None,
    split: Split = "test",
    distractors: int = encoder_report.GALLERY,
) -> Report:
    """Measure encoder bundles side by side; the report is the first one's.

    Args:
        encoders: the bundles.
        items: garments of all splits.
        untrained: the bundle of the recipe ``untrained``: each of its blocks alone is a column too.
        split: of photos and senders.
        distractors: photos of single garments in the gallery of pairs.

    Raises:
        UsageError: ``untrained`` has other blocks than that recipe's.
    """
    if untrained is not None:
        encoder_report.check_untrained(untrained)  # before measuring for a quarter of an hour
    numbers = [encoder_report.measure(encoder, items, split, distractors) for encoder in encoders]
    columns = encoder_report.columns_of(encoders, numbers)
    if untrained is not None:
        columns |= encoder_report.baselines(encoder_report.measure(untrained, items, split, distractors))
    held = {
        source: [one for one in items if one.split == split and one.source == source] for source in ("ccp", "clothing")
    }
    data = [
        Dataset(
            name=name,
            use=f"measured on {len(held[source])} garments of {split} {of}",
            licence=licence,
            fingerprint=fingerprint_files({one.root / one.image for one in held[source]}),
        )
        for source, name, of, licence in (
            ("ccp", "Clothing Co-Parsing", "photos", ccp_set.STATED_LICENCE),
            ("clothing", "Clothing dataset", "senders", clothing_set.LICENCE),
        )
    ]
    tables = encoder_report.sections(columns)
    return measured_on(report_of(encoders[0].folder), data, f"On {_USED[split]}.", tables)
