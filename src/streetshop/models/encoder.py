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

from streetshop.core.errors import BundleDamaged, BundleError, VectorError
from streetshop.core.records import Block, GarmentPicture
from streetshop.models import colour
from streetshop.models.folder import SHIPPED, available_cores, read_spec, start_session, verify_files
from streetshop.models.spec import EncoderSpec, InputSpec, fingerprint

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

DEFAULT_ENCODER: Final = SHIPPED / "encoder"
"""The encoder shipped in the package."""

Side = Literal["street", "shop"]
"""Where a picture comes from; only two-stream encoders treat the two differently."""

MAX_BATCH: Final = 4
"""More pictures are run in several batches: the maps of 32 leave the processor's cache and took a fifth longer each."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A picture ready for the network: (height, width, 3 or 4) uint8, and the blocks computed beside the network."""

    pixels: NDArray[np.uint8]
    computed: dict[str, NDArray[np.float32]]


class Encoder:
    """An encoder bundle, ready to run. Calls are safe from several threads.

    Attributes:
        spec: its ``bundle.json``.
        name: ``name version``.
        fingerprint: two encoders of one fingerprint give the same vectors.
        blocks: name, length and default weight of each part of a vector, in order.
        dim: length of a vector.
    """

    def __init__(self, folder: Path, *, threads: int | None = None) -> None:
        spec = read_spec(folder)
        if not isinstance(spec, EncoderSpec):
            raise BundleError(
                f"this is a {spec.kind} bundle, not an encoder", where=str(folder), hint="Give an encoder bundle"
            )
        verify_files(folder, spec)
        self.folder = folder
        self.spec = spec
        self.name = f"{spec.name} {spec.version}"
        self.fingerprint = fingerprint(spec)
        self.blocks = tuple(Block(block.name, block.dim, block.weight) for block in spec.blocks)
        self.dim = sum(block.dim for block in spec.blocks)
        self._outputs = [block.name for block in spec.blocks if block.source == "output"]
        self.threads = threads or available_cores()
        self._sessions = self._start_sides(self.threads)
        # Two pictures side by side, a thread each, take less time than one after the other on two threads.
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

    def prepare(self, picture: GarmentPicture) -> Prepared:
        """The part of the work that needs no network: scaling, and the blocks computed from pixels."""
        computed = {block.name: picture_colours(picture) for block in self.spec.blocks if block.source == "cielab"}
        return Prepared(fit_picture(picture, self.spec.input), computed)

    def encode(self, prepared: Sequence[Prepared], *, side: Side = "street") -> NDArray[np.float32]:
        """(n, dim) float32 vectors, every block of unit length; each the same whatever else is in the batch.

        Raises :class:`VectorError` when the network gives NaN, infinity or a zero block.
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


def fit_picture(picture: GarmentPicture, geometry: InputSpec) -> NDArray[np.uint8]:
    """(height, width, 3) pixels of the network's size; (height, width, 4) with the mask where it takes one."""
    canvas = _fit(Image.fromarray(picture.pixels), geometry, Image.Resampling.BICUBIC, geometry.background)
    pixels = np.asarray(canvas)
    if geometry.mask_channel:
        layer = np.asarray(_fit(_mask_image(picture), geometry, Image.Resampling.BILINEAR, 0))
        pixels = np.concatenate([pixels, layer[..., None]], axis=2)
    return pixels


def network_input(pixels: Sequence[NDArray[np.uint8]], geometry: InputSpec) -> NDArray[np.float32]:
    """(n, channels, height, width) float32: (height, width, channels) pictures stacked, centred and scaled."""
    stacked = np.stack(pixels).transpose(0, 3, 1, 2)
    mean, std = list(geometry.mean), list(geometry.std)
    if geometry.mask_channel:
        mean, std = [*mean, 0.0], [*std, 255.0]
    tensor = np.empty(stacked.shape, np.float32)
    for channel in range(stacked.shape[1]):
        np.multiply(stacked[:, channel], np.float32(1 / std[channel]), out=tensor[:, channel])
        tensor[:, channel] -= np.float32(mean[channel] / std[channel])
    return tensor


def load_encoder(folder: Path | None = None, *, threads: int | None = None) -> Encoder:
    """Load and verify an encoder bundle.

    Args:
        folder: the bundle; None for the one shipped in the package.
        threads: of one run of the network; None for one per core.
    """
    return Encoder(folder or DEFAULT_ENCODER, threads=threads)


def _unit(part: NDArray[np.float32], name: str) -> NDArray[np.float32]:
    norm = np.linalg.norm(part, axis=1, keepdims=True)
    if not np.isfinite(norm).all() or (norm < 1e-12).any():
        raise VectorError(
            f"the encoder gave a zero or not finite {name} block", hint="Check the model; pictures cannot cause this"
        )
    unit: NDArray[np.float32] = part / norm
    return unit


def _fit(
    image: Image.Image,
    geometry: InputSpec,
    resampling: Image.Resampling,
    background: tuple[int, int, int] | int,
) -> Image.Image:
    size = (geometry.width, geometry.height)
    if geometry.fit == "stretch":
        return image.resize(size, resampling)
    ratio = min(size[0] / image.width, size[1] / image.height)
    inner = (max(round(image.width * ratio), 1), max(round(image.height * ratio), 1))
    canvas = Image.new(image.mode, size, background)
    canvas.paste(image.resize(inner, resampling), ((size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2))
    return canvas


def _mask_image(picture: GarmentPicture) -> Image.Image:
    """The mask as 8-bit grey; all garment where nothing cut it out."""
    if picture.mask is None:
        return Image.new("L", (picture.pixels.shape[1], picture.pixels.shape[0]), 255)
    return Image.fromarray((picture.mask * 255).round().astype(np.uint8))


def picture_colours(picture: GarmentPicture) -> NDArray[np.float32]:
    """The cielab block of a garment picture, (COLOUR_DIM,) float32 of unit length."""
    size = (colour.SIDE, colour.SIDE)
    pixels = np.asarray(Image.fromarray(picture.pixels).resize(size, Image.Resampling.BOX))
    if picture.mask is None:
        return colour.colour_block(pixels)
    mask = np.asarray(_mask_image(picture).resize(size, Image.Resampling.BOX)).astype(np.float32) / np.float32(255)
    return colour.colour_block(pixels, mask)
