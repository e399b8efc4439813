"""Method 5's attention branch: an LSTM steps a spatial transformer over the map, a texture layer encodes each region.

After Wang et al. 2017 (recurrent attentional regions) and Deep-TEN. What the text leaves open is decided so:

- A region's 2x3 matrix is ``[[sx, 0, tx], [0, sy, ty]]``: the losses constrain just these four numbers.
- Step 0 looks at the whole map and only feeds the LSTM; the K regions are those of steps 1 to K.
- The *attention map* that the diversity loss needs is the region drawn as a Gaussian window on the map's grid (centre
  ``t``, width ``s``), softmaxed over all places; so the loss reaches the localisation network.
- Scores are the largest over the regions, class by class.
- The embedding is the global feature followed by the K region features (each region has its own anchor, so their order
  means something).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from streetshop.lab.nets.texture import TextureEncoding


@dataclass(frozen=True)
class AttendedRegions:
    """What the attention branch found in a batch.

    Attributes:
        features: (b, k, size).
        scores: (b, classes), the largest over the regions.
        places: (b, k, 4) as sx, sy, tx, ty; the map spans -1 to 1 in both directions.
        maps: (b, k, h * w) attention maps, each summing to 1.
    """

    features: Tensor
    scores: Tensor
    places: Tensor
    maps: Tensor


def anchor_points(steps: int, radius: float = 0.5) -> Tensor:
    """(steps, 2) x and y, evenly on a circle round the centre: where the anchor loss wants the regions."""
    angles = torch.arange(steps) * (2 * math.pi / steps)
    return radius * torch.stack([angles.cos(), angles.sin()], dim=1)


def sample_region(feature_map: Tensor, places: Tensor, size: int) -> Tensor:
    """The spatial transformer: (b, c, h, w) and (b, 4) sx, sy, tx, ty to (b, c, size, size), bilinear.

    Computed as two small matrix products (rows, then columns), which is what bilinear sampling comes to when the
    matrix has no shear; places outside the map read as zero, as in ``grid_sample(align_corners=False)``.
    """
    h, w = feature_map.shape[2:]
    steps = (torch.arange(size, device=places.device, dtype=places.dtype) * 2 + 1) / size - 1
    columns = _hat_weights(places[:, 0:1] * steps + places[:, 2:3], w)
    rows = _hat_weights(places[:, 1:2] * steps + places[:, 3:4], h)
    return rows.unsqueeze(1) @ feature_map @ columns.unsqueeze(1).transpose(2, 3)


def _hat_weights(positions: Tensor, cells: int) -> Tensor:
    """(b, n) positions in -1..1 to (b, n, cells) linear interpolation weights."""
    pixels = ((positions + 1) * cells - 1) / 2
    grid = torch.arange(cells, device=positions.device, dtype=positions.dtype)
    return (1 - (pixels.unsqueeze(-1) - grid).abs()).clamp(min=0)


def window_map(places: Tensor, h: int, w: int) -> Tensor:
    """(b, 4) places to (b, h * w): a Gaussian window round each place, softmaxed over the grid."""
    ys = (torch.arange(h, device=places.device, dtype=places.dtype) * 2 + 1) / h - 1
    xs = (torch.arange(w, device=places.device, dtype=places.dtype) * 2 + 1) / w - 1
    # A region whose side shrinks to nothing must not make the window's width zero.
    sx, sy = (places[:, i : i + 1].pow(2) + 0.01 for i in (0, 1))
    across = -0.5 * (xs - places[:, 2:3]).pow(2) / sx
    down = -0.5 * (ys - places[:, 3:4]).pow(2) / sy
    return torch.softmax((down.unsqueeze(2) + across.unsqueeze(1)).flatten(1), dim=1)


class AttentionBranch(nn.Module):
    """(b, channels, h, w) feature map to :class:`AttendedRegions`."""

    def __init__(
        self,
        channels: int,
        classes: int,
        *,
        steps: int = 5,
        size: int = 64,
        hidden: int = 256,
        region: int = 7,
        codewords: int = 16,
    ) -> None:
        super().__init__()
        self.steps, self.region, self.hidden = steps, region, hidden
        self.texture = TextureEncoding(channels, codewords)
        self.describe = nn.Linear(codewords * channels, size)
        self.lstm = nn.LSTMCell(size, hidden)
        self.score = nn.Linear(hidden, classes)
        self.locate = nn.Linear(hidden, 4)
        nn.init.normal_(self.locate.weight, std=0.01)
        with torch.no_grad():
            self.locate.bias.copy_(torch.tensor([0.5, 0.5, 0.0, 0.0]))

    def encode(self, feature_map: Tensor, places: Tensor) -> Tensor:
        """(b, size): one region's texture, described."""
        texture = self.texture(sample_region(feature_map, places, self.region)).flatten(1)
        return self.describe(functional.normalize(texture, dim=1))

    def forward(self, feature_map: Tensor) -> AttendedRegions:
        b, _, h, w = feature_map.shape
        places = feature_map.new_tensor([1.0, 1.0, 0.0, 0.0]).expand(b, 4)
        state = (feature_map.new_zeros(b, self.hidden), feature_map.new_zeros(b, self.hidden))
        state = self.lstm(self.encode(feature_map, places), state)
        features, scores, all_places, maps = [], [], [], []
        for _ in range(self.steps):
            places = self.locate(torch.relu(state[0]))
            described = self.encode(feature_map, places)
            state = self.lstm(described, state)
            features.append(described)
            scores.append(self.score(torch.relu(state[0])))
            all_places.append(places)
            maps.append(window_map(places, h, w))
        return AttendedRegions(
            torch.stack(features, 1),
            torch.stack(scores, 1).amax(dim=1),
            torch.stack(all_places, 1),
            torch.stack(maps, 1),
        )
