"""Features of views by the frozen backbone, computed once and kept on disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from numpy.typing import NDArray

from streetshop.core.errors import StreetshopError
from streetshop.lab.core.files import made
from streetshop.lab.core.progress import Progress, say
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.views import Form, draw_view
from streetshop.lab.nets.onnx_files import write_onnx
from streetshop.lab.nets.taps import INPUT, WIDTH, Taps
from streetshop.models.preprocessing import fit_picture, network_input
from streetshop.models.session import start_session
from streetshop.models.spec import BlockSpec, EncoderSpec

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

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

_SHARD: Final = 256


@dataclass(frozen=True, eq=False)
class Features:
    """Features of views.

    Attributes:
        items: the garment of each view.
        forms: how it was cut.
        values: (views, WIDTH) float16.
    """

    items: Sequence[Sample]
    forms: NDArray[np.str_]
    values: NDArray[np.float16]

    def pick(self, chosen: NDArray[np.generic]) -> Features:
        """The views at an index array or a mask."""
        places = np.arange(len(self.forms))[chosen]
        return Features([self.items[i] for i in places], self.forms[places], self.values[places])


def join(parts: Sequence[Features]) -> Features:
    """All views of several."""
    return Features(
        [item for part in parts for item in part.items],
        np.concatenate([part.forms for part in parts]),
        np.concatenate([part.values for part in parts]),
    )


Plan = Sequence[tuple[Sample, Form, int]]
"""Views to draw: garment, form, and the number of the repetition, which seeds it."""


def extract(plan: Plan, folder: Path, *, threads: int = 1) -> Features:
    """Features of all views, from ``folder`` where they are there; unreadable pictures are reported and left out."""
    folder.mkdir(parents=True, exist_ok=True)
    model = folder / "taps.onnx"
    example = torch.ones(2, 4, INPUT.height, INPUT.width)
    made(model, lambda out: write_onnx(Taps().eval(), out, example, ["features"]))
    session = start_session(model, threads)
    kept: list[tuple[Sample, Form]] = []
    parts: list[NDArray[np.float16]] = []
    with Progress("features of views", len(plan)) as progress:
        for shard in _shards(plan):
            path = folder / f"{_digest(shard)}.npz"
            if not path.is_file():
                _extract_shard(shard, session, path, threads)
            with np.load(path) as stored:
                parts.append(stored["values"])
                kept += [(shard[i][0], shard[i][1]) for i in stored["place"]]
            progress.advance(len(shard))
    values = np.concatenate(parts) if parts else np.empty((0, WIDTH), np.float16)
    return Features([i for i, _ in kept], np.asarray([f for _, f in kept], np.str_), values)


def _shards(plan: Plan) -> Iterator[list[tuple[Sample, Form, int]]]:
    rest = iter(plan)
    while shard := list(islice(rest, _SHARD)):
        yield shard


def _extract_shard(shard: Plan, session: InferenceSession, path: Path, threads: int) -> None:
    def one(view: tuple[Sample, Form, int]) -> NDArray[np.uint8] | None:
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
    found = [session.run(None, {"image": network_input(kept[i : i + 4], INPUT)})[0] for i in range(0, len(kept), 4)]
    values = np.concatenate([np.empty((0, WIDTH), np.float32), *found])
    partial = path.with_suffix(".part.npz")
    np.savez(partial, place=np.asarray(place, np.int64), values=values.astype(np.float16))
    partial.replace(path)


def _key(view: tuple[Sample, Form, int]) -> str:
    item, form, number = view
    return json.dumps([item.source, item.split, item.image, item.box, item.mask and item.mask[-80:], form, number])


def _generator(view: tuple[Sample, Form, int]) -> np.random.Generator:
    return np.random.default_rng(np.frombuffer(hashlib.sha256(_key(view).encode()).digest(), np.uint32))


def _digest(shard: Plan) -> str:
    return hashlib.sha256("\n".join(map(_key, shard)).encode()).hexdigest()[:20]
