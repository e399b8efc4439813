"""Samples of single garments: what the encoder is trained on and measured on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from streetshop.lab.data.made_pairs import Settings, make_pairs
from streetshop.lab.data.registry import read_dataset
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.sets.ccp import photo_split
from streetshop.lab.data.sets.clothing import read_hand_labels, sender_split
from streetshop.studio import draw_catalog

LEAST_PIXELS: Final = 1500
"""Garments of Clothing Co-Parsing with fewer labelled pixels are left out."""


def pair_samples(
    ccp: Path,
    folder: Path,
    settings: Settings,
    limit: int,
    workers: int,
    progress: Callable[[int, int], None] | None = None,
) -> list[Sample]:
    """Street and shop views of products made from Clothing Co-Parsing; ``source`` is ``pair``.

    The split is that of the photo. Products that wear the cloth of another split's photo are left out.

    Args:
        ccp: root of Clothing Co-Parsing.
        folder: where the views lie; missing ones are made.
        settings: of the made pairs.
        limit: number of products.
        workers: number of processes.
        progress: called with products done and in all.
    """
    manifest = make_pairs(ccp, folder, settings, limit=limit, workers=workers, progress=progress).manifest
    return [
        replace(sample, source="pair", split=photo_split(sample.group))
        for sample in manifest
        if photo_split(sample.label("cloth") or sample.group) == photo_split(sample.group)
    ]


def ccp_samples(ccp: Path) -> list[Sample]:
    """Every garment of Clothing Co-Parsing with pixel labels, shoes and accessories too."""
    return [
        replace(sample, split=photo_split(sample.group))
        for sample in read_dataset("ccp", ccp).manifest
        if sample.mask is not None and sample.attributes["pixels"] >= LEAST_PIXELS
    ]


def clothing_samples(clothing: Path, cutouts: Path | None) -> list[Sample]:
    """Every photo of the Clothing dataset, with its cut-out as mask and its hand label where there are any."""
    labels = read_hand_labels()
    samples = []
    for sample in read_dataset("clothing", clothing).manifest:
        name = Path(sample.image).stem
        cutout = cutouts / f"{name}.png" if cutouts else None
        samples.append(
            replace(
                sample,
                split=sender_split(sample.group),
                mask=str(cutout.resolve()) if cutout and cutout.is_file() else None,
                product_id=f"clothing-{name}",
                category="" if sample.category == "Other" else sample.category,
                attributes=labels.get(name, {}),
            )
        )
    return samples


def studio_samples(
    folder: Path,
    products: int,
    seed: int,
    size: int,
    workers: int,
    progress: Callable[[int, int], None] | None = None,
) -> list[Sample]:
    """Packshots and fronts of drawn products with exact labels, all training samples.

    Families of one: attributes are drawn independently of each other. Two shots of a product share a ``group`` and have
    no ``product_id``.

    Args:
        folder: where the drawings lie; missing ones are drawn.
        products: number of products.
        seed: of the drawings.
        size: side of a picture in pixels.
        workers: number of processes.
        progress: called with pictures done and in all.
    """
    draw_catalog(
        folder,
        products,
        seed,
        workers,
        size,
        progress,
        shots=("packshot", "front"),
        family=1,
    )
    return [
        replace(
            sample,
            split="train",
            group=sample.product_id,
            product_id="",
            attributes={
                "kind": sample.category,
                "colour": sample.attributes["base_colour"],
                "pattern": sample.attributes["pattern"],
            },
        )
        for sample in read_dataset("studio", folder).manifest
        if sample.attributes["main"]
    ]
