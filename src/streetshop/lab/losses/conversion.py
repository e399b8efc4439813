"""Adversarial losses of the converter (method 1, equations 1 to 3; PixelDTGAN)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

Form = Literal["flipped", "printed"]

ASSOCIATED, GENERATED, IRRELEVANT = 0, 1, 2
"""The three kinds of targets of a discriminator."""


def judge_apart(discriminator: Callable[..., Tensor], *given: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """The logits of a discriminator for the three kinds of targets, each kind in a batch of its own.

    The paper draws one of the three with equal probability; equal parts of all three have the same mean. They do not
    share a batch, since batch norm would then depend on the mixture, and the step of the converter has generated
    pictures only.

    Args:
        discriminator: maps its inputs to (b,) logits.
        given: for each input of the discriminator its three batches (associated, generated, irrelevant).

    Returns:
        (3 b,) logits and (3 b,) kinds.
    """
    logits = [discriminator(*inputs) for inputs in zip(*given, strict=True)]
    kinds = [torch.full_like(value, kind, dtype=torch.int64) for kind, value in enumerate(logits)]
    return torch.cat(logits), torch.cat(kinds)


def real_loss(logits: Tensor, which: Tensor) -> Tensor:
    """Equation 1, ordinary BCE: associated and irrelevant products are real (1), generated ones fake (0)."""
    return functional.binary_cross_entropy_with_logits(logits, (which != GENERATED).to(logits.dtype))


def domain_loss(logits: Tensor, which: Tensor) -> Tensor:
    """Equation 2, ordinary BCE: (source, associated) is 1; (source, generated) and (source, irrelevant) are 0."""
    return functional.binary_cross_entropy_with_logits(logits, (which == ASSOCIATED).to(logits.dtype))


def converter_loss(real_logits: Tensor, domain_logits: Tensor, *, form: Form = "flipped") -> Tensor:
    """Equation 3 for generated pictures, whose logits these are.

    ``printed`` is ``-1/2 L_R - 1/2 L_A`` with the labels of the discriminators (0); its gradient vanishes where they
    are right. ``flipped`` uses the label 1, whose gradient is largest there. The other two kinds of targets do not
    depend on the converter and are left out.
    """
    if form == "printed":
        zeros = torch.zeros_like(real_logits)
        return -0.5 * functional.binary_cross_entropy_with_logits(
            real_logits, zeros
        ) - 0.5 * functional.binary_cross_entropy_with_logits(domain_logits, zeros)
    ones = torch.ones_like(real_logits)
    return 0.5 * functional.binary_cross_entropy_with_logits(
        real_logits, ones
    ) + 0.5 * functional.binary_cross_entropy_with_logits(domain_logits, ones)
