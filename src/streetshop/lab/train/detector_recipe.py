"""The recipe of a detector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from streetshop.lab.core.parts import Part
from streetshop.lab.train.parts import Positive, RecipePart, StagePart

Side = Annotated[int, Field(ge=64, le=2048, multiple_of=32)]


class DetectorInput(Part):
    """Size of the input in pixels; a photo is letterboxed into it."""

    height: Side = 640
    width: Side = 480


class BoxesPart(Part):
    """Which rows are learned from, and as what.

    Attributes:
        where: column -> allowed values: only these rows.
        classes: ``articles`` (method 3's article types), ``kinds``, ``categories`` (the manifest's own), or the
            categories of each class: ``{boots: [boots, wellies], bags: [bag]}``.
        least: boxes with a side of fewer pixels of the input do not count.
        val_share: of the training pictures, where the manifest has no validation split.
    """

    where: Mapping[Literal["category", "view", "domain"], tuple[str, ...]] = {}
    classes: Literal["articles", "kinds", "categories"] | Mapping[str, tuple[str, ...]] = "articles"
    least: Annotated[float, Field(ge=0)] = 4.0
    val_share: Annotated[float, Field(gt=0, lt=1)] = 0.1


class DetectorAugment(Part):
    """How views of a training photo differ.

    Attributes:
        flip: whether every second view is mirrored.
        zoom: views are up to so much larger or smaller, as a share; larger ones are cropped.
        light: whether exposure, contrast, colour cast and noise change.
    """

    flip: bool = True
    zoom: Annotated[float, Field(ge=0, lt=1)] = 0.3
    light: bool = True


Weights = Annotated[str, Field(min_length=1)]


class MaskRcnnModel(Part):
    """Mask R-CNN (He et al. 2017) with a feature pyramid, from torchvision.

    Attributes:
        backbone: ``resnet50``, ``resnet101`` or ``efficientnet_lite0``.
        weights: ``coco`` (the whole network; ``resnet50`` only), ``imagenet`` (the backbone), ``none``, or the path of
            a state dict or of a run's weights.
        masks: whether there is a head for masks; then every box that is learned from needs a mask.
        channels: of the pyramid.
        proposals: regions that are classified, per photo, when it serves.
        samples: regions that are learned from, per photo.
    """

    kind: Literal["mask-rcnn"]
    backbone: Literal["resnet50", "resnet101", "efficientnet_lite0"] = "resnet50"
    weights: Weights = "imagenet"
    masks: bool = True
    channels: Annotated[int, Field(ge=16, le=512)] = 256
    proposals: Annotated[int, Field(ge=10, le=2000)] = 1000
    samples: Annotated[int, Field(ge=16, le=1024)] = 512


class RtDetrModel(Part):
    """RT-DETR v2 (Lv et al. 2024), from transformers.

    Attributes:
        backbone: ``resnet18``, ``resnet50`` or ``efficientnet_lite0``.
        weights: ``coco`` (what fits of the hub's network; ResNets only), ``imagenet`` (the backbone;
            ``efficientnet_lite0`` only), ``none``, or the path of a state dict or of a run's weights.
        queries: most boxes of a photo.
        width: of the transformer.
        layers: of the decoder.
        denoising: true boxes with noise that the decoder restores while it trains.
    """

    kind: Literal["rt-detr"]
    backbone: Literal["resnet18", "resnet50", "efficientnet_lite0"] = "resnet18"
    weights: Weights = "coco"
    queries: Annotated[int, Field(ge=10, le=900)] = 300
    width: Annotated[int, Field(ge=64, le=512, multiple_of=32)] = 256
    layers: Annotated[int, Field(ge=2, le=12)] = 3
    denoising: Annotated[int, Field(ge=0, le=300)] = 100


class DetectorStage(StagePart):
    """A stage; ``frozen`` counts the levels of the backbone from the bottom."""

    epochs: Positive

    @property
    def length(self) -> int:
        """Epochs."""
        return self.epochs


class DetectorRecipe(RecipePart):
    """A run that trains a detector on the boxes of a manifest.

    Attributes:
        validate_every: epochs between two validations.
        val_pictures: validation pictures that are looked at, at most; 0 for all.
    """

    kind: Literal["detector"]
    input: DetectorInput = DetectorInput()
    data: BoxesPart = BoxesPart()
    augment: DetectorAugment = DetectorAugment()
    model: Annotated[MaskRcnnModel | RtDetrModel, Field(discriminator="kind")]
    stages: Annotated[tuple[DetectorStage, ...], Field(min_length=1)]
    validate_every: Positive = 1
    val_pictures: Annotated[int, Field(ge=0)] = 0
