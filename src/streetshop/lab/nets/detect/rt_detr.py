"""RT-DETR v2 (Zhao et al. 2024, Lv et al. 2024): transformers' network, which needs no suppression of doubles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn

from streetshop.core.errors import UsageError
from streetshop.lab.nets.backbones import TF_SCALE, PixelScale
from streetshop.lab.nets.detect.detector import Detector, Target
from streetshop.lab.nets.detect.pyramid import LiteLevels
from streetshop.lab.nets.detect.weights import KEY, hub_model, take_over

_UNIT_SCALE: Final = PixelScale((0.0,) * 3, (255.0,) * 3)
_HUB: Final = {"resnet18": "PekingU/rtdetr_v2_r18vd", "resnet50": "PekingU/rtdetr_v2_r50vd"}
_RESNETS: Final[dict[str, dict[str, Any]]] = {
    "resnet18": {"layer_type": "basic", "depths": [2, 2, 2, 2], "hidden_sizes": [64, 128, 256, 512]},
    "resnet50": {"layer_type": "bottleneck", "depths": [3, 4, 6, 3], "hidden_sizes": [256, 512, 1024, 2048]},
}
_LEAST_PRIOR: Final = 0.01


class _LiteEncoder(nn.Module):
    """EfficientNet-Lite0 in the place of transformers' backbone: maps of strides 8, 16 and 32, each with no mask."""

    def __init__(self, weights: str) -> None:
        super().__init__()
        self.model = LiteLevels(weights)
        self.intermediate_channel_sizes = self.model.channels[1:]

    def forward(self, pixels: Tensor, mask: Tensor) -> list[tuple[Tensor, None]]:
        return [(level, None) for level in self.model(pixels)[1:]]


class RtDetr(Detector):
    """RT-DETR v2.

    Args:
        classes: how many.
        backbone: ``resnet18``, ``resnet50`` or ``efficientnet_lite0``.
        weights: ``coco`` (ResNets), ``imagenet`` (``efficientnet_lite0``) or ``none``.
        queries: boxes that it gives.
        width: of the transformer.
        layers: of the decoder.
        denoising: noisy true boxes among the queries while it trains.

    Raises:
        UsageError: the weights cannot be had.
    """

    def __init__(
        self,
        classes: int,
        *,
        backbone: str = "resnet18",
        weights: str = "none",
        queries: int = 300,
        width: int = 256,
        layers: int = 3,
        denoising: int = 100,
    ) -> None:
        super().__init__()
        self.queries = queries
        self.lite = backbone == "efficientnet_lite0"
        self.scale = TF_SCALE if self.lite else _UNIT_SCALE
        if weights == "imagenet" and not self.lite:
            raise UsageError(f"there are no ImageNet weights for {backbone} here", where=KEY, hint="Use coco or none")
        if weights == "coco" and self.lite:
            raise UsageError("there are no COCO weights for efficientnet_lite0", where=KEY, hint="Use imagenet or none")
        self.network = self._build(classes, backbone, weights, width, layers, denoising)

    def _build(self, classes: int, backbone: str, weights: str, width: int, layers: int, denoising: int) -> Any:
        # transformers takes seconds to load.
        from transformers import RTDetrResNetConfig, RTDetrV2Config, RTDetrV2ForObjectDetection

        resnet = _RESNETS["resnet18" if self.lite else backbone]
        config = RTDetrV2Config(
            backbone_config=RTDetrResNetConfig(**resnet, out_features=["stage2", "stage3", "stage4"]),  # type: ignore[call-arg]
            freeze_backbone_batch_norms=False,  # statistics of a network that nobody trained
            encoder_in_channels=resnet["hidden_sizes"][1:],
            decoder_in_channels=[width] * 3,
            encoder_hidden_dim=width,
            encoder_ffn_dim=4 * width,
            d_model=width,
            decoder_ffn_dim=4 * width,
            decoder_layers=layers,
            hidden_expansion=1.0 if backbone == "resnet50" else 0.5,  # as their authors have it
            initializer_bias_prior_prob=_LEAST_PRIOR,
            num_labels=classes,
            num_queries=self.queries,
            num_denoising=denoising,
        )
        network: Any = RTDetrV2ForObjectDetection(config)
        if weights == "coco":
            trained = hub_model(RTDetrV2ForObjectDetection, _HUB[backbone])
            take_over(network, trained.state_dict(), _HUB[backbone])
        if self.lite:
            encoder = _LiteEncoder("imagenet" if weights == "imagenet" else "none")
            network.model.backbone = encoder
            network.model.encoder_input_proj = nn.ModuleList(
                nn.Sequential(nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width))
                for channels in encoder.intermediate_channel_sizes
            )
        return network

    def losses(self, images: Tensor, targets: Sequence[Target]) -> tuple[Tensor, dict[str, Tensor]]:
        """Varifocal, L1 and GIoU losses of all layers and of the denoised boxes; Zhao et al. 2024, section 4."""
        high, wide = images.shape[2:]
        size = images.new_tensor([wide, high, wide, high])
        labels = []
        for target in targets:
            corners = target.boxes / size
            middle, sides = (corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]
            labels.append({"class_labels": target.labels, "boxes": torch.cat([middle, sides], dim=1)})
        found = self.network(pixel_values=images, labels=labels)
        parts = {name: found.loss_dict[name].detach() for name in ("loss_vfl", "loss_bbox", "loss_giou")}
        return found.loss, parts

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """See :meth:`Detector.forward`: the most probable pairs of query and class, as many as there are queries."""
        found = self.network(pixel_values=image)
        chances = found.logits[0].sigmoid()
        scores, places = chances.flatten().topk(self.queries)
        rows = torch.div(places, chances.shape[1], rounding_mode="floor")
        labels = places - rows * chances.shape[1]
        boxes = found.pred_boxes[0][rows]
        size = torch.tensor([image.shape[3], image.shape[2]], dtype=boxes.dtype, device=boxes.device)
        middle, half = boxes[:, :2] * size, boxes[:, 2:] * size / 2
        return torch.cat([middle - half, middle + half], dim=1), scores, labels

    def levels(self) -> list[nn.Module]:
        """Bottom first."""
        model = self.network.model.backbone.model
        if self.lite:
            return list(model.levels())
        return [model.embedder, *model.encoder.stages]
