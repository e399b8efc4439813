"""A detector of a recipe's model, with its starting weights."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from streetshop.core.errors import UsageError
from streetshop.lab.nets.detect.detector import Detector
from streetshop.lab.nets.detect.weights import KEY, load_own

_NAMES = ("coco", "imagenet", "none")


class Model(Protocol):
    """The part ``model`` of a detector's recipe."""

    @property
    def kind(self) -> str: ...
    @property
    def backbone(self) -> str: ...
    @property
    def weights(self) -> str: ...


def build_detector(model: Model, classes: int, size: tuple[int, int], *, pretrained: bool = True) -> Detector:
    """The network of a recipe.

    Args:
        model: the recipe's part ``model``.
        classes: how many.
        size: (height, width) of the input.
        pretrained: whether it starts from the recipe's weights; False for one whose weights are loaded anyway.

    Raises:
        UsageError: the weights cannot be had.
    """
    options = {key: value for key, value in vars(model).items() if key not in ("kind", "weights")}
    own = model.weights if pretrained and model.weights not in _NAMES else ""
    weights = model.weights if pretrained and not own else "none"
    network: Detector
    if model.kind == "mask-rcnn":
        from streetshop.lab.nets.detect.mask_rcnn import MaskRcnn

        if weights == "coco" and model.backbone != "resnet50":
            raise UsageError(f"there are no COCO weights for {model.backbone}", where=KEY, hint="Use imagenet or none")
        network = MaskRcnn(classes, size=size, weights=weights, **options)
    else:
        from streetshop.lab.nets.detect.rt_detr import RtDetr

        network = RtDetr(classes, weights=weights, **options)
    if own:
        load_own(network, Path(own))
    return network
