"""The reader's network: one backbone, a small feature pyramid, and a head each for classes and for keypoints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from streetshop.core.geometry import COCO_KEYPOINTS
from streetshop.lab.data.classes import CLASSES
from streetshop.lab.nets.backbones import build_backbone
from streetshop.lab.nets.guided import BLOCK, channel_sum, snap

STRIDE = 4
"""Input pixels per pixel of the heatmaps, along each side."""
SIDE_STEP = 32
"""Heights and widths of the input must be multiples of this."""
_LEAST = 1e-6
"""Added to what the filter says, so that no class has a chance of nothing."""
_EXTREME = 40.0
"""Logits beyond are as good as this one; their powers are still numbers."""
_SHARPNESS = 2.0
"""Power of the probabilities that the filter gets: a pixel votes with what it is rather than with its doubts."""
Learns = Literal["all", "body", "detail"]
"""Parts of the network that a stage of training may teach; see :meth:`ReaderNet.learn`."""
_DETAIL = frozenset({"narrow", "lateral2", "mix2", "correct"})
_TAPS = (0, 1, 2, 4, 6)
"""Blocks of EfficientNet-Lite after which strides 2, 4, 8, 16 and 32 are read off."""


def _conv(inputs: int, outputs: int, kernel: int = 3, *, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU6(inplace=True),
    )


def _separable(channels: int) -> nn.Sequential:
    return nn.Sequential(_conv(channels, channels, 5, groups=channels), _conv(channels, channels, 1))


class ReaderNet(nn.Module):
    """EfficientNet-Lite with a feature pyramid (Lin et al. 2017): coarse levels carry what the whole picture says
    (a pooled context is added on top), fine ones where things end.

    Args:
        backbone: ``efficientnet_lite0`` or ``efficientnet_lite2``.
        width: channels of the coarse levels; that of stride 4 has half as many.
        detail: channels of a level of stride 2 that corrects the classes where things end; 0 for none, and then they
            have stride 4.
        guided: radius of the filter that lets classes end where colours change, in pixels of a quarter of the input's
            sides (see :func:`~streetshop.lab.nets.guided.snap`); 0 for none. It needs the level of stride 2, and what
            it says of classes are no logits then but probabilities.
        weights: of the backbone, ``imagenet`` or ``none``.
    """

    blocks: nn.Sequential

    def __init__(
        self,
        *,
        backbone: str = "efficientnet_lite0",
        width: int = 128,
        detail: int = 0,
        guided: int = 0,
        weights: str = "imagenet",
        classes: int = len(CLASSES),
    ) -> None:
        super().__init__()
        network: Any = build_backbone(backbone, weights=weights).network
        self.stem = nn.Sequential(network.conv_stem, network.bn1)
        self.blocks = network.blocks
        finest2 = network.blocks[0][-1].conv_pw.out_channels
        fine4, middle8, coarse16, deep32 = (network.blocks[i][-1].conv_pwl.out_channels for i in _TAPS[1:])
        fine = width // 2
        self.context = nn.Sequential(nn.Conv2d(deep32, width, 1), nn.ReLU6(inplace=True))
        self.top = _conv(deep32, width, 1)
        self.lateral16 = _conv(coarse16, width, 1)
        self.mix16 = nn.Sequential(_separable(width), _separable(width))
        self.lateral8 = _conv(middle8, width, 1)
        self.mix8 = nn.Sequential(_separable(width), _conv(width, fine))
        self.lateral4 = _conv(fine4, fine, 1)
        self.mix4 = _conv(fine, fine)
        self.classes = nn.Conv2d(fine, classes, 1)
        if detail:
            self.narrow = nn.Conv2d(fine, detail, 1)
            self.lateral2 = nn.Conv2d(finest2, detail, 1)
            self.mix2 = nn.Sequential(nn.ReLU6(), _separable(detail))
            self.correct = nn.Conv2d(detail, classes, 1)
            # The correction starts from nothing, so that a trained network can be given one.
            nn.init.zeros_(self.correct.weight)
            nn.init.zeros_(cast(Tensor, self.correct.bias))
        self.detail = detail
        self.guided = guided
        self.frozen_blocks: int | None = None
        self.resting: frozenset[str] = frozenset()
        self.joints = nn.Sequential(_separable(fine), nn.Conv2d(fine, len(COCO_KEYPOINTS), 1))
        # Heatmaps are almost empty: start from a low prior, as focal losses want it.
        nn.init.constant_(cast(Tensor, self.joints[-1].bias), -4.0)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(b, 3, h, w) scaled pixels to class logits (b, classes, h/2, w/2), or of a quarter of the sides without the
        level of stride 2, and heatmap logits (b, 17, h/4, w/4).
        """
        taps, pixels = [], x
        x = self.stem(x)
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i in _TAPS:
                taps.append(x)
        finest, fine, middle, coarse, deep = taps
        p = self.top(deep) + self.context(deep.mean((2, 3), keepdim=True))
        p = self.mix16(self.lateral16(coarse) + _twice(p))
        p = self.mix8(self.lateral8(middle) + _twice(p))
        p = self.mix4(self.lateral4(fine) + _twice(p))
        if self.detail:
            context, logits, _ = _twice(self._narrow_and_classes(p)).split(self._parts(), 1)
            logits = logits + self.correct(self.mix2(self.lateral2(finest) + context))
        else:
            logits = self.classes(p)
        if self.guided:
            colours = functional.avg_pool2d(pixels, 2)
            # Written out: onnxruntime's own softmax over channels took some 3 ms longer, the largest logit some 1 ms.
            powers = (_SHARPNESS * logits.clamp(-_EXTREME, _EXTREME)).exp()
            logits = snap(powers / channel_sum(powers), colours, self.guided) + _LEAST
            logits = logits / channel_sum(logits)
        return logits, self.joints(p)

    def _parts(self) -> list[int]:
        """Channels of the level of stride 2, of the classes, and of nothing: a multiple of :data:`BLOCK` in all."""
        said = self.classes.out_channels
        return [self.detail, said, -(self.detail + said) % BLOCK]

    def _narrow_and_classes(self, x: Tensor) -> Tensor:
        """What ``narrow`` and ``classes`` say, by one convolution of :meth:`_parts` channels."""
        nothing = self.narrow.weight.new_zeros(self._parts()[2], self.narrow.in_channels, 1, 1)
        weight = torch.cat([self.narrow.weight, self.classes.weight, nothing])
        biases = (cast(Tensor, self.narrow.bias), cast(Tensor, self.classes.bias), nothing[:, 0, 0, 0])
        return functional.conv2d(x, weight, torch.cat(biases))

    def freeze(self, blocks: int) -> None:
        """Freeze the stem and the first ``blocks`` blocks, and the running statistics of the whole backbone: with few
        photos and small batches ImageNet's are the better ones, and it halves the time of a step.
        """
        for module in (self.stem, *self.blocks[:blocks]):
            for parameter in module.parameters():
                parameter.requires_grad_(False)
        self.frozen_blocks = blocks

    def train(self, mode: bool = True) -> ReaderNet:
        """Batch norms of the backbone, and of whatever rests, keep their statistics."""
        super().train(mode)
        self.stem.eval()
        self.blocks.eval()
        for name, module in self.named_children():
            if name in self.resting:
                module.eval()
        return self

    def learn(self, what: Learns) -> None:
        """What learns from now on: ``all``; ``detail``, the level of stride 2 alone; ``body``, all but that. The
        frozen part of the backbone stays frozen.
        """
        names = frozenset(name for name, _ in self.named_children())
        self.resting = {"all": frozenset(), "body": names & _DETAIL, "detail": names - _DETAIL}[what]
        for name, module in self.named_children():
            module.requires_grad_(name not in self.resting)
        if self.frozen_blocks is not None:
            self.freeze(self.frozen_blocks)

    def backbone_parameters(self) -> list[nn.Parameter]:
        return [p for p in (*self.stem.parameters(), *self.blocks.parameters()) if p.requires_grad]

    def head_parameters(self) -> list[nn.Parameter]:
        backbone = {id(p) for p in (*self.stem.parameters(), *self.blocks.parameters())}
        return [p for p in self.parameters() if id(p) not in backbone]


def _twice(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


def enlarge(logits: Tensor, size: Sequence[int]) -> Tensor:
    """Logits resampled to (height, width), as the serving side does it."""
    if logits.shape[2:] == tuple(size):
        return logits
    return functional.interpolate(logits, size=size, mode="bilinear", align_corners=False)
