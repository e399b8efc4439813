"""Measure the searches of a catalog that was made of the Clothing dataset's photos."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

from streetshop.catalog.open import open_catalog
from streetshop.core.errors import DatasetError
from streetshop.lab.data.classes import CLOTHING_LABELS
from streetshop.lab.data.sets import ccp as ccp_set
from streetshop.lab.data.sets import clothing as clothing_set
from streetshop.lab.data.sets.ccp import labelled_names
from streetshop.lab.data.splits import Split
from streetshop.lab.data.tables import find
from streetshop.lab.evaluate.kinds import sections, seek
from streetshop.lab.evaluate.report import Dataset, Report, fingerprint_files
from streetshop.looks import load_reader
from streetshop.models import load_encoder
from streetshop.search import Searcher

_SUMMARY: Final = "Kinds of the products that garments of street photos find."


def measure_search(
    catalog: str,
    data: Path,
    *,
    split: Split = "val",
    reader: Path | None = None,
    encoder: Path | None = None,
    threads: int = 2,
) -> Report:
    """Search a catalog for the garments of street photos with pixel labels.

    Args:
        catalog: of photos of the Clothing dataset; the id of a product is the name of its photo.
        data: the folder that holds both public data sets as ``ccp`` and ``clothing``.
        split: of the street photos.
        reader: bundle; None for the packaged one.
        encoder: bundle; None for the packaged one.
        threads: of the processor.

    Raises:
        DatasetError: a data set is missing, or no product is one of its photos.
        CatalogError: the catalog cannot be used.
    """
    ccp, clothing = data / "ccp", data / "clothing"
    names = labelled_names(ccp, split)
    store = open_catalog(catalog)
    try:
        labels = product_kinds(clothing)
        truth = {id: labels[id] for id in store.ids() if id in labels}
        if not truth:
            raise DatasetError(
                "no product is a photo of the Clothing dataset",
                where=catalog,
                hint="Index a feed whose ids are names of its photos",
            )
        searcher = Searcher(store, load_encoder(encoder, threads=threads), load_reader(reader, threads=threads))
        sought = seek(searcher, ccp, names, truth)
        name, _, version = (searcher.reader.name or "none").rpartition(" ")
    finally:
        store.close()
    photos = [ccp / "photos" / f"{number}.jpg" for number in names]
    return Report(
        name=name or "none",
        version=version,
        kind="search",
        summary=_SUMMARY,
        data=(
            Dataset(
                name="Clothing Co-Parsing",
                use=f"queries: {len(photos)} {split} photos",
                licence=ccp_set.STATED_LICENCE,
                fingerprint=fingerprint_files(photos),
            ),
            Dataset(
                name="Clothing dataset",
                use=f"catalog: {len(truth)} photos with a kind",
                licence=clothing_set.LICENCE,
                fingerprint=fingerprint_files(clothing / "images" / f"{id}.jpg" for id in truth),
            ),
        ),
        measured=f"Garments of {len(photos)} {split} photos, searched among {len(truth)} products with a known kind.",
        sections=sections(sought),
    )


def product_kinds(clothing: Path) -> dict[str, str]:
    """Kind of each photo of the Clothing dataset by its name; photos whose label names no kind are left out."""
    with find(clothing, "images.csv", what="images.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["image"]: CLOTHING_LABELS[row["label"]]
            for row in csv.DictReader(file)
            if row["label"] in CLOTHING_LABELS
        }
