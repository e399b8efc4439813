"""The frozen backbone: what it says about every view, computed once and kept on disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from streetshop.core.errors import StreetshopError
from streetshop.lab.export.onnx_files import fold_pads
from streetshop.lab.nets.backbones import build_backbone, pad_by_number
from streetshop.lab.train.progress import say
from streetshop.lab.train.tasks.encoder.colours import COLOURS, SIDE, Colours
from streetshop.lab.train.tasks.encoder.items import Item
from streetshop.lab.train.tasks.encoder.views import Form, draw_view
from streetshop.models.encoder import fit_picture, network_input
from streetshop.models.folder import start_session
from streetshop.models.spec import BlockSpec, EncoderSpec, InputSpec

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

INPUT: Final = InputSpec(width=224, height=224, fit="letterbox", mask_channel=True)
CUTTING: Final = EncoderSpec(
    name="lab",
    version="0",
    input=INPUT,
    blocks=(BlockSpec(name="style", dim=2),),
    cut="box",
    margin=0.05,
    files={"model.onnx": ""},
)
"""How garments are cut for this encoder: their box, nothing painted over; the mask goes beside the pixels."""

PARTS: Final = {"global": 1280, "garment": 1280, "texture": 2 * (24 + 40 + 112), "colours": COLOURS}
"""Numbers of each part of the features, in order."""
WIDTH: Final = sum(PARTS.values())
_LEVELS: Final = (1, 2, 4)
"""Backbone stages whose statistics describe texture: 24, 40 and 112 channels at a 4th, 8th and 16th of the input."""
_MIDDLE: Final = 4
"""The stage after which the lower part of the backbone, which is never taught, ends: 112 channels of 14 x 14."""
_SHARD: Final = 256


class Taps(nn.Module):
    """EfficientNet-Lite0 on (b, 4, h, w), scaled RGB and a mask from 0 to 1, to (b, :data:`WIDTH`) features.

    ``global``: mean of the last map. ``garment``: its mean weighted by the mask. ``texture``: mean and standard
    deviation of lower maps' channels over the mask, the statistics by which textures are told apart without regard to
    place (Gatys et al. 2015, reduced to the diagonal). ``colours``: see :class:`Colours`.
    """

    def __init__(self, *, weights: str = "imagenet") -> None:
        super().__init__()
        self.lower = Lower(weights=weights)
        self.upper = Upper(weights=weights)

    def forward(self, image: Tensor) -> Tensor:
        middle, fixed = self.lower(image)
        return torch.cat([self.upper(middle, image[:, 3:]), fixed], dim=1)


class Lower(nn.Module):
    """(b, 4, h, w) to the backbone's middle map, (b, 112, h/16, w/16), and the parts ``texture`` and ``colours``."""

    stem: nn.Module
    norm: nn.Module
    mean: Tensor
    std: Tensor

    def __init__(self, *, weights: str = "imagenet") -> None:
        super().__init__()
        net: Any = build_backbone("efficientnet_lite0", weights=weights).network
        self.stem, self.norm = net.conv_stem, net.bn1
        self.blocks = nn.ModuleList(list(net.blocks)[: _MIDDLE + 1])
        self.colours = Colours()
        self.register_buffer("mean", torch.tensor(INPUT.mean)[:, None, None] / 255)
        self.register_buffer("std", torch.tensor(INPUT.std)[:, None, None] / 255)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        picture, mask = image[:, :3], image[:, 3:]
        x = self.norm(self.stem(picture))
        parts = []
        for level, block in enumerate(self.blocks):
            x = block(x)
            if level in _LEVELS:
                parts += _statistics(x, mask)
        small = torch.cat([picture * self.std + self.mean, mask], dim=1)
        parts.append(self.colours(functional.avg_pool2d(small, INPUT.height // SIDE)))
        return x, torch.cat(parts, dim=1)


class Upper(nn.Module):
    """The backbone above its middle: the parts ``global`` and ``garment`` of a middle map and the mask it came with."""

    head: nn.Module
    norm: nn.Module

    def __init__(self, *, weights: str = "imagenet") -> None:
        super().__init__()
        net: Any = build_backbone("efficientnet_lite0", weights=weights).network
        self.blocks = nn.ModuleList(list(net.blocks)[_MIDDLE + 1 :])
        self.head, self.norm = net.conv_head, net.bn2

    def forward(self, middle: Tensor, mask: Tensor) -> Tensor:
        x = middle
        for block in self.blocks:
            x = block(x)
        x = self.norm(self.head(x))
        return torch.cat([x.mean((2, 3)), _weighted(x, mask)[0]], dim=1)


class _Extractor(nn.Module):
    """Everything that is kept of a picture."""

    def __init__(self) -> None:
        super().__init__()
        self.lower, self.upper = Lower(), Upper()

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        middle, fixed = self.lower(image)
        cover = functional.avg_pool2d(image[:, 3:], INPUT.height // 14)
        return torch.cat([self.upper(middle, image[:, 3:]), fixed], dim=1), middle, cover


def _weighted(x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (b, c) of a map over the mask, and the weights, (b, 1, h, w) of mean 1. An empty mask counts as full."""
    small = functional.avg_pool2d(mask, mask.shape[2] // x.shape[2]) + 1e-4
    # Pooled, not summed: a sum over a single channel is added up in another order when the batch is a single picture.
    weight = small / functional.adaptive_avg_pool2d(small, 1)
    return (x * weight).mean((2, 3)), weight


def _statistics(x: Tensor, mask: Tensor) -> list[Tensor]:
    mean, weight = _weighted(x, mask)
    spread = ((x - mean[:, :, None, None]) ** 2 * weight).mean((2, 3))
    return [mean, (spread + 1e-6).sqrt()]


@dataclass(frozen=True, eq=False)
class Features:
    """What is kept of every view.

    Attributes:
        items: the garment of each view.
        forms: how it was cut.
        values: (views, WIDTH) float16.
        middle: (views, 112, 14, 14) float16, the map in the backbone's middle.
        cover: (views, 14, 14) uint8, the mask there; 255 where nothing cut the garment out.
    """

    items: Sequence[Item]
    forms: NDArray[np.str_]
    values: NDArray[np.float16]
    middle: NDArray[np.float16]
    cover: NDArray[np.uint8]

    def pick(self, chosen: NDArray[np.generic]) -> Features:
        """The views at an index array or a mask."""
        places = np.arange(len(self.forms))[chosen]
        return Features(
            [self.items[i] for i in places],
            self.forms[places],
            self.values[places],
            self.middle[places],
            self.cover[places],
        )


def join(parts: Sequence[Features]) -> Features:
    """All views of several."""
    return Features(
        [item for part in parts for item in part.items],
        np.concatenate([part.forms for part in parts]),
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.middle for part in parts]),
        np.concatenate([part.cover for part in parts]),
    )


Plan = Sequence[tuple[Item, Form, int]]
"""Views to draw: garment, form, and the number of the repetition, which seeds it."""


def extract(plan: Plan, folder: Path, *, threads: int = 1) -> Features:
    """Features of all views, from ``folder`` where they are there already. Unreadable pictures are left out, aloud."""
    folder.mkdir(parents=True, exist_ok=True)
    model = folder / "taps.onnx"
    if not model.is_file():
        export_onnx(_Extractor().eval(), model, ["features", "middle", "cover"])
    session = start_session(model, threads)
    kept: list[tuple[Item, Form]] = []
    parts: list[dict[str, NDArray[np.generic]]] = []
    for number, shard in enumerate(_shards(plan)):
        path = folder / f"{_digest(shard)}.npz"
        if not path.is_file():
            _extract_shard(shard, session, path, threads)
            if number % 8 == 0:
                say(f"features of {min((number + 1) * _SHARD, len(plan))} of {len(plan)} views")
        with np.load(path) as stored:
            parts.append({name: stored[name] for name in stored.files})
        kept += [(shard[i][0], shard[i][1]) for i in parts[-1]["place"]]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in ("values", "middle", "cover")}
    return Features([i for i, _ in kept], np.asarray([f for _, f in kept]), **joined)


def export_onnx(model: nn.Module, path: Path, names: Sequence[str]) -> None:
    """Write a network that takes pictures of :data:`INPUT`."""
    torch.onnx.export(
        pad_by_number(model),
        (torch.ones(2, 4, INPUT.height, INPUT.width),),
        str(path),
        input_names=["image"],
        output_names=list(names),
        dynamic_axes={axis: {0: "n"} for axis in ["image", *names]},
        opset_version=17,
        dynamo=False,  # the dynamo exporter keeps batch norms that this one folds into the convolutions
    )
    fold_pads(path)


def _shards(plan: Plan) -> Iterator[list[tuple[Item, Form, int]]]:
    rest = iter(plan)
    while shard := list(islice(rest, _SHARD)):
        yield shard


def _extract_shard(shard: Plan, session: InferenceSession, path: Path, threads: int) -> None:
    def one(view: tuple[Item, Form, int]) -> NDArray[np.uint8] | None:
        item, form, _ = view
        try:
            picture = draw_view(item, form, CUTTING, _generator(view), jitter=item.split == "train")
        except StreetshopError as error:
            say(str(error))
            return None
        return fit_picture(picture, INPUT)

    with ThreadPoolExecutor(threads) as pool:
        drawn = list(pool.map(one, shard))
    place = [i for i, view in enumerate(drawn) if view is not None]
    kept = [pixels for pixels in drawn if pixels is not None]
    found = [session.run(None, {"image": network_input(kept[i : i + 4], INPUT)}) for i in range(0, len(kept), 4)]
    empty = (np.empty((0, WIDTH)), np.empty((0, 112, 14, 14)), np.empty((0, 1, 14, 14)))
    values, middle, cover = (
        np.concatenate(part) for part in (zip(*found, strict=True) if found else ([e] for e in empty))
    )
    partial = path.with_suffix(".part.npz")
    np.savez(
        partial,
        place=np.asarray(place, np.int64),
        values=values.astype(np.float16),
        middle=middle.astype(np.float16),
        cover=(cover[:, 0] * 255).round().astype(np.uint8),
    )
    partial.replace(path)


def _key(view: tuple[Item, Form, int]) -> str:
    item, form, number = view
    return json.dumps([item.source, item.split, item.image, item.box, item.mask and item.mask[-80:], form, number])


def _generator(view: tuple[Item, Form, int]) -> np.random.Generator:
    return np.random.default_rng(np.frombuffer(hashlib.sha256(_key(view).encode()).digest(), np.uint32))


def _digest(shard: Plan) -> str:
    return hashlib.sha256("\n".join(map(_key, shard)).encode()).hexdigest()[:20]
