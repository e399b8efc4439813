"""The frozen trunk: what it says about every view, computed once and kept on disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from streetshop.bundles import colour
from streetshop.bundles.encoder import fit_picture, network_input
from streetshop.bundles.folder import start_session
from streetshop.bundles.spec import BlockSpec, EncoderSpec, InputSpec
from streetshop.errors import StreetshopError
from streetshop.lab.encoder.items import Item
from streetshop.lab.encoder.views import Form, draw_view
from streetshop.lab.nets.trunks import build_trunk
from streetshop.lab.training.progress import say
from streetshop.records import GarmentPicture

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

PARTS: Final = {"global": 1280, "garment": 1280, "texture": 2 * (24 + 40 + 112)}
"""Numbers of each part of the features, in order."""
WIDTH: Final = sum(PARTS.values())
_LEVELS: Final = (1, 2, 4)
"""Trunk stages whose statistics describe texture: 24, 40 and 112 channels at a 4th, 8th and 16th of the input."""
_SHARD: Final = 256


class Taps(nn.Module):
    """EfficientNet-Lite0 on (b, 4, h, w), scaled RGB and a mask from 0 to 1, to (b, :data:`WIDTH`) features.

    ``global``: mean of the last map. ``garment``: its mean weighted by the mask. ``texture``: mean and standard
    deviation of lower maps' channels over the mask, the statistics by which textures are told apart without regard to
    place (Gatys et al. 2015, reduced to the diagonal).
    """

    def __init__(self, *, weights: str = "imagenet") -> None:
        super().__init__()
        self.network = build_trunk("efficientnet_lite0", weights=weights).network

    def forward(self, image: Tensor) -> Tensor:
        net, mask = self.network, image[:, 3:]
        x = net.bn1(net.conv_stem(image[:, :3]))
        texture = []
        for level, block in enumerate(net.blocks):
            x = block(x)
            if level in _LEVELS:
                texture += _statistics(x, mask)
        x = net.bn2(net.conv_head(x))
        return torch.cat([x.mean((2, 3)), _weighted(x, mask)[0], *texture], dim=1)


def _weighted(x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (b, c) of a map over the mask, and the weights, (b, 1, h, w) of mean 1. An empty mask counts as full."""
    small = functional.avg_pool2d(mask, INPUT.height // x.shape[2]) + 1e-4
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
        small: (views, 48, 48, 4) uint8 RGB and mask, from which colours are counted; 255 where nothing cut it out.
        masked: (views,) whether there was a mask.
    """

    items: Sequence[Item]
    forms: NDArray[np.str_]
    values: NDArray[np.float16]
    small: NDArray[np.uint8]
    masked: NDArray[np.bool_]

    def pick(self, chosen: NDArray[np.generic]) -> Features:
        """The views at an index array or a mask."""
        places = np.arange(len(self.forms))[chosen]
        return Features(
            [self.items[i] for i in places],
            self.forms[places],
            self.values[places],
            self.small[places],
            self.masked[places],
        )


Plan = Sequence[tuple[Item, Form, int]]
"""Views to draw: garment, form, and the number of the repetition, which seeds it."""


def extract(plan: Plan, folder: Path, *, threads: int = 1) -> Features:
    """Features of all views, from ``folder`` where they are there already. Unreadable pictures are left out, aloud."""
    folder.mkdir(parents=True, exist_ok=True)
    model = folder / "taps.onnx"
    if not model.is_file():
        export_onnx(Taps().eval(), model, ["features"])
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
    joined = {name: np.concatenate([part[name] for part in parts]) for name in ("values", "small", "masked")}
    return Features([i for i, _ in kept], np.asarray([f for _, f in kept]), **joined)


def small_picture(picture: GarmentPicture) -> NDArray[np.uint8]:
    """(48, 48, 4): what the colour block looks at."""
    size = (colour.SIDE, colour.SIDE)
    pixels = np.asarray(Image.fromarray(picture.pixels).resize(size, Image.Resampling.BOX))
    if picture.mask is None:
        layer = np.full(size, 255, np.uint8)
    else:
        full = Image.fromarray((picture.mask * 255).round().astype(np.uint8))
        layer = np.asarray(full.resize(size, Image.Resampling.BOX))
    return np.concatenate([pixels, layer[..., None]], axis=2)


def export_onnx(model: nn.Module, path: Path, names: list[str]) -> None:
    """Write a network that takes pictures of :data:`INPUT`."""
    torch.onnx.export(
        model,
        (torch.ones(2, 4, INPUT.height, INPUT.width),),
        str(path),
        input_names=["image"],
        output_names=names,
        dynamic_axes={axis: {0: "n"} for axis in ["image", *names]},
        opset_version=17,
        dynamo=False,  # the dynamo exporter keeps batch norms that this one folds into the convolutions
    )


def _shards(plan: Plan) -> Iterator[list[tuple[Item, Form, int]]]:
    rest = iter(plan)
    while shard := list(islice(rest, _SHARD)):
        yield shard


def _extract_shard(shard: Plan, session, path: Path, threads: int) -> None:
    def one(view: tuple[Item, Form, int]) -> tuple[NDArray[np.uint8], NDArray[np.uint8], bool] | None:
        item, form, _ = view
        try:
            picture = draw_view(item, form, CUTTING, _generator(view), jitter=item.split == "train")
        except StreetshopError as error:
            say(str(error))
            return None
        return fit_picture(picture, INPUT), small_picture(picture), picture.mask is not None

    with ThreadPoolExecutor(threads) as pool:
        drawn = list(pool.map(one, shard))
    place = np.asarray([i for i, view in enumerate(drawn) if view is not None], np.int64)
    values = [
        session.run(None, {"image": network_input([drawn[i][0] for i in place[start : start + 16]], INPUT)})[0]
        for start in range(0, len(place), 16)
    ]
    partial = path.with_suffix(".part.npz")
    np.savez(
        partial,
        place=place,
        values=np.concatenate(values).astype(np.float16) if values else np.empty((0, WIDTH), np.float16),
        small=np.stack([drawn[i][1] for i in place]) if values else np.empty((0, 48, 48, 4), np.uint8),
        masked=np.asarray([drawn[i][2] for i in place], np.bool_),
    )
    partial.replace(path)


def _key(view: tuple[Item, Form, int]) -> str:
    item, form, number = view
    return json.dumps([item.source, item.split, item.image, item.box, item.mask and item.mask[-80:], form, number])


def _generator(view: tuple[Item, Form, int]) -> np.random.Generator:
    return np.random.default_rng(np.frombuffer(hashlib.sha256(_key(view).encode()).digest(), np.uint32))


def _digest(shard: Plan) -> str:
    return hashlib.sha256("\n".join(map(_key, shard)).encode()).hexdigest()[:20]
