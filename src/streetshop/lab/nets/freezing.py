"""Freezing and unfreezing a backbone's bottom layers (method 4's protocol)."""

from __future__ import annotations

from torch import nn

from streetshop.lab.nets.encoder import Encoder


def freeze_bottom(encoder: Encoder, frozen: int) -> None:
    """Let the backbone's first ``frozen`` layers neither learn nor move their batch statistics; all others learn.

    Call it again with a smaller number to unfreeze. :func:`hold_frozen` must follow every ``train()``.
    """
    for index, parameters in enumerate(encoder.backbone.layers()):
        for parameter in parameters:
            parameter.requires_grad_(index >= frozen)


def hold_frozen(encoder: Encoder) -> None:
    """Put the batch norms of frozen layers into evaluation mode, so that their running statistics stay."""
    for module in encoder.backbone.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            affine = list(module.parameters())
            if affine and not any(p.requires_grad for p in affine):
                module.eval()
