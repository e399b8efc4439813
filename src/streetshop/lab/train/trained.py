"""A trained run, loaded: its recipe and network, ready to encode any manifest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from streetshop.core.errors import RunError
from streetshop.lab.core import files
from streetshop.lab.core.devices import Place
from streetshop.lab.core.progress import Progress
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.pictures import Pictures, load_pictures
from streetshop.lab.nets import Converter, Encoder, Streams
from streetshop.lab.nets.converted import ConvertedEncoder
from streetshop.lab.nets.pooled import PooledEncoder
from streetshop.lab.train.build import build_streams
from streetshop.lab.train.data import group_of, uses_cielab
from streetshop.lab.train.reading import validate_recipe
from streetshop.lab.train.recipe import (
    AnyRecipe,
    ConverterRecipe,
    DetectorRecipe,
    EmbeddingRecipe,
    EncoderRecipe,
    FramingRecipe,
    ReaderRecipe,
    UntrainedRecipe,
)
from streetshop.lab.train.tasks.detect.data import FILE as DETECTOR_FILE
from streetshop.lab.train.tasks.detect.task import build_network
from streetshop.lab.train.tasks.encoder.task import build_encoder
from streetshop.lab.train.tasks.reader.task import build_reader
from streetshop.lab.train.vectors import encode_rows, searched_vectors
from streetshop.looks.framing import features_size
from streetshop.models.folder import open_bundle
from streetshop.models.framing import ANSWERS
from streetshop.models.reader import DEFAULT_READER
from streetshop.models.spec import ReaderSpec

Net = TypeVar("Net", bound=nn.Module)


@dataclass(frozen=True, eq=False)
class Trained:
    """One trained encoder.

    Attributes:
        recipe: what it was trained by.
        streams: its network, in evaluation mode.
        about: ``run.json``.
    """

    recipe: EmbeddingRecipe
    streams: Streams
    about: dict[str, object]

    @property
    def distance(self) -> str:
        """What its vectors are compared by: cosine or euclidean."""
        return self.recipe.validation.distance

    def encode(
        self, manifest: Manifest, *, cache: Path, device: str = "cpu", threads: int = 2
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """The vectors of all rows, each through the stream of its domain, as they are searched by.

        Returns:
            (rows, dim) float32, and (rows,) bool: False where the picture could not be used (its vector is zero).
        """
        pictures = load_pictures(manifest, self.recipe.input, cache, colours=uses_cielab(self.recipe), threads=threads)
        return self.encode_pictures(pictures, manifest.column("domain") == "shop", device=device), pictures.usable

    def encode_pictures(
        self, pictures: Pictures, shop: NDArray[np.bool_], *, device: str = "cpu"
    ) -> NDArray[np.float32]:
        """The same for pictures that are loaded already."""
        place = Place(torch.device(device))
        rows = np.flatnonzero(pictures.usable)
        streams = self.streams.to(place.device)
        with Progress("vectors", len(rows)) as progress:
            embedding = encode_rows(streams, pictures, rows, shop, place, advance=progress.advance)
        colours = None if pictures.colours is None else pictures.colours[rows]
        found = searched_vectors(self.recipe, embedding, colours).numpy()
        vectors = np.zeros((len(shop), found.shape[1]), np.float32)
        vectors[rows] = found
        return vectors


@dataclass(frozen=True, eq=False)
class TrainedRun:
    """A run's encoder, or the encoders of its groups (method 3).

    Attributes:
        folder: the run's.
        encoders: by group; the one of an ordinary run has the name ``""``.
    """

    folder: Path
    encoders: dict[str, Trained]

    @property
    def recipe(self) -> EmbeddingRecipe:
        """The recipe that all its encoders share."""
        return next(iter(self.encoders.values())).recipe

    def encode(
        self, manifest: Manifest, *, cache: Path, device: str = "cpu", threads: int = 2
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """As :meth:`Trained.encode`; with groups every row by its own group's encoder.

        Rows of a group without an encoder count as unusable: nothing was trained for them.
        """
        if "" in self.encoders:
            return self.encoders[""].encode(manifest, cache=cache, device=device, threads=threads)
        groups = np.asarray([group_of(category, self.recipe.data) for category in manifest.column("category")])
        vectors: NDArray[np.float32] | None = None
        usable = np.zeros(len(manifest), bool)
        for name, encoder in self.encoders.items():
            rows = np.flatnonzero(groups == name)
            if len(rows):
                part, good = encoder.encode(manifest.take(rows), cache=cache, device=device, threads=threads)
                if vectors is None:
                    vectors = np.zeros((len(manifest), part.shape[1]), np.float32)
                vectors[rows], usable[rows] = part, good
        if vectors is None:
            raise RunError("has no encoder for any row's category", where=str(self.folder), hint="Check data.groups")
        return vectors, usable


def read_recipe(folder: Path) -> AnyRecipe:
    """The recipe of a run folder. Raises :class:`RunError` when it is none."""
    about = files.read_json(folder / files.RUN)
    return validate_recipe(about["recipe_values"], where=str(folder / files.RUN))


def load_run(folder: str | Path, *, weights: str = "best", converter: str | Path | None = None) -> TrainedRun:
    """Load a run's encoder.

    Args:
        folder: the run's.
        weights: ``best`` (by validation) or ``last``.
        converter: a converter's run: street pictures then go through it first (method 1 end to end).

    Raises:
        RunError: it is no run of an encoder, or has no such weights yet.
    """
    folder = Path(folder)
    recipe = read_recipe(folder)
    if isinstance(recipe, ConverterRecipe):
        raise RunError(
            "is a converter's run; it has no vectors",
            where=str(folder),
            hint="Give an encoder's run, and this one as --converter",
        )
    if not isinstance(recipe, EmbeddingRecipe):
        raise RunError(
            f"is a run of kind {recipe.kind}",
            where=str(folder),
            hint="Give the run of an embedding, or export it and give the bundle",
        )
    names = files.read_json(folder / files.RUN).get("groups", [])
    if recipe.data.each and not names:
        raise RunError("is unfinished", where=str(folder), hint="Run `lab train` again: it resumes")
    homes = {name: folder / "groups" / name for name in names} if names else {"": folder}
    return TrainedRun(folder, {name: _load(home, recipe, weights, converter) for name, home in homes.items()})


def _load(folder: Path, recipe: EmbeddingRecipe, weights: str, converter: str | Path | None) -> Trained:
    path = weights_file(folder, weights)
    classes = {name: tuple(values) for name, values in files.read_json(folder / files.CLASSES).items()}
    state, about = files.read_weights(path)
    streams = build_streams(recipe, classes, pretrained=False)
    if about.get("streams") == "two":
        streams.unshare()
    streams.load_state_dict(state)
    if converter is not None:
        streams.unshare()
        size = (recipe.input.height, recipe.input.width)
        converted = ConvertedEncoder(load_converter(converter, recipe), streams.query, size)
        streams.query = cast(Encoder, converted)  # it takes and gives what an encoder does
    return Trained(recipe, streams.eval(), files.read_json(folder / files.RUN))


def load_converter(folder: str | Path, matcher: EmbeddingRecipe) -> Converter:
    """The converter of a run, checked to see pictures as the matcher does. Raises :class:`RunError`."""
    folder = Path(folder)
    recipe = read_recipe(folder)
    if not isinstance(recipe, ConverterRecipe):
        raise RunError("is no converter's run", where=str(folder), hint="Train the recipe `converter`")
    for key in ("cut", "margin", "fit", "background"):
        if getattr(recipe.input, key) != getattr(matcher.input, key):
            raise RunError(
                f"sees pictures otherwise than the encoder: input.{key} is {getattr(recipe.input, key)!r} there and "
                f"{getattr(matcher.input, key)!r} here",
                where=str(folder),
                hint="Train both with the same input",
            )
    if matcher.input.height != matcher.input.width:
        raise RunError("the encoder's input is not square", where=matcher.name, hint="A converter's pictures are")
    return _with_weights(Converter(recipe.channels), folder, "best")


def load_network(folder: Path, *, weights: str = "last") -> nn.Module:
    """The network of a run of a detector, a reader, an encoder, an untrained encoder or a framing head.

    It is in evaluation mode.

    A :class:`ReaderNet` has the guided filter of its export.

    Raises:
        RunError: the run is of another kind, or has no such weights yet.
    """
    recipe = read_recipe(folder)
    network: nn.Module
    if isinstance(recipe, DetectorRecipe):
        classes = files.read_json(folder / DETECTOR_FILE)["classes"]
        network = build_network(recipe, len(classes), pretrained=False)
    elif isinstance(recipe, ReaderRecipe):
        network = build_reader(recipe)
        network.guided = recipe.model.guided
    elif isinstance(recipe, EncoderRecipe):
        network = build_encoder(recipe)
    elif isinstance(recipe, UntrainedRecipe):
        network = PooledEncoder(recipe.dim, weights="none")
    elif isinstance(recipe, FramingRecipe):
        channels = open_bundle(DEFAULT_READER, ReaderSpec).features
        network = nn.Linear(features_size(recipe.rows, recipe.columns, channels), len(ANSWERS))
    else:
        raise RunError(f"is a run of kind {recipe.kind}", where=str(folder), hint="Use load_run")
    return _with_weights(network, folder, weights)


def weights_file(folder: Path, weights: str) -> Path:
    """``best`` (by validation) or ``last``. Raises :class:`RunError` for another word."""
    if weights not in ("best", "last"):
        raise RunError(f"there are no {weights!r} weights", where=str(folder), hint="Use best or last")
    return folder / (files.BEST if weights == "best" else files.LAST)


def _with_weights(network: Net, folder: Path, weights: str) -> Net:
    network.load_state_dict(files.read_weights(weights_file(folder, weights))[0])
    return network.eval()
