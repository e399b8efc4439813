"""The encoder to start from: ImageNet features and their principal components, nothing trained on fashion.

Style is the backbone's mean-pooled features, centred and projected to their principal components; colour is the CIELAB
histogram of the serving side. The components are fitted on the pictures given, without any labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from streetshop.core.errors import DatasetError, PhotoError, UsageError
from streetshop.core.photo import Photo
from streetshop.core.pictures.formats import PICTURE_SUFFIXES
from streetshop.core.records import GarmentPicture
from streetshop.lab.core.devices import Place
from streetshop.lab.core.progress import Progress, say
from streetshop.lab.nets.components import principal_components
from streetshop.lab.nets.pooled import PooledEncoder
from streetshop.lab.train.parts import FitPart
from streetshop.lab.train.recipe import UntrainedRecipe
from streetshop.lab.train.task import Batch, Task
from streetshop.models.preprocessing import fit_picture, network_input
from streetshop.models.spec import InputSpec

INPUT: Final = InputSpec(width=224, height=224, fit="letterbox")
"""What the network is shown."""


class UntrainedTask(Task[UntrainedRecipe, Batch]):
    """A :class:`PooledEncoder` whose projection is fitted in the one stage ``components``."""

    devices = ("cpu", "cuda")
    network: PooledEncoder
    judged: PooledEncoder

    def __init__(self, recipe: UntrainedRecipe, pictures: Sequence[Path], place: Place, *, threads: int = 1) -> None:
        super().__init__(recipe, place, PooledEncoder(recipe.dim).eval())
        self.pictures, self.threads = pictures, threads

    def fit(self, stage: FitPart) -> None:
        """Fit the projection. Raises :class:`UsageError` with too few readable pictures."""
        features = self._features()
        dim = self.recipe.dim
        if len(features) < 2 * dim:
            raise UsageError(
                f"{len(features)} readable pictures are too few for {dim} components", hint=f"Give at least {2 * dim}"
            )
        self.judged.project(*(torch.from_numpy(part) for part in principal_components(features, dim)))

    def _features(self) -> NDArray[np.float32]:
        """Pooled features of every readable picture, prepared as the serving side does."""

        @torch.no_grad()
        def one(path: Path) -> NDArray[np.float32] | None:
            try:
                photo = Photo.from_path(path, at_least=INPUT.width)
            except PhotoError as error:
                say(str(error))
                return None
            image = network_input([fit_picture(GarmentPicture(photo.pixels), INPUT)], INPUT)
            features = self.judged.features(torch.from_numpy(image).to(self.place.device))
            return features[0].cpu().numpy()

        rows = []
        with Progress("features of pictures", len(self.pictures)) as progress, ThreadPoolExecutor(self.threads) as pool:
            for found in pool.map(one, self.pictures):
                if found is not None:
                    rows.append(found)
                progress.advance()
        return np.stack(rows) if rows else np.empty((0, 1), np.float32)


def picture_folders(data: Path, folders: Sequence[str]) -> list[Path]:
    """The folders of ``data``. Raises :class:`DatasetError` when one is missing."""
    found = [data / folder for folder in folders]
    for folder in found:
        if not folder.is_dir():
            raise DatasetError("there is no such folder", where=str(folder), hint="Check --data and folders")
    return found


def find_pictures(folders: Sequence[Path]) -> list[Path]:
    """Every picture below the folders, in a fixed order."""
    return [p for folder in folders for p in sorted(folder.rglob("*")) if p.suffix.lower() in PICTURE_SUFFIXES]
