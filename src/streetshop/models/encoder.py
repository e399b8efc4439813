"""The encoder: a garment picture to a vector of named unit blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streetshop.core.errors import BundleDamaged, VectorError
from streetshop.core.records import Block, GarmentPicture
from streetshop.models import colour
from streetshop.models.folder import open_bundle
from streetshop.models.preprocessing import fit_picture, mask_image, network_input
from streetshop.models.session import start_session, thread_count
from streetshop.models.spec import EncoderSpec, fingerprint

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Side = Literal["street", "shop"]
"""Where a picture comes from; it matters to two-stream encoders only."""

MAX_BATCH: Final = 4
"""Largest batch of one run. Feature maps of larger batches do not fit the processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A picture ready for the network.

    Attributes:
        pixels: (height, width, 3 or 4) uint8.
        computed: blocks that do not come from the network, by name.
        group: whose encoder it is for; empty where one encodes everything.
    """

    pixels: NDArray[np.uint8]
    computed: dict[str, NDArray[np.float32]]
    group: str = ""


class Encoder:
    """An encoder bundle, ready to run. Calls are safe from several threads.

    Attributes:
        spec: its ``bundle.json``.
        name: ``name version``.
        fingerprint: two encoders of one fingerprint give the same vectors.
        blocks: name, length and default weight of each part of a vector, in order.
        dim: length of a vector.
        threads: of all runs together.
    """

    grouped = False
    """Whether only vectors of one group of kinds compare, see :mod:`streetshop.models.groups`."""
    name: str
    fingerprint: str
    blocks: tuple[Block, ...]
    dim: int
    threads: int

    def __init__(self, folder: Path, *, threads: int | None = None) -> None:
        spec = open_bundle(folder, EncoderSpec)
        self.folder = folder
        self.spec = spec
        self.name = f"{spec.name} {spec.version}"
        self.fingerprint = fingerprint(spec)
        self.blocks = tuple(Block(block.name, block.dim, block.weight) for block in spec.blocks)
        self.dim = sum(block.dim for block in spec.blocks)
        self._outputs = [block.name for block in spec.blocks if block.source == "output"]
        self.threads = thread_count(threads)
        self._sessions = self._start_sides(self.threads)
        # Two pictures in parallel with one thread each take less time than one after the other with two threads.
        self._side_by_side = self._start_sides(1) if self.threads > 1 else self._sessions
        self._pool = ThreadPoolExecutor(self.threads) if self.threads > 1 else None

    def _start_sides(self, threads: int) -> dict[Side, InferenceSession]:
        street = self._start(self.spec.model, threads)
        return {
            "street": street,
            "shop": self._start(self.spec.shop_model, threads) if self.spec.shop_model else street,
        }

    def _start(self, file: str, threads: int | None) -> InferenceSession:
        session = start_session(self.folder / file, threads)
        missing = set(self._outputs) - {output.name for output in session.get_outputs()}
        if missing or len(session.get_inputs()) != 1:
            raise BundleDamaged(
                f"the network lacks the outputs {sorted(missing)}"
                if missing
                else "the network needs exactly one input",
                where=str(self.folder / file),
                hint="Export the bundle again",
            )
        for block in self.spec.blocks:
            if block.source == "cielab" and block.dim != colour.COLOUR_DIM:
                raise BundleDamaged(
                    f"a cielab block has {colour.COLOUR_DIM} numbers, not {block.dim}", where=str(self.folder)
                )
        return session

    def group_of(self, kind: str) -> str:
        """Return the group of a kind; empty where one network encodes everything."""
        return ""

    def prepare(self, picture: GarmentPicture, kind: str = "") -> Prepared:
        """Do the work that needs no network: fit the picture and compute the blocks of its pixels.

        Args:
            picture: of a garment.
            kind: of the garment; an encoder with groups chooses by it.
        """
        computed = {block.name: picture_colours(picture) for block in self.spec.blocks if block.source == "cielab"}
        return Prepared(fit_picture(picture, self.spec.input), computed)

    def encode(self, prepared: Sequence[Prepared], *, side: Side = "street") -> NDArray[np.float32]:
        """Encode pictures. A vector does not depend on what else is in the batch.

        Returns:
            (n, dim) float32, every block of unit length.

        Raises:
            VectorError: the network gives NaN, infinity or a zero block.
        """
        if not prepared:
            return np.empty((0, self.dim), np.float32)
        if len(prepared) == 1 or self._pool is None:
            session = self._sessions[side]
            return np.concatenate([self._run(batch, session) for batch in _batches(prepared, MAX_BATCH)])
        session = self._side_by_side[side]
        size = min(MAX_BATCH, -(-len(prepared) // self.threads))
        return np.concatenate(list(self._pool.map(lambda batch: self._run(batch, session), _batches(prepared, size))))

    def _run(self, batch: Sequence[Prepared], session: InferenceSession) -> NDArray[np.float32]:
        outputs: dict[str, NDArray[np.float32]] = {}
        if self._outputs:
            tensor = network_input([item.pixels for item in batch], self.spec.input)
            values = session.run(self._outputs, {session.get_inputs()[0].name: tensor})
            outputs = dict(zip(self._outputs, values, strict=True))
        vectors = np.empty((len(batch), self.dim), np.float32)
        start = 0
        for block in self.spec.blocks:
            if block.source == "output":
                part = np.asarray(outputs[block.name], np.float32)
                if part.shape != (len(batch), block.dim):
                    raise VectorError(
                        f"block {block.name} has shape {part.shape}, expected {(len(batch), block.dim)}",
                        where=str(self.folder),
                        hint="Export the bundle again",
                    )
            else:
                part = np.stack([item.computed[block.name] for item in batch])
            vectors[:, start : start + block.dim] = _unit(part, block.name)
            start += block.dim
        return vectors


def _batches(prepared: Sequence[Prepared], size: int) -> Iterator[Sequence[Prepared]]:
    return (prepared[i : i + size] for i in range(0, len(prepared), size))


def _unit(part: NDArray[np.float32], name: str) -> NDArray[np.float32]:
    norm = np.linalg.norm(part, axis=1, keepdims=True)
    if not np.isfinite(norm).all() or (norm < 1e-12).any():
        raise VectorError(
            f"the encoder gave a zero or not finite {name} block", hint="Check the model; pictures cannot cause this"
        )
    unit: NDArray[np.float32] = part / norm
    return unit


def picture_colours(picture: GarmentPicture) -> NDArray[np.float32]:
    """Return the CIELAB block of a garment picture, (COLOUR_DIM,) float32 of unit length."""
    size = (colour.SIDE, colour.SIDE)
    pixels = np.asarray(Image.fromarray(picture.pixels).resize(size, Image.Resampling.BOX))
    if picture.mask is None:
        return colour.colour_block(pixels)
    mask = np.asarray(mask_image(picture).resize(size, Image.Resampling.BOX)).astype(np.float32) / np.float32(255)
    return colour.colour_block(pixels, mask)
