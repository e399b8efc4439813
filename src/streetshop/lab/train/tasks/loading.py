"""From a recipe and the place of its data to the task of its kind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch

from streetshop.core.files import write_json
from streetshop.lab.core import files
from streetshop.lab.core.devices import Place
from streetshop.lab.core.progress import say
from streetshop.lab.data.framing import draw_pages, read_labelled
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.train.build import targets_of
from streetshop.lab.train.data import RunData, load_run_data
from streetshop.lab.train.public import PublicSets
from streetshop.lab.train.recipe import (
    AnyRecipe,
    ConverterRecipe,
    DetectorRecipe,
    EmbeddingRecipe,
    EncoderRecipe,
    FramingRecipe,
    PoseRecipe,
    ReaderRecipe,
    UntrainedRecipe,
    ViewClassifierRecipe,
)
from streetshop.lab.train.task import Task
from streetshop.lab.train.tasks.converter import ConverterTask
from streetshop.lab.train.tasks.detect.data import FILE, load_detector_data
from streetshop.lab.train.tasks.detect.task import DetectorTask
from streetshop.lab.train.tasks.embedding import EmbeddingTask
from streetshop.lab.train.tasks.encoder.data import load_views
from streetshop.lab.train.tasks.encoder.task import EncoderTask
from streetshop.lab.train.tasks.framing import FramingTask
from streetshop.lab.train.tasks.pose import PoseTask
from streetshop.lab.train.tasks.reader.data import load_reader_data
from streetshop.lab.train.tasks.reader.task import ReaderTask
from streetshop.lab.train.tasks.untrained import UntrainedTask, find_pictures, picture_folders
from streetshop.lab.train.tasks.view_classifier import ViewClassifierTask
from streetshop.looks.reader import OnnxReader
from streetshop.models.reader import DEFAULT_READER

DEVICES: Final = {
    "embedding": EmbeddingTask.devices,
    "converter": ConverterTask.devices,
    "detector": DetectorTask.devices,
    "reader": ReaderTask.devices,
    "encoder": EncoderTask.devices,
    "untrained": UntrainedTask.devices,
    "framing": FramingTask.devices,
    "view_classifier": ViewClassifierTask.devices,
    "pose": PoseTask.devices,
}
"""Devices that a kind trains on."""


@dataclass(frozen=True, eq=False)
class Source:
    """Where a task's data is.

    Attributes:
        data: the rows, already chosen and split, or a folder.
        cache: what is made of the data once.
        threads: of the processor.
    """

    data: Manifest | Path
    cache: Path
    threads: int

    @property
    def manifest(self) -> Manifest:
        """:attr:`data`, a manifest."""
        if not isinstance(self.data, Manifest):
            raise TypeError("the data is a folder")
        return self.data

    @property
    def folder(self) -> Path:
        """:attr:`data`, a folder."""
        if not isinstance(self.data, Path):
            raise TypeError("the data is a manifest")
        return self.data

    @property
    def sets(self) -> PublicSets:
        """The public data sets in :attr:`folder`."""
        return PublicSets(self.folder, self.cache)


def load_task(recipe: AnyRecipe, source: Source, out: Path, place: Place) -> tuple[Task[Any, Any], dict[str, int]]:
    """Load the data and build the task.

    Returns:
        The task, and counts of its data for ``run.json``.
    """
    if isinstance(recipe, EmbeddingRecipe | ConverterRecipe):
        data = _run_data(recipe, source, out, place)
        counts = {
            "train_rows": len(data.train),
            "val_rows": len(data.val),
            "train_products": len(data.labels.classes["product"]),
        }
        if isinstance(recipe, EmbeddingRecipe):
            return EmbeddingTask(recipe, data, place), counts
        return ConverterTask(recipe, data, out, place), counts
    if isinstance(recipe, DetectorRecipe):
        return _detector(recipe, source, out, place)
    if isinstance(recipe, ViewClassifierRecipe):
        data = load_run_data(source.manifest, recipe, (["view"], []), source.cache, build=True, threads=source.threads)
        return ViewClassifierTask(recipe, data, out, place), {"train_rows": len(data.train), "val_rows": len(data.val)}
    if isinstance(recipe, PoseRecipe):
        task = PoseTask(recipe, source.manifest, place, threads=source.threads)
        return task, {"train_rows": len(task.train), "val_rows": len(task.val)}
    if isinstance(recipe, ReaderRecipe):
        torch.set_num_threads(max(1, source.threads // recipe.workers))
        photos = load_reader_data(recipe, source.sets)
        return ReaderTask(recipe, photos, place), {"train_rows": len(photos.samples), "val_rows": len(photos.val)}
    if isinstance(recipe, EncoderRecipe):
        torch.set_num_threads(source.threads)
        views = load_views(recipe, source.sets, out, threads=source.threads)
        say(f"{len(views.forms)} views of {len({(i.root, i.image) for i in views.items})} pictures")
        return EncoderTask(recipe, views, place), {"train_rows": len(views.forms)}
    if isinstance(recipe, FramingRecipe):
        return _view(recipe, source, place)
    return _untrained(recipe, source, place)


def _detector(recipe: DetectorRecipe, source: Source, out: Path, place: Place) -> tuple[DetectorTask, dict[str, int]]:
    if not isinstance(source.data, Manifest):
        raise TypeError("the data is a folder")
    torch.set_num_threads(source.threads)
    data = load_detector_data(source.data, recipe)
    write_json(out / FILE, {**data.about(), "root": str(source.data.root)})
    boxes = sum(len(picture.rows) for picture in data.train)
    return DetectorTask(recipe, data, place), {"train_rows": boxes, "train_pictures": len(data.train)}


def _view(recipe: FramingRecipe, source: Source, place: Place) -> tuple[FramingTask, dict[str, int]]:
    pictures = read_labelled(source.sets.ccp / "photos", "train")
    counts = {"train_rows": len(pictures)}
    if recipe.pages:
        pages = source.cache / f"views-{recipe.drawing}-{recipe.pages}"
        pictures += draw_pages(pages, recipe.pages, recipe.drawing, workers=source.threads)
    reader = OnnxReader(DEFAULT_READER, threads=1, framing=None)
    return FramingTask(recipe, pictures, reader, place, threads=source.threads), counts


def _untrained(recipe: UntrainedRecipe, source: Source, place: Place) -> tuple[UntrainedTask, dict[str, int]]:
    torch.set_num_threads(1)
    pictures = find_pictures(picture_folders(source.folder, recipe.folders))
    return UntrainedTask(recipe, pictures, place, threads=source.threads), {"train_rows": len(pictures)}


def _run_data(recipe: EmbeddingRecipe | ConverterRecipe, source: Source, out: Path, place: Place) -> RunData:
    """The first process decodes pictures that are not cached yet; the others wait for it."""
    targets = targets_of(recipe) if isinstance(recipe, EmbeddingRecipe) else (["product", "category"], [])
    if not place.first:
        place.wait()
        return load_run_data(source.manifest, recipe, targets, source.cache, build=False)
    data = load_run_data(source.manifest, recipe, targets, source.cache, build=True, threads=source.threads)
    write_json(out / files.CLASSES, data.labels.classes)
    place.wait()
    return data
