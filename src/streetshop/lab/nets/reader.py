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
    """EfficientNet-Lite with a feature pyramid (Lin et al. 2017).

    Coarse levels carry the content of the whole picture (a pooled context is added on top), fine ones the borders.

    Args:
        backbone: ``efficientnet_lite0`` or ``efficientnet_lite2``.
        channels: of the coarse levels; that of stride 4 has half as many.
        detail: channels of a level of stride 2 that corrects the classes where things end; 0 for none, and then they
            have stride 4.
        guided: radius of the filter that lets classes end where colours change, in pixels of a quarter of the input's
            sides (see :func:`~streetshop.lab.nets.guided.snap`); 0 for none. It needs the level of stride 2, and what
            it says of classes are no logits then but probabilities.
        articles: names of articles that nobody wears, as logits at every pixel of the backbone's last map; 0 for none.
            Their mean over an article is the logits of its name: a linear layer and a mean commute.
        weights: of the backbone, ``imagenet`` or ``none``.
    """

    blocks: nn.Sequential

    def __init__(
        self,
        *,
        backbone: str = "efficientnet_lite0",
        channels: int = 128,
        detail: int = 0,
        guided: int = 0,
        articles: int = 0,
        weights: str = "imagenet",
        classes: int = len(CLASSES),
    ) -> None:
        super().__init__()
        network: Any = build_backbone(backbone, weights=weights).network
        self.stem = nn.Sequential(network.conv_stem, network.bn1)
        self.blocks = network.blocks
        finest2 = network.blocks[0][-1].conv_pw.out_channels
        fine4, middle8, coarse16, deep32 = (network.blocks[i][-1].conv_pwl.out_channels for i in _TAPS[1:])
        fine = channels // 2
        self.context = nn.Sequential(nn.Conv2d(deep32, channels, 1), nn.ReLU6(inplace=True))
        self.top = _conv(deep32, channels, 1)
        self.lateral16 = _conv(coarse16, channels, 1)
        self.mix16 = nn.Sequential(_separable(channels), _separable(channels))
        self.lateral8 = _conv(middle8, channels, 1)
        self.mix8 = nn.Sequential(_separable(channels), _conv(channels, fine))
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
        self.feature_channels = coarse16
        self.detail = detail
        self.guided = guided
        self.frozen = 0
        self.resting: frozenset[str] = frozenset()
        self.joints = nn.Sequential(_separable(fine), nn.Conv2d(fine, len(COCO_KEYPOINTS), 1))
        # Heatmaps are almost empty: start from a low prior, as focal losses want it.
        nn.init.constant_(cast(Tensor, self.joints[-1].bias), -4.0)
        self.articles = nn.Conv2d(deep32, articles, 1) if articles else None

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """(b, 3, h, w) scaled pixels to what :meth:`heads` returns."""
        return self.heads(self.features(x), x)

    def features(self, x: Tensor) -> list[Tensor]:
        """The backbone's maps of strides 2, 4, 8, 16 and 32."""
        taps = []
        x = self.stem(x)
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i in _TAPS:
                taps.append(x)
        return taps

    def heads(self, taps: Sequence[Tensor], pixels: Tensor) -> tuple[Tensor, ...]:
        """The answers of all heads.

        Returns:
            Class logits (b, classes, h/2, w/2), or of a quarter of the sides without the level of stride 2;
            heatmap logits (b, 17, h/4, w/4); from a network with ``articles``, their logits (b, articles, h/32, w/32);
            and the backbone's map of stride 16 (b, channels, h/16, w/16), which framing heads read.
        """
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
            logits = self.snapped(logits, pixels, self.guided)
        if self.articles is None:
            return logits, self.joints(p), coarse
        return logits, self.joints(p), self.articles(deep), coarse

    @staticmethod
    def snapped(logits: Tensor, pixels: Tensor, radius: int) -> Tensor:
        """Class logits of stride 2 to probabilities that end where colours change."""
        colours = functional.avg_pool2d(pixels, 2)
        # Written out: onnxruntime's own softmax over channels takes some 3 ms longer, the largest logit some 1 ms.
        powers = (_SHARPNESS * logits.clamp(-_EXTREME, _EXTREME)).exp()
        found = snap(powers / channel_sum(powers), colours, radius) + _LEAST
        return found / channel_sum(found)

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

    def freeze(self, layers: int) -> None:
        """Freeze the backbone's first ``layers``: the stem, then its blocks.

        The running statistics of the whole backbone are always frozen: with few photos and small batches ImageNet's
        are the better ones.
        """
        self.frozen = layers
        for module in [self.stem, *self.blocks][:layers]:
            module.requires_grad_(False)

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
        """Choose what is trained; the frozen layers of the backbone stay frozen.

        Args:
            what: ``all``; ``detail``, the level of stride 2 alone; ``body``, all but that.
        """
        names = frozenset(name for name, _ in self.named_children())
        self.resting = {"all": frozenset(), "body": names & _DETAIL, "detail": names - _DETAIL}[what]
        for name, module in self.named_children():
            module.requires_grad_(name not in self.resting)
        self.freeze(self.frozen)

    def backbone_parameters(self) -> list[nn.Parameter]:
        """Of the stem and the blocks."""
        return [*self.stem.parameters(), *self.blocks.parameters()]

    def head_parameters(self) -> list[nn.Parameter]:
        """All others."""
        backbone = {id(p) for p in self.backbone_parameters()}
        return [p for p in self.parameters() if id(p) not in backbone]


def _twice(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


def enlarge(logits: Tensor, size: Sequence[int]) -> Tensor:
    """Logits resampled to (height, width), as the serving side does it."""
    if logits.shape[2:] == tuple(size):
        return logits
    return functional.interpolate(logits, size=size, mode="bilinear", align_corners=False)
