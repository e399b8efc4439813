"""The network in training looks at photos as its bundle will: same input, same rasters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from streetshop.core.photo import Photo
from streetshop.lab.core.progress import Progress
from streetshop.lab.data.classes import CLASSES, GARMENTS
from streetshop.lab.nets.backbones import TF_SCALE
from streetshop.lab.nets.reader import SIDE_STEP, ReaderNet, enlarge
from streetshop.lab.train.reader_recipe import ReaderRecipe
from streetshop.lab.train.tasks.reader.views import PADDING
from streetshop.models.preprocessing import reader_input
from streetshop.models.reader import RASTER_STEP, Reading
from streetshop.models.spec import InputSpec, ReaderSpec

A = TypeVar("A")
B = TypeVar("B")
_AHEAD: Final = 32


def reader_spec(recipe: ReaderRecipe) -> ReaderSpec:
    """``bundle.json`` of a recipe's reader, but for its calibration and the checksum of its weights."""
    return ReaderSpec(
        name=recipe.name,
        version=recipe.version,
        input=InputSpec(
            width=recipe.input.width,
            height=recipe.input.height,
            fit="stretch",
            background=PADDING,
            mean=TF_SCALE.mean,
            std=TF_SCALE.std,
        ),
        side_step=SIDE_STEP,
        classes=CLASSES,
        garments=GARMENTS,
        keypoints=True,
        probabilities=recipe.model.guided > 0,
        articles=recipe.articles is not None,
        files={"model.onnx": ""},
        about=recipe.about,
    )


@torch.no_grad()
def look(
    net: ReaderNet, photo: Photo, spec: ReaderSpec, *, guided: int, device: torch.device
) -> tuple[Reading, NDArray[np.float32]]:
    """What the bundle would say of a photo, and the backbone's last map (channels, h, w).

    Args:
        net: in evaluation mode, built without the guided filter.
        photo: the photo.
        spec: of the bundle.
        device: of the network.
        guided: radius of the guided filter that the probabilities go through; 0 for none.
    """
    tensor, (_, _, width, height) = reader_input(photo, spec)
    image = torch.from_numpy(tensor).to(device)
    taps = net.features(image)
    logits, joints, *_ = net.heads(taps, image)
    logits = enlarge(logits, (max(height // RASTER_STEP, 1), max(width // RASTER_STEP, 1)))
    probabilities = net.snapped(logits, image, guided) if guided else logits.softmax(1)
    reading = Reading(probabilities[0].cpu().numpy(), joints[0].sigmoid().cpu().numpy(), photo.width, photo.height)
    return reading, taps[-1][0].cpu().numpy()


def each(what: str, work: Callable[[A], B | None], examples: Sequence[A], workers: int) -> Iterator[tuple[A, B]]:
    """The examples of which ``work`` makes something, and what, in order, computed in threads.

    A few are computed ahead at a time, so that an interrupt does not wait for all.
    """
    with Progress(what, len(examples)) as progress, ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(examples), _AHEAD):
            some = examples[start : start + _AHEAD]
            for example, made in zip(some, pool.map(work, some), strict=True):
                progress.advance()
                if made is not None:
                    yield example, made
