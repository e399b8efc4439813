"""Labels for photos that have tags only: what a trained network sees in them, kept to what the tags allow.

A network that may choose among the tagged classes alone errs far less in naming (docs/reader.md has the figures), so
these photos then teach like labelled ones, and lend their garments to composites.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from streetshop.errors import RunError
from streetshop.lab.nets.trunks import TF_SCALE
from streetshop.lab.reader.classes import IGNORE
from streetshop.lab.reader.data import Sample
from streetshop.lab.reader.net import SIDE_STEP, enlarge, predict
from streetshop.lab.reader.recipe import ReaderRecipe
from streetshop.lab.training import files
from streetshop.lab.training.progress import Progress

_ZOOMS: Final = (0.85, 1.0, 1.2)
"""A photo is looked at in these sizes, of each side, and mirrored; the logarithms of the probabilities are averaged."""


def label_tagged(
    net: nn.Module, samples: Sequence[Sample], size: tuple[int, int], recipe: ReaderRecipe, device: torch.device
) -> dict[str, NDArray[np.uint8]]:
    """(h, w) labels of each of ``samples``, by name, in its own pixels; :data:`IGNORE` where the most probable of its
    allowed classes is less probable than ``recipe.sure``.

    Args:
        size: (height, width); photos are looked at with about as many pixels, in their own shape.
    """

    def one(sample: Sample) -> NDArray[np.uint8]:
        labels = guess(net, sample, size, recipe.sure, device)
        progress.advance()
        return labels

    with ThreadPoolExecutor(recipe.workers) as pool, Progress("labelling tagged photos", len(samples)) as progress:
        return dict(zip([sample.name for sample in samples], pool.map(one, samples), strict=True))


@torch.no_grad()
def guess(
    net: nn.Module, sample: Sample, size: tuple[int, int], sure: float, device: torch.device
) -> NDArray[np.uint8]:
    """The labels of one photo; see :func:`label_tagged`."""
    h, w = sample.pixels.shape[:2]
    total = torch.zeros(())
    for zoom in _ZOOMS:
        scale = zoom * math.sqrt(size[0] * size[1] / (h * w))
        sides = [max(round(side * scale / SIDE_STEP), 2) * SIDE_STEP for side in (w, h)]
        found = predict(net, _tensor(sample.pixels, (sides[0], sides[1]), device), mirror=True)
        total = total + enlarge(found, (h, w))[0].clamp(min=1e-6).log().cpu()
    allowed = torch.zeros(len(total), dtype=torch.bool)
    allowed[list(sample.allowed)] = True
    best, labels = (total / len(_ZOOMS)).masked_fill(~allowed[:, None, None], -1e4).softmax(0).max(0)
    return torch.where(best >= sure, labels, IGNORE).numpy().astype(np.uint8)


def with_guesses(samples: Sequence[Sample], guesses: Mapping[str, NDArray[np.uint8]]) -> list[Sample]:
    """``samples`` with their labels; one without stays as it is."""
    return [replace(s, labels=guesses[s.name]) if s.name in guesses else s for s in samples]


def write_guesses(path: Path, guesses: Mapping[str, NDArray[np.uint8]]) -> None:
    """All labels in one ``.npz`` file."""
    data = io.BytesIO()
    np.savez_compressed(data, **dict(guesses.items()))
    files.replace(path, data.getvalue())


def read_guesses(path: Path) -> dict[str, NDArray[np.uint8]]:
    """What :func:`write_guesses` wrote. Raises :class:`RunError` when it is damaged."""
    try:
        with np.load(path, allow_pickle=False) as found:
            return {name: found[name] for name in found.files}
    except Exception as error:  # numpy raises whatever zip and its own header stumble over
        raise RunError(
            f"the labels of the tagged photos are damaged ({type(error).__name__})",
            where=str(path),
            hint="Delete the run's folder to train anew",
        ) from None


def _tensor(pixels: NDArray[np.uint8], size: tuple[int, int], device: torch.device) -> Tensor:
    """(1, 3, h, w) scaled pixels of a picture brought to ``size`` (width, height)."""
    image = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR), np.float32)
    scaled = (image - np.float32(TF_SCALE.mean[0])) / np.float32(TF_SCALE.std[0])
    return torch.from_numpy(scaled).permute(2, 0, 1)[None].to(device, memory_format=torch.channels_last)
