"""Cache of a manifest's garment pictures, decoded and scaled, as raw bytes on disk.

Pictures are cut and scaled by the functions of the serving side, so training and search see the same pixels.
"""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import RunError, StreetshopError
from streetshop.core.files import atomic_file
from streetshop.core.geometry import Box
from streetshop.core.photo import Photo
from streetshop.core.records import Garment, GarmentPicture
from streetshop.lab.core.parts import InputPart
from streetshop.lab.core.progress import Progress
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.masks import is_path, split_path
from streetshop.lab.data.sample import Sample
from streetshop.looks.picture import garment_picture
from streetshop.models.colour import COLOUR_DIM
from streetshop.models.encoder import picture_colours
from streetshop.models.preprocessing import fit_picture
from streetshop.models.spec import BlockSpec, EncoderSpec, InputSpec

_WAITING, _DONE, _REFUSED = 0, 1, 2
CHUNK = 256


@dataclass(frozen=True, eq=False)
class Pictures:
    """The pictures of a manifest's rows.

    Attributes:
        pixels: (rows, h, w, 3) uint8, a memory map; rows that could not be used are zeros.
        usable: (rows,) bool.
        colours: (rows, COLOUR_DIM) float32 CIELAB blocks, or None where no block needs them.
        refused: reason by row that could not be used.
    """

    pixels: NDArray[np.uint8]
    usable: NDArray[np.bool_]
    colours: NDArray[np.float32] | None
    refused: dict[int, str]


def cutting(part: InputPart) -> EncoderSpec:
    """The encoder spec of a recipe's input, for cutting and scaling only."""
    return EncoderSpec(
        name="lab",
        version="0",
        input=InputSpec(width=part.width, height=part.height, fit=part.fit, background=part.background),
        blocks=(BlockSpec(name="style", dim=2),),
        cut=part.cut,
        margin=part.margin,
        files={"model.onnx": ""},
    )


def row_picture(row: Sample, spec: EncoderSpec) -> GarmentPicture:
    """Decode a sample's photo and cut its garment out. Raises :class:`StreetshopError` when it cannot be used."""
    shorter = min(spec.input.width, spec.input.height)
    whole = row.box is None and row.mask is None
    return cut_garment(row.load_photo(at_least=shorter if whole else None), row, spec)


def cut_garment(photo: Photo, row: Sample, spec: EncoderSpec) -> GarmentPicture:
    """Cut the garment of a sample out of its decoded photo.

    Raises:
        ManifestError: the mask cannot be used.
    """
    box = row.as_box() or Box(0, 0, photo.width, photo.height)
    mask = row.load_mask(photo.width, photo.height)
    if mask is not None:
        box = box.clip(photo.width, photo.height)
        mask = mask[box.slices()]
    return garment_picture(photo, Garment(row.category or "garment", 1.0, box, box.center, mask), spec)


def load_pictures(
    manifest: Manifest, part: InputPart, folder: Path, *, colours: bool = False, threads: int = 2, build: bool = True
) -> Pictures:
    """Load the pictures of all rows from the cache, which is filled first.

    An interrupted run resumes filling. The cache's name is a digest of the settings and of every row's picture (path,
    size, modification time), box and mask (of a file also its size and modification time).

    Args:
        manifest: the rows.
        part: input of the network.
        folder: holds the caches.
        colours: also compute the CIELAB blocks.
        threads: that decode pictures.
        build: False where another process fills the cache: an unfinished one is an error.

    Raises:
        RunError: no picture can be used, or the cache is unfinished.
    """
    rows = list(manifest)
    home = folder / _digest(manifest, rows, part, colours)
    shape = (len(rows), part.height, part.width, 3)
    if build:
        home.mkdir(parents=True, exist_ok=True)
        _fill(rows, part, home, shape, colours, threads)
    if not (home / "state.npy").is_file():
        raise RunError("the picture cache is not there", where=str(home), hint="Start the run again")
    state = np.load(home / "state.npy")
    if (state == _WAITING).any():
        raise RunError("the picture cache is unfinished", where=str(home), hint="Start the run again")
    refused = _read_refused(home)
    if not (state == _DONE).any():
        raise RunError(
            f"none of {len(rows)} pictures can be used; the first: {next(iter(refused.values()), 'no rows')}",
            where=str(manifest.root),
            hint="Check the manifest's root folder",
        )
    return Pictures(
        np.memmap(home / "pixels.raw", np.uint8, "r", shape=shape),
        state == _DONE,
        np.load(home / "colours.npy", mmap_mode="r") if colours else None,
        refused,
    )


def _fill(
    rows: list[Sample],
    part: InputPart,
    home: Path,
    shape: tuple[int, ...],
    colours: bool,
    threads: int,
) -> None:
    state_file = home / "state.npy"
    if not state_file.exists():
        np.memmap(home / "pixels.raw", np.uint8, "w+", shape=shape).flush()
        if colours:
            np.lib.format.open_memmap(home / "colours.npy", "w+", np.float32, (len(rows), COLOUR_DIM)).flush()
        (home / "refused.jsonl").write_text("", encoding="utf-8")
        # Last: when this file exists, the others do.
        with atomic_file(state_file) as partial, partial.open("wb") as array:
            np.save(array, np.zeros(len(rows), np.uint8))
    state = np.load(state_file, mmap_mode="r+")
    waiting = np.flatnonzero(state == _WAITING)
    if not len(waiting):
        return
    pixels = np.memmap(home / "pixels.raw", np.uint8, "r+", shape=shape)
    histograms = np.load(home / "colours.npy", mmap_mode="r+") if colours else None
    spec = cutting(part)

    def one(index: int) -> str | None:
        try:
            picture = row_picture(rows[index], spec)
        except StreetshopError as error:
            return str(error)
        pixels[index] = fit_picture(picture, spec.input)
        if histograms is not None:
            histograms[index] = picture_colours(picture)
        return None

    with ThreadPoolExecutor(threads) as pool, Progress("pictures", len(waiting)) as progress:
        for start in range(0, len(waiting), CHUNK):
            chunk = waiting[start : start + CHUNK]
            reasons = list(pool.map(one, chunk.tolist()))
            pixels.flush()
            if histograms is not None:
                histograms.flush()
            with (home / "refused.jsonl").open("a", encoding="utf-8") as file:
                for index, reason in zip(chunk.tolist(), reasons, strict=True):
                    if reason is not None:
                        file.write(json.dumps([index, reason]) + "\n")
            # After the pixels are on the disk.
            state[chunk] = [_DONE if reason is None else _REFUSED for reason in reasons]
            state.flush()
            progress.advance(len(chunk))


def _read_refused(home: Path) -> dict[int, str]:
    lines = (home / "refused.jsonl").read_text(encoding="utf-8").splitlines()
    return {int(index): str(reason) for index, reason in map(json.loads, lines)}


def _digest(manifest: Manifest, rows: list[Sample], part: InputPart, colours: bool) -> str:
    digest = hashlib.sha256(json.dumps([1, part.model_dump(mode="json"), colours, str(manifest.root)]).encode())
    changed: dict[str, tuple[int, int] | None] = {}

    def stamp(path: str) -> tuple[int, int] | None:
        """Size and modification time; each file is asked once."""
        if path not in changed:
            try:
                found = (manifest.root / path).stat()
                changed[path] = (found.st_size, found.st_mtime_ns)
            except OSError:
                changed[path] = None
        return changed[path]

    for row in rows:
        digest.update(json.dumps([row.image, row.box, row.mask, stamp(row.image)]).encode())
        if row.mask and is_path(row.mask):
            digest.update(json.dumps(stamp(split_path(row.mask)[0])).encode())
    return digest.hexdigest()[:20]
