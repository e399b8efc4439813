"""Class probabilities snapped to the picture's own edges: a fast guided filter inside the network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

BLOCK: Final = 16
"""Channels that processors of today compute side by side at the most."""
_COARSE: Final = 2
"""The filter's coefficients are computed on maps of this fraction of the probabilities' size, along each side."""
SMOOTHNESS: Final = 4e-4
"""Added to the variance of each colour channel; pixels lie between -1 and 1."""


def snap(probabilities: Tensor, colours: Tensor, radius: int) -> Tensor:
    """Within each window probabilities become a linear function of the colour, and so end where colours change.

    The guided filter with a picture in colour as guide (He, Sun and Tang 2013, equations 14 to 16), its coefficients
    computed at half size and enlarged (He and Sun 2015). Windows that reach over the border end there.

    Args:
        probabilities: (b, n, h, w), of classes; ``h`` and ``w`` are even.
        colours: (b, 3, h, w) pixels from -1 to 1.
        radius: of the windows, in pixels of the maps at half size.

    Returns:
        (b, n, h, w), none negative, not scaled to sum up to one.
    """
    half = functional.avg_pool2d(probabilities, _COARSE)
    small = coefficients(half, functional.avg_pool2d(colours, _COARSE), radius)
    large = functional.interpolate(small, scale_factor=float(_COARSE), mode="bilinear", align_corners=False)
    n = int(probabilities.shape[1])
    *slopes, rest, _ = large.split([n, n, n, n, int(large.shape[1]) - 4 * n], 1)
    return (_dot(slopes, colours.split(1, 1)) + rest).clamp(min=0)


def coefficients(p: Tensor, colours: Tensor, radius: int) -> Tensor:
    """Coefficients of the linear functions, as means over windows.

    Returns:
        (b, 4n, h, w) and more channels that are zero: for each colour channel the slopes of every class, then the
        offsets.
    """
    mean, mean_p = _mean(colours, radius), _mean(p, radius)
    covariances = [_mean(colours[:, i : i + 1] * p, radius) - mean[:, i : i + 1] * mean_p for i in range(3)]
    rows, columns = [0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]
    products = _mean(colours[:, rows] * colours[:, columns], radius) - mean[:, rows] * mean[:, columns]
    rr, rg, rb, gg, gb, bb = products.split(1, 1)
    rr, gg, bb = rr + SMOOTHNESS, gg + SMOOTHNESS, bb + SMOOTHNESS
    # The symmetric 3 x 3 matrix is inverted by its cofactors: ONNX has no solver.
    cofactors = (
        (gg * bb - gb * gb, rb * gb - rg * bb, rg * gb - rb * gg),
        (rb * gb - rg * bb, rr * bb - rb * rb, rg * rb - rr * gb),
        (rg * gb - rb * gg, rg * rb - rr * gb, rr * gg - rg * rg),
    )
    determinant = _dot((rr, rg, rb), cofactors[0])
    slopes = [_dot(row, covariances) / determinant for row in cofactors]
    rest = mean_p - _dot(slopes, mean.split(1, 1))
    return _mean(_in_blocks(torch.cat([*slopes, rest], 1)), radius)


def _in_blocks(x: Tensor) -> Tensor:
    """``x`` and zeros up to a multiple of :data:`BLOCK` channels, through a convolution that changes nothing.

    onnxruntime keeps what comes out of a convolution in blocks of channels, and pools and enlarges maps in that order
    several times faster than in the plain one.
    """
    channels = -(-int(x.shape[1]) // BLOCK) * BLOCK
    filled = functional.pad(x, (0, 0, 0, 0, 0, channels - int(x.shape[1])))
    return functional.conv2d(filled, x.new_ones(channels, 1, 1, 1), groups=channels)


def channel_sum(x: Tensor) -> Tensor:
    """Sum over channels, (b, n, h, w) to (b, 1, h, w).

    A convolution with ones: onnxruntime's own sum over 15 channels of 192 x 128 takes .6 ms on one thread.
    """
    return functional.conv2d(x, x.new_ones(1, int(x.shape[1]), 1, 1))


def _dot(a: Sequence[Tensor], b: Sequence[Tensor]) -> Tensor:
    first, second, third = (x * y for x, y in zip(a, b, strict=True))
    return first + second + third


def _mean(x: Tensor, radius: int) -> Tensor:
    """Over windows of 2 radius + 1 pixels along each side, or what of them lies in the picture."""
    for kernel, padding in (((1, 2 * radius + 1), (0, radius)), ((2 * radius + 1, 1), (radius, 0))):
        x = functional.avg_pool2d(x, kernel, 1, padding, count_include_pad=False)
    return x
