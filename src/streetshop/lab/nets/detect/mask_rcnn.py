"""Mask R-CNN (He et al. 2017) on a feature pyramid (Lin et al. 2017): torchvision's, for inputs of one size."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import torch
from torch import Tensor, nn
from torchvision.models import get_model
from torchvision.models.detection import FasterRCNN, MaskRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import FeaturePyramidNetwork
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool
from torchvision.ops.misc import FrozenBatchNorm2d

from streetshop.lab.nets.backbones import TF_SCALE, PixelScale
from streetshop.lab.nets.detect.detector import Detector, Target
from streetshop.lab.nets.detect.pyramid import LiteLevels
from streetshop.lab.nets.detect.weights import take_over, torchvision_weights

_IMAGENET_SCALE: Final = PixelScale((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
_WEIGHTS: Final = {"resnet50": "ResNet50_Weights.IMAGENET1K_V2", "resnet101": "ResNet101_Weights.IMAGENET1K_V2"}
_COCO: Final = "MaskRCNN_ResNet50_FPN_Weights.COCO_V1"
_ANCHOR: Final = 0.04
"""Side of the smallest anchor over the input's longer side: 32 pixels of 800, as in the paper's settings."""
_LEVELS: Final = 5
_KEPT: Final = 0.05
"""Least score of a box that is reported: below it lie almost only false alarms."""
_LAYERS: Final = ("conv1", "bn1", "layer1", "layer2", "layer3", "layer4")


class _LitePyramid(nn.Module):
    def __init__(self, levels: LiteLevels, channels: int) -> None:
        super().__init__()
        self.body = levels
        self.fpn = FeaturePyramidNetwork(levels.channels, channels, extra_blocks=LastLevelMaxPool())
        self.out_channels = channels

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        maps: dict[str, Tensor] = self.fpn(OrderedDict((str(i), level) for i, level in enumerate(self.body(x))))
        return maps


class MaskRcnn(Detector):
    """Mask R-CNN; without ``masks`` it is Faster R-CNN.

    Args:
        classes: how many.
        backbone: ``resnet50``, ``resnet101`` or ``efficientnet_lite0``.
        weights: ``coco``, ``imagenet`` or ``none``.
        masks: whether there is a head for masks.
        size: (height, width) of the input.
        channels: of the pyramid.
        proposals: regions that are classified when it serves; twice as many are proposed while it trains.
        samples: regions that the heads learn from, per picture.

    Raises:
        UsageError: the weights cannot be had.
    """

    def __init__(
        self,
        classes: int,
        *,
        backbone: str = "resnet50",
        weights: str = "none",
        masks: bool = True,
        size: tuple[int, int] = (800, 608),
        channels: int = 256,
        proposals: int = 1000,
        samples: int = 512,
    ) -> None:
        super().__init__()
        self.has_masks = masks
        self.lite = backbone == "efficientnet_lite0"
        self.scale = TF_SCALE if self.lite else _IMAGENET_SCALE
        body = _lite(weights, channels) if self.lite else _resnet(backbone, weights, channels)
        smallest = _ANCHOR * max(size)
        sides = tuple((smallest * 2**level,) for level in range(_LEVELS))
        options: dict[str, Any] = {
            "num_classes": classes + 1,
            "rpn_anchor_generator": AnchorGenerator(sides, ((0.5, 1.0, 2.0),) * _LEVELS),
            "rpn_pre_nms_top_n_train": 2 * proposals,
            "rpn_pre_nms_top_n_test": proposals,
            "rpn_post_nms_top_n_train": 2 * proposals,
            "rpn_post_nms_top_n_test": proposals,
            "box_batch_size_per_image": samples,
            "box_score_thresh": _KEPT,
        }
        network: Any = (MaskRCNN if masks else FasterRCNN)(body, **options)
        if weights == "coco":
            take_over(network, torchvision_weights(_COCO), _COCO)
        self.body, self.rpn, self.roi_heads = network.backbone, network.rpn, network.roi_heads

    def losses(self, images: Tensor, targets: Sequence[Target]) -> tuple[Tensor, dict[str, Tensor]]:
        """The sum of the losses of region proposals, classes, boxes and masks; He et al. 2017, section 3."""
        sizes = [(images.shape[2], images.shape[3])] * len(images)
        wanted = [self._target(target) for target in targets]
        maps = self.body(images)
        proposals, first = self.rpn(ImageList(images, sizes), maps, wanted)
        _, second = self.roi_heads(maps, proposals, sizes, wanted)
        parts: dict[str, Tensor] = {**first, **second}
        return torch.stack(list(parts.values())).sum(), parts

    def _target(self, target: Target) -> dict[str, Tensor]:
        wanted = {"boxes": target.boxes, "labels": target.labels + 1}
        return {**wanted, "masks": target.masks} if self.has_masks and target.masks is not None else wanted

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """See :meth:`Detector.forward`."""
        sizes = [(image.shape[2], image.shape[3])]
        maps = self.body(image)
        proposals, _ = self.rpn(ImageList(image, sizes), maps, None)
        (found,), _ = self.roi_heads(maps, proposals, sizes, None)
        plain = (found["boxes"], found["scores"], found["labels"] - 1)
        return (*plain, found["masks"][:, 0]) if self.has_masks else plain

    def levels(self) -> list[nn.Module]:
        """Bottom first: five of EfficientNet-Lite0, four of a ResNet, whose stem counts to the first."""
        if self.lite:
            return list(self.body.body.levels())
        layers = [getattr(self.body.body, name) for name in _LAYERS]
        return [nn.ModuleList(layers[:3]), *layers[3:]]


def _lite(weights: str, channels: int) -> nn.Module:
    return _LitePyramid(LiteLevels("imagenet" if weights == "imagenet" else "none"), channels)


def _resnet(name: str, weights: str, channels: int) -> nn.Module:
    # Frozen statistics of a network that nobody trained would be no statistics.
    norm = nn.BatchNorm2d if weights == "none" else partial(FrozenBatchNorm2d, eps=1e-5)
    network = get_model(name, weights=None, norm_layer=norm)
    if weights == "imagenet":
        state = torchvision_weights(_WEIGHTS[name])
        network.load_state_dict({k: v for k, v in state.items() if not k.endswith("num_batches_tracked")}, strict=False)
    returned = {f"layer{i + 1}": str(i) for i in range(4)}
    inputs = [network.fc.in_features // 8 * 2**i for i in range(4)]
    return BackboneWithFPN(network, returned, inputs, channels, extra_blocks=LastLevelMaxPool())
