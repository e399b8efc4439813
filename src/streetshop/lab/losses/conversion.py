"""The converter's game (method 1, equations 1 to 3; PixelDTGAN)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

Form = Literal["flipped", "printed"]

ASSOCIATED, GENERATED, IRRELEVANT = 0, 1, 2
"""The three targets a discriminator may be shown."""


def judge_apart(discriminator: Callable[..., Tensor], *given: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """A discriminator's logits of the three kinds of target, each kind in a batch of its own.

    The text draws one of the three with equal probability; all three in equal parts is that drawing's mean. They must
    not share a batch: batch norm would judge a picture by what else is in it, and the converter, whose turn shows
    generated pictures alone, would play against another discriminator than the one that was trained.

    Args:
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

    ``printed`` is ``-1/2 L_R - 1/2 L_A`` with the discriminators' own labels (0): where they win, its gradient
    vanishes. ``flipped`` trains the same game with the labels turned to 1, whose gradient is largest there. The two
    other targets do not depend on the converter and are left out.
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
