"""Untrained baselines: ImageNet features, a colour histogram, and SIFT as in method 3's Table 3."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from sklearn.cluster import MiniBatchKMeans

from streetshop.core.errors import MeasureError
from streetshop.lab.compare.subjects import TIMED, Subject, cpu_milliseconds
from streetshop.lab.core.devices import Place
from streetshop.lab.core.parts import InputPart
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.pictures import cutting, load_pictures, row_picture
from streetshop.lab.nets import Block, BlockHead, Encoder, Streams, build_backbone
from streetshop.lab.train.vectors import encode_rows, to_pixels
from streetshop.models.encoder import picture_colours

SIFT_SIDE: Final = 224
"""SIFT finds hardly any keypoint at the input sizes of small training budgets."""

SIFT_WORDS: Final = 32
SIFT_SAMPLE: Final = 400
"""Pictures whose descriptors are clustered into visual words."""

Descriptors = NDArray[np.float32]


def imagenet(manifest: Manifest, used: NDArray[np.intp], part: InputPart, cache: Path, threads: int) -> Subject:
    """ImageNet EfficientNet-Lite0: the mean of its last feature map, cosine."""
    rows = manifest.take(used)
    backbone = build_backbone("efficientnet_lite0", weights="imagenet", size=(part.height, part.width))
    streams = Streams(Encoder(backbone, BlockHead(backbone.channels, [Block("style", None, "avg")]))).eval()
    pictures = load_pictures(rows, part, cache, threads=threads)
    usable = np.flatnonzero(pictures.usable)
    place = Place(torch.device("cpu"))
    found = encode_rows(streams, pictures, usable, rows.column("domain") == "shop", place).numpy()
    vectors = np.zeros((len(rows), found.shape[1]), np.float32)
    vectors[usable] = found
    pixels = to_pixels(pictures, usable[:TIMED], place.device)
    with torch.inference_mode():
        milliseconds = cpu_milliseconds(lambda: streams.query(pixels), len(pixels))
    about = f"EfficientNet-Lite0, ImageNet weights, pooled features, {vectors.shape[1]} numbers"
    return Subject("imagenet", vectors, pictures.usable, "cosine", milliseconds, about)


def colour(manifest: Manifest, used: NDArray[np.intp], part: InputPart, cache: Path, threads: int) -> Subject:
    """The serving side's CIELAB histogram of the garment picture, cosine."""
    rows = manifest.take(used)
    pictures = load_pictures(rows, part, cache, colours=True, threads=threads)
    vectors = np.where(pictures.usable[:, None], np.asarray(pictures.colours), 0).astype(np.float32)
    some = [row_picture(rows.row(int(i)), cutting(part)) for i in np.flatnonzero(pictures.usable)[:TIMED]]
    milliseconds = cpu_milliseconds(lambda: [picture_colours(picture) for picture in some], len(some))
    return Subject(
        "colour", vectors, pictures.usable, "cosine", milliseconds, f"CIELAB histogram, {vectors.shape[1]} bins"
    )


def sift(manifest: Manifest, used: NDArray[np.intp], part: InputPart, cache: Path, threads: int) -> Subject:
    """SIFT descriptors pooled to one vector a picture, cosine.

    Method 3's Table 3 lists "SIFT based image embeddings" without a definition. This one is RootSIFT (Arandjelović and
    Zisserman 2012) pooled by VLAD over k-means words of training pictures (Jégou et al. 2010), with intra-normalised
    words and a normalised whole (Arandjelović and Zisserman 2013).
    """
    part = part.model_copy(update={"height": SIFT_SIDE, "width": SIFT_SIDE})
    cv2.setNumThreads(threads)
    rows, sample = manifest.take(used), manifest.take(_sample(manifest, used))
    learned = load_pictures(sample, part, cache, threads=threads)
    words = sift_words([describe(learned.pixels[i]) for i in np.flatnonzero(learned.usable)])
    pictures = load_pictures(rows, part, cache, threads=threads)
    vectors = np.zeros((len(rows), words.size), np.float32)
    for index in np.flatnonzero(pictures.usable):
        vectors[index] = vlad(describe(pictures.pixels[index]), words)
    usable = np.linalg.norm(vectors, axis=1) > 0
    some = pictures.pixels[np.flatnonzero(usable)[:TIMED]]
    milliseconds = cpu_milliseconds(lambda: [vlad(describe(pixels), words) for pixels in some], max(len(some), 1))
    about = f"RootSIFT, VLAD of {len(words)} words, {words.size} numbers, {SIFT_SIDE} px"
    empty = int((~usable & pictures.usable).sum())
    notes = (f"finds no keypoint in {empty} of {len(usable)} pictures",) if empty else ()
    return Subject("sift", vectors, usable, "cosine", milliseconds, about, notes=notes)


def describe(pixels: NDArray[np.uint8]) -> Descriptors:
    """(n, 128) RootSIFT descriptors of an RGB picture; n may be 0."""
    grey = np.asarray(Image.fromarray(pixels).convert("L"))
    _, found = cv2.SIFT.create().detectAndCompute(grey, None)
    if found is None:
        return np.zeros((0, 128), np.float32)
    shares = found / np.maximum(found.sum(axis=1, keepdims=True), 1e-12)
    return np.sqrt(shares).astype(np.float32)


def sift_words(descriptors: list[Descriptors], words: int = SIFT_WORDS) -> Descriptors:
    """(words, 128) k-means centres. Raises :class:`MeasureError` when there are fewer descriptors than words."""
    stacked = np.concatenate([*descriptors, np.zeros((0, 128), np.float32)])
    if len(stacked) < words:
        raise MeasureError(
            f"SIFT finds {len(stacked)} keypoints in the training pictures, too few for {words} words",
            hint="Leave out --baseline sift",
        )
    clusters = MiniBatchKMeans(words, random_state=0, n_init=3, batch_size=4096).fit(stacked)
    return np.asarray(clusters.cluster_centers_, np.float32)


def vlad(descriptors: Descriptors, words: Descriptors) -> NDArray[np.float32]:
    """VLAD: (words * 128,) residuals of the descriptors to their nearest word, summed for each word.

    Each word's sum and the whole vector have unit length; without descriptors it is zero. Jégou et al. 2010, eq. 1.
    """
    if len(descriptors) == 0:
        return np.zeros(words.size, np.float32)
    distance = (words**2).sum(axis=1)[None, :] - 2 * descriptors @ words.T
    nearest = distance.argmin(axis=1)
    sums = np.zeros_like(words)
    np.add.at(sums, nearest, descriptors - words[nearest])
    sums /= np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    return (sums / max(float(np.linalg.norm(sums)), 1e-12)).reshape(-1)


def _sample(manifest: Manifest, used: NDArray[np.intp]) -> NDArray[np.intp]:
    """Training rows for the words; without any, the gallery's shop rows (labels are not used)."""
    split, shop = manifest.column("split"), manifest.column("domain") == "shop"
    rows = np.flatnonzero(split == "train")
    if len(rows) == 0:
        rows = used[shop[used]]
    return np.sort(np.random.default_rng(0).permutation(rows)[:SIFT_SAMPLE])


Baseline = Callable[[Manifest, NDArray[np.intp], InputPart, Path, int], Subject]
BASELINES: Final[Mapping[str, Baseline]] = {"imagenet": imagenet, "colour": colour, "sift": sift}
"""By name: a function of (manifest, rows to encode, input, cache folder, threads) to a subject."""
