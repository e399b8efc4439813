"""The data sets that can be read, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from streetshop.core.errors import DatasetError
from streetshop.lab.data.intake import Check, Intake, Reading
from streetshop.lab.data.sets import (
    ccp,
    clothing,
    coco,
    consumer2shop,
    darn,
    deepfashion2,
    fashion144k,
    fashion_products,
    feed,
    inshop,
    lookbook,
    street2shop,
    studio,
)


@dataclass(frozen=True, slots=True)
class Dataset:
    """A data set that can be turned into a manifest.

    Attributes:
        name: of the command line.
        title: full name.
        licence: one line, printed with every reading and kept in the manifest.
        root: the folder or file to give.
        reader: reads the files and adds samples to an intake.
    """

    name: str
    title: str
    licence: str
    root: str
    reader: Callable[[Intake], None]


DATASETS: Final[Mapping[str, Dataset]] = {
    dataset.name: dataset
    for dataset in (
        Dataset("inshop", "DeepFashion In-shop", inshop.LICENCE, "the folder with Anno, Eval, Img", inshop.read),
        Dataset(
            "consumer2shop",
            "DeepFashion Consumer-to-shop",
            consumer2shop.LICENCE,
            "the folder with Anno, Eval, Img",
            consumer2shop.read,
        ),
        Dataset(
            "deepfashion2", "DeepFashion2", deepfashion2.LICENCE, "the folder with train, validation", deepfashion2.read
        ),
        Dataset(
            "street2shop", "Street2Shop", street2shop.LICENCE, "the folder with images, meta, photos", street2shop.read
        ),
        Dataset("lookbook", "LookBook", lookbook.LICENCE, "the flat folder of pictures", lookbook.read),
        Dataset("darn", "DARN, cleaned", darn.LICENCE, "the folder with *_pair.txt", darn.read),
        Dataset(
            "fashion144k", "Fashion144k", fashion144k.LICENCE, "the folder with photos.txt and feat", fashion144k.read
        ),
        Dataset(
            "fashionpedia",
            "Fashionpedia",
            coco.FASHIONPEDIA_LICENCE,
            "the folder with the JSON files and the pictures",
            coco.read_fashionpedia,
        ),
        Dataset(
            "coco",
            "your own boxes in COCO's format",
            coco.OWN_LICENCE,
            "the JSON file, or its folder",
            coco.read_own,
        ),
        Dataset("modanet", "ModaNet", coco.MODANET_LICENCE, "the clone, with pictures in images", coco.read_modanet),
        Dataset(
            "fashion-products",
            "Kaggle fashion-product-images",
            fashion_products.LICENCE,
            "the folder with styles.csv and images",
            fashion_products.read,
        ),
        Dataset("ccp", "Clothing Co-Parsing", ccp.LICENCE, "the folder with photos, annotations", ccp.read),
        Dataset(
            "clothing", "Clothing dataset (Grigorev)", clothing.LICENCE, "the folder with images.csv", clothing.read
        ),
        Dataset("studio", "the studio's drawings", studio.LICENCE, "the folder that the studio wrote", studio.read),
        Dataset("feed", "a shop's own feed", feed.LICENCE, "the feed's file, or a folder of pictures", feed.read),
    )
}


def read_dataset(
    name: str,
    root: str | Path,
    *,
    check: Check = "header",
    progress: Callable[[int], None] | None = None,
) -> Reading:
    """Read the data set ``name`` from ``root``.

    Args:
        name: a key of :data:`DATASETS`.
        root: its folder; of a feed, the file.
        check: ``"header"`` reads the first bytes and the size of every picture, ``"full"`` decodes them all.
        progress: called from time to time with the number of rows read.

    Raises:
        DatasetError: the name is unknown, a file is missing or corrupt, or no row is usable.
    """
    dataset = DATASETS.get(name)
    if dataset is None:
        raise DatasetError(f"there is no data set {name!r}", hint=f"There are {', '.join(DATASETS)}")
    if not Path(root).exists():
        raise DatasetError("there is no such folder", where=str(root), hint=f"Give {dataset.root}")
    intake = Intake(Path(root), check, progress)
    dataset.reader(intake)
    return intake.finish(dataset.name, dataset.licence)
