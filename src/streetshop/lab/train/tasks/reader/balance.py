"""Class balance: class weights in the loss make a network prefer rare classes; constants on the logits undo that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from streetshop.core.photo import Photo
from streetshop.lab.core.progress import Progress
from streetshop.lab.data.sets.ccp import class_labels
from streetshop.lab.evaluate.dense import Confusion
from streetshop.lab.nets.reader import ReaderNet
from streetshop.lab.train.reader_recipe import ReaderRecipe
from streetshop.lab.train.tasks.reader.data import ReaderData
from streetshop.lab.train.tasks.reader.looking import look, reader_spec
from streetshop.looks.reader import PHOTO_SIDE

_STEPS: Final = (0.6, 0.3)


def balance(net: ReaderNet, recipe: ReaderRecipe, data: ReaderData, device: torch.device) -> None:
    """Add :func:`fit_offsets` of the validation photos to the bias of the class layer.

    The guided filter stays out of it: fitted on what the filter makes of the classes, the offsets came out worse.
    """
    spec, root = reader_spec(recipe), data.ccp
    logits, labels = [], []
    net.eval()
    with Progress("balancing classes", len(data.val)) as progress:
        for sample in data.val:
            photo = Photo.from_path(root / "photos" / f"{sample.name}.jpg", at_least=PHOTO_SIDE)
            planes = look(net, photo, spec, guided=0, device=device)[0].probabilities
            height, width = planes.shape[1:]
            truth = Image.fromarray(class_labels(root, sample.name)).resize((width, height), Image.Resampling.NEAREST)
            logits.append(np.log(planes.reshape(len(planes), -1) + 1e-8))
            labels.append(np.asarray(truth).ravel())
            progress.advance()
    offsets = torch.from_numpy(fit_offsets(logits, labels)).to(device)
    with torch.no_grad():
        cast(Tensor, net.classes.bias).add_(offsets)


def fit_offsets(logits: Sequence[NDArray[np.float32]], labels: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Constants to add to the logits of each class, found by coordinate ascent on mIoU plus pixel accuracy.

    Args:
        logits: of each photo (classes, pixels); logarithms of probabilities do as well.
        labels: of each photo (pixels,) class indices.

    Returns:
        (classes,) float32; zeros where nothing helps.
    """
    classes = len(logits[0])

    def goodness(offsets: NDArray[np.float32]) -> float:
        confusion = Confusion.empty(classes)
        for values, truth in zip(logits, labels, strict=True):
            confusion.add((values + offsets[:, None]).argmax(axis=0).astype(np.uint8), truth)
        return confusion.mean_iou() + confusion.pixel_accuracy()

    offsets = np.zeros(classes, np.float32)
    best = goodness(offsets)
    for size in _STEPS:
        for index in range(classes):
            for step in (-size, size):
                while True:
                    tried = offsets.copy()
                    tried[index] += step
                    value = goodness(tried)
                    if value <= best:
                        break
                    offsets, best = tried, value
    return offsets
