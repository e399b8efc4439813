"""What a reader is trained and validated on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from streetshop.core.errors import DatasetError
from streetshop.lab.core.progress import say
from streetshop.lab.data.articles import Pictures
from streetshop.lab.data.labelled_photos import LabelledPhoto, load_labelled, load_single, load_tagged
from streetshop.lab.data.sets.ccp import labelled_names, tagged_names
from streetshop.lab.train.public import PublicSets
from streetshop.lab.train.reader_recipe import ReaderRecipe


@dataclass(frozen=True, eq=False)
class ReaderData:
    """Photos in memory.

    Attributes:
        ccp: root of Clothing Co-Parsing.
        samples, val: photos to train and to validate on.
        pictures: of single articles; None without the Clothing dataset.
    """

    ccp: Path
    samples: Sequence[LabelledPhoto]
    val: Sequence[LabelledPhoto]
    pictures: Pictures | None = None

    def articles(self) -> Pictures:
        """Pictures of single articles. Raises :class:`DatasetError` without the Clothing dataset."""
        if self.pictures is None:
            raise DatasetError("no pictures of single articles", hint="Leave out the stage with `fit: articles`")
        return self.pictures


def load_reader_data(recipe: ReaderRecipe, sets: PublicSets) -> ReaderData:
    """Load the photos that a recipe learns from.

    Raises:
        DatasetError: a data set is not what it should be.
    """
    root = sets.ccp
    keypoints = sets.keypoints if recipe.losses.keypoints else None
    samples = load_labelled(root, _labelled(recipe, root), keypoints)
    if any(stage.shares.tagged for stage in recipe.trained):
        samples += load_tagged(root, tagged_names(root), keypoints)
    pictures = None
    if recipe.needs_clothing:
        pictures = Pictures(root, sets.clothing, sets.cutouts)
        points = sets.clothing_keypoints if recipe.losses.keypoints else None
        samples += load_single(sets.clothing, sets.cutouts, points, limit=recipe.singles)
    val = load_labelled(root, labelled_names(root, "val"), keypoints)
    say(f"{len(samples)} photos to learn from, {len(val)} to validate on")
    return ReaderData(root, samples, val, pictures)


def _labelled(recipe: ReaderRecipe, root: Path) -> list[str]:
    """Numbers of the photos with pixel labels that a recipe may learn from."""
    names = labelled_names(root, "train")
    if recipe.labelled is None:
        return names
    unknown = sorted(set(recipe.labelled) - set(names))
    if unknown:
        raise DatasetError(
            f"{len(unknown)} of the photos in `labelled` are no training photos with pixel labels: {unknown[0]} ...",
            where=str(root),
            hint="Held-out photos never train",
        )
    return [name for name in names if name in set(recipe.labelled)]
