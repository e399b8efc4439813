"""From a trained run on the public data sets to a measured bundle: export, measure, write report and card."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from streetshop.core.files import output_file, write_text
from streetshop.lab.core import files
from streetshop.lab.core.files import made
from streetshop.lab.core.progress import say
from streetshop.lab.export.card import write_card
from streetshop.lab.export.run import export_run
from streetshop.lab.measure.framing import measure_framing
from streetshop.lab.measure.public import measure_encoder, measure_reader
from streetshop.lab.train.public import PublicSets
from streetshop.lab.train.recipe import EncoderRecipe, FramingRecipe, ReaderRecipe
from streetshop.lab.train.run import train
from streetshop.lab.train.tasks.encoder.data import load_garments
from streetshop.lab.train.trained import read_recipe
from streetshop.models import load_encoder
from streetshop.models.folder import SPEC_FILE

BUNDLE: Final = "bundle"
"""The bundle's folder, inside the run's."""


def finish(run: Path, data: Path, *, cache: Path | None = None, threads: int = 2) -> Path:
    """Export and measure a run of kind reader, encoder, framing or untrained; what is there is not made again.

    Args:
        run: the run's folder.
        data: what it was trained on.
        cache: as in :func:`streetshop.lab.train.train`.
        threads: of the processor.

    Returns:
        The bundle's folder, with its report and card.

    Raises:
        RunError, DatasetError: the run or the data cannot be used.
    """
    recipe = read_recipe(run)
    bundle = made(run / BUNDLE, lambda folder: _export(run, folder), run / files.LAST, run / files.RECIPE)
    sets = PublicSets(data, cache or run.resolve().parent / "cache")
    spec = bundle / SPEC_FILE
    if isinstance(recipe, ReaderRecipe):
        made(run / "overlays", lambda folder: _measure_reader(recipe, sets, bundle, folder), spec)
    elif isinstance(recipe, EncoderRecipe):
        made(run / "report.md", lambda file: _measure_encoder(recipe, sets, bundle, file, threads), spec)
    elif isinstance(recipe, FramingRecipe):
        made(run / "report.md", lambda file: _measure_framing(sets, bundle, file, threads), spec)
    return bundle


def _export(run: Path, folder: Path) -> None:
    say("exporting")
    export_run(run, folder)


def _measure_reader(recipe: ReaderRecipe, sets: PublicSets, bundle: Path, overlays: Path) -> None:
    say("measuring on the test photos")
    report = measure_reader(
        bundle,
        sets.ccp,
        keypoints=sets.keypoints if recipe.losses.keypoints else None,
        clothing=sets.clothing if recipe.needs_clothing else None,
        cutouts=sets.cutouts if recipe.needs_clothing else None,
        overlays=overlays,
    )
    write_card(bundle, report)


def _measure_encoder(recipe: EncoderRecipe, sets: PublicSets, bundle: Path, file: Path, threads: int) -> None:
    """Beside the untrained encoder, which is fitted first where it is missing."""
    start = sets.cache / "untrained"
    train("untrained", sets.data, start, threads=threads)
    untrained = finish(start, sets.data, threads=threads)
    say("measuring on the test photos and senders")
    garments = load_garments(recipe, sets, threads=threads)
    report = measure_encoder(
        [load_encoder(bundle, threads=threads)], garments, untrained=load_encoder(untrained, threads=threads)
    )
    write_card(bundle, report)
    table = report.sections[0].markdown()
    say(table)
    with output_file(file) as partial:
        partial.write_text(table + "\n", encoding="utf-8")


def _measure_framing(sets: PublicSets, bundle: Path, file: Path, threads: int) -> None:
    say("measuring on the other photos and drawn pages")
    report = measure_framing(bundle, sets.ccp / "photos", sets.cache, threads=threads)
    write_card(bundle, report)
    say(report.sections[0].markdown())
    write_text(file, report.table() + "\n")
