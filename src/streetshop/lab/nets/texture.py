"""Deep-TEN's texture encoding layer (Zhang, Xue and Dana 2017)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class TextureEncoding(nn.Module):
    """An orderless pooling: how the features at all places differ from learned codewords.

    With features ``x_i``, codewords ``c_k`` and learned smoothing ``s_k``::

        r_ik = x_i - c_k
        a_ik = softmax_k(-s_k |r_ik|^2)
        e_k  = sum_i a_ik r_ik

    Input (b, channels, h, w) of any h and w, output (b, codewords, channels).
    """

    def __init__(self, channels: int, codewords: int) -> None:
        super().__init__()
        bound = (channels * codewords) ** -0.5
        self.codewords = nn.Parameter(torch.empty(codewords, channels).uniform_(-bound, bound))
        self.smoothing = nn.Parameter(torch.empty(codewords).uniform_(0, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(2).transpose(1, 2)  # (b, n, d)
        # |x - c|^2 without the (b, n, k, d) residuals.
        squared = (
            x.pow(2).sum(-1, keepdim=True) - 2 * x @ self.codewords.t() + self.codewords.pow(2).sum(-1)
        )  # (b, n, k)
        assignment = torch.softmax(-self.smoothing * squared, dim=-1)
        weighted = assignment.transpose(1, 2) @ x  # (b, k, d)
        return weighted - assignment.sum(dim=1).unsqueeze(-1) * self.codewords
