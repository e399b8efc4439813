"""Measure whatever a folder holds: a run or bundle on a manifest, a bundle on the public data sets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from streetshop.core.errors import UsageError
from streetshop.lab.data.splits import Split
from streetshop.lab.evaluate.encoder_report import GALLERY
from streetshop.lab.evaluate.report import REPORT_FILE, Report
from streetshop.lab.export.card import write_card
from streetshop.lab.measure.detection import measure_detection
from streetshop.lab.measure.embedding import measure_embedding
from streetshop.lab.measure.public import measure_encoder, measure_reader
from streetshop.lab.train.public import PublicSets
from streetshop.lab.train.reading import load_recipe
from streetshop.lab.train.recipe import EncoderRecipe
from streetshop.lab.train.tasks.encoder.data import load_garments
from streetshop.models import load_encoder
from streetshop.models.folder import SPEC_FILE, read_spec

ENCODER_RECIPE: Final = "encoder"
"""The recipe whose made pairs measure encoders."""


def measure_subject(
    subject: Path,
    data: Path,
    *,
    protocols: Sequence[str] = (),
    split: Split = "test",
    beside: Sequence[Path] = (),
    untrained: Path | None = None,
    distractors: int = GALLERY,
    overlays: Path | None = None,
    root: Path | None = None,
    weights: str = "best",
    cache: Path | None = None,
    threads: int = 2,
) -> Report:
    """Measure a run or a bundle.

    Args:
        subject: folder of a run or of a bundle.
        data: a manifest, or the folder that holds both public data sets as ``ccp`` and ``clothing``.
        protocols: of a manifest; see :func:`~streetshop.lab.measure.embedding.measure_embedding`.
        split: of the public data sets, or of the manifest on whose boxes a reader or a detector is measured.
        beside: more encoder bundles, measured on the public data sets too; or readers and detectors.
        untrained: the bundle of the recipe ``untrained``; its blocks alone are columns too.
        distractors: photos of single garments in the gallery of made pairs.
        overlays: folder for 40 photos that a reader was measured on, worst first.
        root: folder of a manifest's pictures, if they have moved.
        weights: best or last, of a run.
        cache: folder of decoded pictures, the teacher's labels and made pairs; default ``cache`` beside ``subject``.
        threads: of the processor.

    Raises:
        UsageError: subject and data do not fit.
        RunError, BundleError, DatasetError, MeasureError: one of them cannot be used.
    """
    finds_boxes = (subject / SPEC_FILE).is_file() and read_spec(subject).kind in ("reader", "detector")
    if finds_boxes and not data.is_dir():
        return measure_detection(subject, data, split=split, beside=beside, root=root, threads=threads)
    if not data.is_dir():
        return measure_embedding(
            subject, data, protocols=protocols, root=root, weights=weights, cache=cache, threads=threads
        )
    if not (subject / SPEC_FILE).is_file():
        raise UsageError(
            "is no bundle, and only bundles are measured on the folder of both public data sets",
            where=str(subject),
            hint="Run `streetshop lab export` first, or give a manifest as --data",
        )
    home = cache or subject.resolve().parent / "cache"
    public = PublicSets(data, home)
    if read_spec(subject).kind == "detector":
        raise UsageError(
            "a detector is measured on the boxes of a manifest",
            where=str(subject),
            hint="Make one, e.g. with `streetshop lab data ccp FOLDER --out FILE`, and give it as --data",
        )
    is_reader = read_spec(subject).kind == "reader"
    public.check(clothing=True)
    public.label(keypoints=is_reader, clothing=True)
    if is_reader:
        return measure_reader(
            subject,
            public.ccp,
            keypoints=public.keypoints,
            clothing=public.clothing,
            cutouts=public.cutouts,
            split=split,
            overlays=overlays,
        )
    encoders = [load_encoder(folder, threads=threads) for folder in (subject, *beside)]
    start = None if untrained is None else load_encoder(untrained, threads=threads)
    recipe = load_recipe(ENCODER_RECIPE)
    if not isinstance(recipe, EncoderRecipe):
        raise TypeError(type(recipe))
    items = load_garments(recipe, public, threads=threads)
    return measure_encoder(encoders, items, untrained=start, split=split, distractors=distractors)


def write_report(report: Report, subject: Path, out: Path | None) -> Path:
    """Write ``report.json`` to ``out``; without it into the subject's folder, and a bundle's card with it.

    Returns:
        The report's path.
    """
    if out is not None:
        report.write(out)
        return out
    if (subject / SPEC_FILE).is_file():
        write_card(subject, report)
    else:
        report.write(subject / REPORT_FILE)
    return subject / REPORT_FILE
