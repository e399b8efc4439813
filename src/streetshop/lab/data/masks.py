"""Masks of manifests, and COCO's run-length encoding.

The ``mask`` of a row is one of

- ``folder/0001.png``: a picture of the photo's size; every pixel that is not 0 belongs to the garment;
- ``folder/0001.png#14`` or ``folder/0001.mat#14``: a picture, or a MATLAB array ``groundtruth``, of label ids; the
  pixels with that id belong to it;
- ``{"size": [h, w], "counts": ...}``: COCO run lengths, as a compressed string or as a list of numbers;
- ``[[x, y, x, y, ...], ...]``: polygons in pixels, joined.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streetshop.core.errors import ManifestError
from streetshop.core.geometry import Mask


def load_mask(mask: str, root: Path, width: int, height: int) -> Mask:
    """Load the (height, width) mask of a sample.

    Args:
        mask: path or JSON, see the module.
        root: folder that a path is relative to.
        width: of the picture.
        height: of the picture.

    Raises:
        ManifestError: the mask is malformed, its file is missing, or it is not of the picture's size.
    """
    if not is_path(mask):
        try:
            value = json.loads(mask)
        except ValueError:
            raise ManifestError("a mask is no JSON", where=mask[:60]) from None
        found = decode_rle(value) if isinstance(value, dict) else polygons_to_mask(value, width, height)
    else:
        path, label = split_path(mask)
        if label and not label.isdigit():
            raise ManifestError(f"a mask's label {label!r} is no number", where=mask[:60])
        labels = load_labels(root / path)
        found = labels == int(label) if label else labels != 0
    if found.shape != (height, width):
        raise ManifestError(
            f"the mask is {found.shape[1]} x {found.shape[0]} and the picture {width} x {height}", where=mask[:60]
        )
    return found


def is_path(mask: str) -> bool:
    """Whether a mask is a file and not JSON."""
    return mask[:1] not in ("{", "[")


def split_path(mask: str) -> tuple[str, str]:
    """Path and label of a mask that is a file; the label is ``""`` where it has none."""
    path, _, label = mask.partition("#")
    return path, label


def load_labels(path: Path) -> NDArray[np.uint8]:
    """(h, w) label ids from a PNG or from the array ``groundtruth`` of a MATLAB file. Raises :class:`ManifestError`."""
    try:
        if path.suffix == ".mat":
            from scipy.io import loadmat

            labels = np.asarray(loadmat(path)["groundtruth"])
        else:
            with Image.open(path) as picture:
                labels = np.asarray(picture)
    except FileNotFoundError:
        raise ManifestError("the mask file is missing", where=str(path), hint="Check the root folder") from None
    except Exception as error:  # loadmat passes on errors of zlib and struct
        raise ManifestError(f"the mask file is unreadable ({error})", where=str(path)) from None
    if labels.ndim != 2:
        raise ManifestError(f"label ids of shape {labels.shape} are no mask", where=str(path), hint="Expected (h, w)")
    return labels.astype(np.uint8)


def polygons_to_mask(polygons: Sequence[Sequence[float]], width: int, height: int) -> Mask:
    """Rasterise polygons ``[x, y, x, y, ...]`` to a (height, width) mask.

    A pixel is set if its centre lies inside a polygon by the even-odd rule. The mask is the union of all polygons; ones
    with fewer than three corners are empty.
    """
    painted = np.zeros((height, width), dtype=np.bool_)
    for polygon in polygons:
        if len(polygon) < 6:
            continue
        corners = np.asarray(polygon[: len(polygon) // 2 * 2], dtype=np.float64).reshape(-1, 2)
        x0, y0 = corners.T
        x1, y1 = np.roll(corners, -1, axis=0).T
        inside = np.zeros_like(painted)
        first = max(int(np.ceil(y0.min() - 0.5)), 0)
        for row in range(first, min(int(np.ceil(y0.max() - 0.5)), height)):
            y = row + 0.5
            crossed = (y0 <= y) != (y1 <= y)  # half-open: a corner on the line counts once
            at = x0[crossed] + (y - y0[crossed]) * (x1[crossed] - x0[crossed]) / (y1[crossed] - y0[crossed])
            # A pixel is inside when an odd number of crossings lies left of its centre.
            starts = np.clip(np.ceil(at - 0.5), 0, width).astype(np.intp)
            inside[row] = np.cumsum(np.bincount(starts, minlength=width + 1))[:width] % 2 == 1
        painted |= inside
    return painted


def encode_rle(mask: Mask) -> str:
    """JSON text of COCO's compressed run lengths of a (h, w) mask; equal to that of pycocotools."""
    flat = np.asarray(mask, dtype=np.bool_).ravel(order="F")
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff(np.concatenate(([0], edges, [flat.size]))).tolist()
    if flat.size and flat[0]:
        counts.insert(0, 0)
    return runs_text(counts, *mask.shape)


def runs_text(counts: Sequence[int], height: int, width: int) -> str:
    """JSON text of run lengths, column by column, zeros first."""
    return json.dumps({"size": [height, width], "counts": _pack(counts)})


def decode_rle(rle: Mapping[str, Any]) -> Mask:
    """(h, w) mask of COCO run lengths, compressed or not. Raises :class:`ManifestError` when they are malformed."""
    try:
        height, width = (int(v) for v in rle["size"])
        counts = rle["counts"]
        runs = np.asarray(_unpack(counts) if isinstance(counts, str) else counts, dtype=np.int64)
    except (KeyError, TypeError, ValueError, IndexError):
        raise ManifestError("run lengths need `size` [h, w] and `counts`", where="mask") from None
    if (runs < 0).any() or runs.sum() != height * width:
        raise ManifestError(f"run lengths add up to {runs.sum()}, not {height} x {width}", where="mask")
    flat = np.repeat(np.arange(runs.size) % 2 == 1, runs)
    return flat.reshape((height, width), order="F")


def _pack(counts: Sequence[int]) -> str:
    """Compress run lengths as ``rleToString`` of COCO's maskApi.c.

    LEB128-like: five bits a character from code 48 on, bit 5 marks a continuation. From the fourth run on the
    difference to the run two before is stored.
    """
    letters: list[str] = []
    for i, count in enumerate(counts):
        value = count - counts[i - 2] if i > 2 else count
        more = True
        while more:
            bits = value & 0x1F
            value >>= 5
            more = value != -1 if bits & 0x10 else value != 0
            letters.append(chr((bits | 0x20 if more else bits) + 48))
    return "".join(letters)


def _unpack(text: str) -> list[int]:
    counts: list[int] = []
    position = 0
    while position < len(text):
        value, shift, more = 0, 0, True
        while more:
            code = ord(text[position]) - 48
            if not 0 <= code < 64:
                raise ValueError("no run length")
            value |= (code & 0x1F) << shift
            more = bool(code & 0x20)
            position += 1
            shift += 5
            if not more and code & 0x10:
                value |= -1 << shift
        counts.append(value + counts[-2] if len(counts) > 2 else value)
    return counts
