"""Packshots made of photos of single garments: each alone on a light ground, as a shop shows it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import numpy as np

from streetshop.core.errors import StreetshopError
from streetshop.core.files import output_file
from streetshop.core.photo import Photo
from streetshop.lab.core.progress import Progress, say
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.views import on_plain_ground
from streetshop.looks import PHOTO_SIDE

MARGIN: Final = 0.12
"""Ground that :func:`with_ground` puts around a picture, as a share of its longer side."""


def make_packshots(items: Sequence[Sample], folder: Path, *, threads: int = 1) -> dict[Path, Sample]:
    """Pictures below ``folder``, and the garment that each shows; missing ones are made.

    Garments without a cut-out, and pictures that cannot be read, which are reported, are left out.

    Args:
        items: garments of the Clothing dataset with cut-outs as masks.
        folder: of the pictures.
        threads: of the processor.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shown = {folder.resolve() / f"{Path(item.image).stem}.png": item for item in items if item.mask}
    missing = [(path, item) for path, item in shown.items() if not path.is_file()]
    with Progress("packshots made", len(missing)) as progress, ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(lambda one: _make(*one), missing):
            progress.advance()
    return {path: item for path, item in shown.items() if path.is_file()}


def _make(path: Path, item: Sample) -> None:
    try:
        photo = Photo.from_path(item.root / item.image, at_least=PHOTO_SIDE)
        mask = item.load_mask(photo.width, photo.height)
    except StreetshopError as error:
        say(str(error))
        return
    if mask is None or not mask.any():
        return
    picture, _ = on_plain_ground(photo, mask, np.random.default_rng(list(item.image.encode())))
    with output_file(path) as partial:
        picture.image().save(partial, "PNG", compress_level=1)


def with_ground(photo: Photo) -> Photo:
    """The picture with white ground around it.

    A shop picture that its garment fills to the edges leaves no room for the margin of the garment's box, and the
    missing margin tells it from packshots that have one.
    """
    rim = round(MARGIN * max(photo.pixels.shape[:2]))
    return Photo.from_array(np.pad(photo.pixels, ((rim, rim), (rim, rim), (0, 0)), constant_values=255))
