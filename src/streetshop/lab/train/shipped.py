"""The shipped models from the public data sets, from the teacher's labels to the card.

What ``streetshop lab train`` does with a recipe of kind ``reader`` or ``encoder``. Every step leaves files, and a step
whose files are there is not done again, so the same command goes on where it was broken off.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from streetshop.core.errors import DatasetError, RunError, UsageError
from streetshop.lab.core import files
from streetshop.lab.core.devices import one_device
from streetshop.lab.core.progress import say
from streetshop.lab.data import teacher
from streetshop.lab.export.card import write_card
from streetshop.lab.measure.public import measure_encoder, measure_reader
from streetshop.lab.train.reading import recipe_path
from streetshop.lab.train.tasks.encoder.recipe import load_encoder_recipe
from streetshop.lab.train.tasks.encoder.run import gather
from streetshop.lab.train.tasks.encoder.run import train as train_heads
from streetshop.lab.train.tasks.reader import run as reader_run
from streetshop.lab.train.tasks.reader.articles import Pictures, name_articles
from streetshop.lab.train.tasks.reader.recipe import ReaderRecipe, load_reader_recipe
from streetshop.lab.train.tasks.starting_encoder import export_starting_encoder, find_pictures
from streetshop.looks.reader import OnnxReader
from streetshop.models import load_encoder
from streetshop.models.folder import SPEC_FILE, read_spec

TEACHER: Final = "mediapipe==0.10.21"


@dataclass(frozen=True)
class Public:
    """The public data sets, and what is made of them once.

    Attributes:
        data: the folder of both sets, ``ccp`` and ``clothing``.
        cache: what the teacher saw, made pairs, the untrained encoder.
    """

    data: Path
    cache: Path

    def __post_init__(self) -> None:
        for folder in (self.ccp / "photos", self.clothing / "images"):
            if not folder.is_dir():
                raise DatasetError(
                    "there is no such folder",
                    where=str(folder),
                    hint="Give the folder that holds Clothing Co-Parsing as ccp and the Clothing dataset as clothing",
                )

    @property
    def ccp(self) -> Path:
        return self.data / "ccp"

    @property
    def clothing(self) -> Path:
        return self.data / "clothing"

    def keypoints(self, photos: Path, name: str) -> Path:
        """The teacher's keypoints of a folder of photos."""
        file = self.cache / name
        if not file.is_file():
            self._ask_teacher("keypoints", photos, file)
        return file

    def cutouts(self) -> Path:
        """The teacher's cut-outs of single garments."""
        folder = self.cache / "cutouts"
        if not (folder / ".done").is_file():
            self._ask_teacher("cutouts", self.clothing / "images", folder)
            (folder / ".done").touch()
        return folder

    def _ask_teacher(self, what: str, pictures: Path, out: Path) -> None:
        """Run ``teacher.py`` in a virtual environment of its own, made first where it is missing."""
        folder = self.cache / "teacher"
        if not (folder / ".done").is_file():
            say(f"installing {TEACHER} in {folder}")
            venv.create(folder, with_pip=True, clear=True)
            pip = ("-m", "pip", "--disable-pip-version-check", "install", "--quiet", TEACHER)
            _run(folder, *pip, hint="It exists for Python 3.9 to 3.12; the lab needs it for labels alone")
            (folder / ".done").touch()
        _run(folder, teacher.__file__, what, str(pictures), "--out", str(out), hint="See its messages above")


def _run(folder: Path, *arguments: str, hint: str) -> None:
    """Python of a virtual environment; what it says is shown on stderr."""
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    code = subprocess.run([python, *arguments], stdout=2, check=False).returncode
    if code:
        raise RunError(f"{' '.join(arguments[:3])} ended with exit code {code}", where=str(python), hint=hint)


def train_reader(
    recipe: str,
    data: Path,
    out: Path,
    overrides: Sequence[str] = (),
    *,
    cache: Path | None = None,
    device: str = "cpu",
    threads: int = 2,
) -> Path:
    """Train a reader below ``out``, export and name it, measure it on the test photos; its bundle.

    Args:
        recipe: of kind ``reader``, by path or by name; see :func:`streetshop.lab.train.yaml_recipe.read_values` for
            ``overrides``.
        data: folder of both public sets.
        cache: see :class:`Public`; default ``cache`` beside the run.
        threads: of the processor, shared by the recipe's workers.

    Raises:
        RecipeError, DatasetError, RunError, UsageError: recipe, data, what lies in ``out``, or device cannot be used.
    """
    plan = load_reader_recipe(recipe_path(recipe), overrides)
    one_device(device)  # before the teacher's quarter of an hour
    public = _public(data, out, cache)
    sources = reader_run.Sources(
        public.ccp,
        public.keypoints(public.ccp / "photos", "keypoints.json"),
        public.clothing,
        public.cutouts(),
        public.keypoints(public.clothing / "images", "clothing-keypoints.json"),
    )
    reader_run.train(plan, sources, out, device=device, threads=max(1, threads // plan.workers))
    unnamed, bundle = out / "unnamed", out / "bundle"
    if _older(unnamed / SPEC_FILE, out / files.LAST) or _other_name(unnamed, plan):
        say("exporting, balancing classes and calibrating scores on the validation photos")
        with _made_whole(unnamed) as part:
            reader_run.export(out, plan, sources, part)
    if _older(bundle / SPEC_FILE, unnamed / SPEC_FILE):
        say("naming articles that nobody wears")
        pictures = Pictures(public.ccp, public.clothing, public.cutouts())
        with _made_whole(bundle) as part:
            name_articles(OnnxReader(unnamed, threads=1), pictures, part)
    say("measuring on the test photos")
    report = measure_reader(
        bundle,
        public.ccp,
        keypoints=sources.keypoints,
        clothing=sources.clothing,
        cutouts=sources.cutouts,
        overlays=out / "overlays",
    )
    write_card(bundle, report)
    return bundle


def train_encoder(
    recipe: str,
    data: Path,
    out: Path,
    overrides: Sequence[str] = (),
    *,
    cache: Path | None = None,
    threads: int = 2,
) -> Path:
    """Train an encoder below ``out``, measure it beside the untrained one on the test photos and senders; its bundle.

    Arguments and errors are those of :func:`train_reader`.
    """
    plan = load_encoder_recipe(recipe_path(recipe), overrides)
    public = _public(data, out, cache)
    pairs, start = public.cache / "pairs", public.cache / "start"
    bundle = train_heads(plan, public.ccp, public.clothing, public.cutouts(), pairs, out, threads=threads)
    if not (start / SPEC_FILE).is_file():
        # Of both kinds of pictures: with components of street photos alone, lying garments are told apart less well.
        shown = find_pictures([public.ccp / "photos", public.clothing / "images"])
        export_starting_encoder(shown, start, threads=threads)
    say("measuring on the test photos and senders")
    items = gather(plan, public.ccp, public.clothing, public.cutouts(), pairs, threads=threads)
    trained, untrained = (load_encoder(folder, threads=threads) for folder in (bundle, start))
    report = measure_encoder([trained], items, untrained=untrained)
    write_card(bundle, report)
    say(report.sections[0].markdown())
    return bundle


def _public(data: Path, out: Path, cache: Path | None) -> Public:
    if data.is_file():
        raise UsageError(
            "is a file; readers and encoders learn from the folder of both public sets, not from a manifest",
            where=str(data),
            hint="docs/reader.md and docs/encoder.md show how",
        )
    public = Public(data, cache or out.resolve().parent / "cache")
    public.cache.mkdir(parents=True, exist_ok=True)
    return public


def _older(made: Path, source: Path) -> bool:
    """Whether ``made`` is missing, or no younger than what it is made of (a copy has its source's time)."""
    return not made.is_file() or made.stat().st_mtime_ns <= source.stat().st_mtime_ns


def _other_name(bundle: Path, plan: ReaderRecipe) -> bool:
    """Whether the bundle was made before the recipe got the name or version it has now."""
    spec = read_spec(bundle)
    return (spec.name, spec.version) != (plan.name, plan.version)


@contextmanager
def _made_whole(folder: Path) -> Iterator[Path]:
    """A new folder beside it to write to, which takes its place once all is written: an export that was broken off
    leaves a bundle that loads, but was neither balanced nor calibrated.
    """
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    yield part
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
