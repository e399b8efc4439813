"""Names of articles that nobody wears: a linear layer on the last map of a reader's backbone, trained last.

The pixels of a lying shirt vote for its name one by one, and a street photo's reader has seen few of them. The
backbone's last map, averaged over the article, tells more. A linear layer and a mean commute, so the layer is one more
output of the network, and the mean is taken once the article is found (``looks.parse.mean_inside``).
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeVar, get_args

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from streetshop.core.errors import DatasetError, PhotoError
from streetshop.core.geometry import Mask, box_of_mask
from streetshop.core.photo import Photo
from streetshop.lab.core.progress import Progress, say
from streetshop.lab.data.classes import CLOTHING_LABELS, GARMENTS, INDEX
from streetshop.lab.data.sets.ccp import class_labels, labelled_names
from streetshop.lab.data.sets.clothing import sender_split
from streetshop.lab.data.splits import Split
from streetshop.lab.evaluate.intervals import Estimate, bootstrap
from streetshop.lab.nets.onnx_files import add_output, only_map
from streetshop.looks.parse import mean_inside, most_probable
from streetshop.looks.people import people_and_articles
from streetshop.looks.read import read_look
from streetshop.looks.reader import PHOTO_SIDE, OnnxReader
from streetshop.looks.rules import Rules
from streetshop.models.folder import file_sha256, write_spec
from streetshop.models.preprocessing import reader_input

Kind = Literal["photo", "cutout", "worn"]
"""A photo of a single garment; the same cut out onto white; a worn garment cut out onto white by its pixel labels."""
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
T = TypeVar("T")
OUTPUT: Final = "articles"
_BESIDE: Final = "/top/top.0/Conv"
"""Node of the exported network that reads the backbone's last map."""
_STRENGTH: Final = 0.03
"""Of the regularisation (scikit-learn's C), chosen on the validation photos: .01 to .3 were much the same."""
_NEVER: Final = -20.0
"""Logit of a class that no example shows."""
_LEAST: Final = 0.02
"""Share of its photo from which a garment is cut out; a fifth of that for what is small by nature."""
_SMALL: Final = frozenset({"footwear", "bag", "hat", "scarf", "legwear", "accessory"})
_LEAST_SIDE: Final = 40
_MARGINS: Final = (0.03, 0.25)
"""White around a cut-out, over its longer side."""
_AHEAD: Final = 32


@dataclass(frozen=True)
class Example:
    """A picture of one article, and what it is; ``sender`` is who sent it, or of a worn one the photo's number."""

    kind: Kind
    name: str
    category: str
    sender: str


@dataclass(frozen=True)
class Pictures:
    """Where the pictures lie: Clothing Co-Parsing, the Clothing dataset, and the teacher's cut-outs of its photos."""

    ccp: Path
    clothing: Path
    cutouts: Path

    def examples(self, split: Split) -> list[Example]:
        """All of a split: by sender for single garments, by photo for worn ones. Raises :class:`DatasetError`."""
        found = []
        try:
            with (self.clothing / "images.csv").open(encoding="utf-8", newline="") as file:
                rows = [row for row in csv.DictReader(file) if row["label"] in CLOTHING_LABELS]
        except OSError as error:
            hint = "Give the root folder of the Clothing dataset"
            raise DatasetError(f"cannot be read ({error.strerror})", where=str(self.clothing), hint=hint) from None
        for row in rows:
            name, sender = row["image"], row["sender_id"]
            if sender_split(sender) != split or not (self.clothing / "images" / f"{name}.jpg").is_file():
                continue
            category = CLOTHING_LABELS[row["label"]]
            found.append(Example("photo", name, category, sender))
            if (self.cutouts / f"{name}.png").is_file():
                found.append(Example("cutout", name, category, sender))
        for name in labelled_names(self.ccp, split):
            counts = np.bincount(class_labels(self.ccp, name).ravel(), minlength=256)
            for category in GARMENTS:
                if counts[INDEX[category]] >= _least_share(category) * counts.sum():
                    found.append(Example("worn", name, category, name))
        return found

    def load(self, example: Example) -> Photo | None:
        """The picture; None where there is nothing to see in it: it does not decode, or hardly anything is cut out."""
        if example.kind == "worn":
            photo = Photo.from_path(self.ccp / "photos" / f"{example.name}.jpg")
            return _on_white(photo, class_labels(self.ccp, example.name) == INDEX[example.category], example)
        try:
            photo = Photo.from_path(self.clothing / "images" / f"{example.name}.jpg", at_least=PHOTO_SIDE)
        except PhotoError:
            return None
        if example.kind == "photo":
            return photo
        with Image.open(self.cutouts / f"{example.name}.png") as picture:
            return _on_white(photo, np.asarray(picture.convert("L")) > 127, example)


def _least_share(category: str) -> float:
    return _LEAST * (0.2 if category in _SMALL else 1)


def _on_white(photo: Photo, mask: Mask, example: Example) -> Photo | None:
    """What the mask shows on a white ground, cropped to it with a margin that depends on the example's name."""
    image = photo.image()
    mask = np.asarray(Image.fromarray(mask).resize(image.size, Image.Resampling.NEAREST))
    if mask.mean() < _least_share(example.category):
        return None
    around = box_of_mask(mask).slices()
    mask, pixels = mask[around], np.asarray(image)[around]
    margin = np.random.default_rng([*example.name.encode(), INDEX[example.category]]).uniform(*_MARGINS)
    pad = round(margin * max(mask.shape))
    canvas = np.full((mask.shape[0] + 2 * pad, mask.shape[1] + 2 * pad, 3), 255, np.uint8)
    canvas[pad : pad + mask.shape[0], pad : pad + mask.shape[1]][mask] = pixels[mask]
    return Photo.from_array(canvas) if min(canvas.shape[:2]) >= _LEAST_SIDE else None


def name_articles(reader: OnnxReader, pictures: Pictures, out: Path) -> OnnxReader:
    """Write a bundle to ``out`` that is ``reader``'s and also names articles, and load it.

    ``out`` may be the reader's own folder. Learns from training senders and training photos only. Raises
    :class:`DatasetError` when nothing is there to learn from, :class:`RunError` for a network that is not of our kind.
    """
    examples = [e for e in pictures.examples("train") if e.category in reader.spec.garments]
    rows, names = features(reader, pictures, examples)
    if len(set(names)) < 2:
        raise DatasetError(
            "no two classes of articles to learn from", where=str(pictures.clothing), hint="Are the cut-outs there?"
        )
    say(f"{len(rows)} pictures of {len(set(names))} classes to learn from")
    weight, bias = fit(rows, names, reader.spec.garments)
    if out.resolve() != reader.folder.resolve():
        shutil.copytree(reader.folder, out, dirs_exist_ok=True)
    model = out / reader.spec.model
    add_output(model, _BESIDE, OUTPUT, weight, bias)
    files = {**reader.spec.files, model.name: file_sha256(model)}
    write_spec(out, reader.spec.model_copy(update={"articles": True, "files": files}))
    return OnnxReader(out, threads=2)


def features(
    reader: OnnxReader, pictures: Pictures, examples: Sequence[Example], *, workers: int = 2
) -> tuple[NDArray[np.float32], list[str]]:
    """Of the examples where the reader finds an article that nobody wears: (n, channels) the backbone's last map
    averaged over it, and (n,) its class.
    """
    spec = reader.spec
    rules = Rules(spec.classes, spec.garments)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    model = only_map(reader.folder / spec.model, _BESIDE)
    backbone = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def one(example: Example) -> NDArray[np.float32] | None:
        photo = pictures.load(example)
        if photo is None:
            return None
        reading = reader.see(photo)
        _, articles = people_and_articles(most_probable(reading.probabilities), reading.heat, rules)
        if not articles:
            return None
        (planes,) = backbone.run(None, {backbone.get_inputs()[0].name: reader_input(photo, spec)[0]})
        return mean_inside(planes[0], articles[0])

    found = list(_each("looking at articles", one, examples, workers))
    return np.asarray([row for _, row in found], np.float32), [example.category for example, _ in found]


def fit(
    rows: NDArray[np.float32], names: Sequence[str], garments: Sequence[str]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(garments, channels) weights and (garments,) biases of a logistic regression of standardised channels, the
    standardising multiplied in. A class without examples is never named.
    """
    from sklearn.linear_model import LogisticRegression

    mean, spread = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-6)
    targets = np.asarray([garments.index(name) for name in names])
    model = LogisticRegression(C=_STRENGTH, max_iter=1000).fit((rows - mean) / spread, targets)
    slopes, biases = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # one row there: of the second class against the first
        slopes, biases = np.concatenate([-slopes, slopes]) / 2, np.concatenate([-biases, biases]) / 2
    weight = np.zeros((len(garments), rows.shape[1]), np.float32)
    bias = np.full(len(garments), _NEVER, np.float32)
    weight[model.classes_] = slopes / spread
    bias[model.classes_] = biases - (slopes / spread) @ mean
    return weight, bias


@dataclass(frozen=True)
class Named:
    """How many pictures of a kind showed the reader a garment, and the share named as they are labelled, all pictures
    counted, with its interval over senders.
    """

    pictures: int
    found: int
    right: Estimate


def judge_names(
    reader: OnnxReader, pictures: Pictures, examples: Sequence[Example], *, workers: int = 2
) -> dict[Kind, Named]:
    """By kind, of the largest garment of each picture's look."""

    def one(example: Example) -> tuple[bool, bool] | None:
        photo = pictures.load(example)
        if photo is None:
            return None
        garment = max(read_look(photo, reader).garments, key=lambda garment: garment.box.area)
        return garment.category in GARMENTS, garment.category == example.category

    answers = list(_each("naming articles", one, examples, workers))
    named = {}
    for kind in KINDS:
        rows = [(*answer, example.sender) for example, answer in answers if example.kind == kind]
        if rows:
            found, right, senders = zip(*rows, strict=True)
            named[kind] = Named(len(rows), sum(found), bootstrap(right, clusters=senders))
    return named


def _each(
    what: str, one: Callable[[Example], T | None], examples: Sequence[Example], workers: int
) -> Iterator[tuple[Example, T]]:
    """The examples of which ``one`` makes something, and what, in order; a few ahead at a time, so that an interrupt
    does not wait for all.
    """
    with Progress(what, len(examples)) as progress, ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(examples), _AHEAD):
            some = examples[start : start + _AHEAD]
            for example, made in zip(some, pool.map(one, some), strict=True):
                progress.advance()
                if made is not None:
                    yield example, made
